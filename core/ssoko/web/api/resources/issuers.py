"""Issuers and their signing keys."""

from ssoko.schemas.issuers import IssuerSchema, KeySchema
from ssoko.schemas.output import complete, page_of
from ssoko.services.issuers import issuers, rotation
from ssoko.services.issuers.issuers import IssuerView
from ssoko.services.issuers.rotation import KeyView
from ssoko.store.paging import Page
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/issuers", query=inputs.PageQuery, returns=page_of(IssuerSchema))
def list_all(call: Call) -> Page[IssuerView]:
    """List the issuers: shared ones and those of a single application."""
    return issuers.list_issuers(call.scope, **call.query)


@endpoint(
    "POST", "/issuers", scope="admin", body=inputs.NewIssuer, returns=IssuerSchema, created=True
)
def create(call: Call) -> Created:
    """Create an issuer that several applications can use."""
    issuer = issuers.create_issuer(call.scope, **call.body)
    return Created(issuer, f"/issuers/{issuer.id}")


@endpoint("GET", "/issuers/<id:issuer>", returns=IssuerSchema)
def show(call: Call, issuer: str) -> IssuerView:
    """Return an issuer."""
    return issuers.get_issuer(call.scope, issuer)


@endpoint("GET", "/issuers/<id:issuer>/keys", query=inputs.PartQuery, returns=page_of(KeySchema))
def keys(call: Call, issuer: str) -> Page[KeyView]:
    """List the signing keys of an issuer: active, next, then retired."""
    return complete(rotation.list_keys(call.scope, issuer))


@endpoint(
    "POST",
    "/issuers/<id:issuer>/keys",
    scope="admin",
    body=inputs.NewKey,
    returns=KeySchema,
    created=True,
    errors=(409,),
)
def create_key(call: Call, issuer: str) -> Created:
    """Create the next key. The metadata has its certificate immediately."""
    key = rotation.create_next(call.scope, issuer, **call.body)
    return Created(key, f"/issuers/{issuer}/keys")


@endpoint(
    "POST",
    "/issuers/<id:issuer>/keys/<id:key>/activate",
    scope="admin",
    returns=KeySchema,
    errors=(409,),
)
def activate_key(call: Call, issuer: str, key: str) -> KeyView:
    """Sign with the next key, or again with a retired key that is still published."""
    return rotation.activate(call.scope, issuer, key)


@endpoint(
    "POST",
    "/issuers/<id:issuer>/keys/<id:key>/retire",
    scope="admin",
    returns=KeySchema,
    errors=(409,),
)
def retire_key(call: Call, issuer: str, key: str) -> KeyView:
    """Remove the certificate of a retired key from the metadata permanently."""
    return rotation.retire(call.scope, issuer, key)


@endpoint("DELETE", "/issuers/<id:issuer>/keys/<id:key>", scope="admin", errors=(409,))
def discard_key(call: Call, issuer: str, key: str) -> None:
    """Delete the next key."""
    rotation.discard(call.scope, issuer, key)
