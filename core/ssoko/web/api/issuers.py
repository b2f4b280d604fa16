"""Issuers: the identities that Ssoko shows service providers."""

from ssoko.services import issuers
from ssoko.web.api import render, schemas
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/issuers", query=schemas.PageQuery)
def list_all(call: Call) -> render.Json:
    """List issuers, those of one application and the shared ones."""
    found = issuers.list_issuers(call.services, call.workspace.id, **call.query)
    return render.page(found, render.issuer)


@endpoint("POST", "/issuers", scope="admin", body=schemas.NewIssuer, created=True)
def create(call: Call) -> Created:
    """Create an issuer that several applications may share."""
    made = issuers.create_issuer(call.services, call.workspace.id, call.actor, **call.body)
    return Created(render.issuer(made), f"/issuers/{made.id}")


@endpoint("GET", "/issuers/<id:issuer>")
def show(call: Call, issuer: str) -> render.Json:
    """Read one issuer."""
    return render.issuer(issuers.get_issuer(call.services, call.workspace.id, issuer))
