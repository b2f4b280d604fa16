"""Issuers: the identities that Ssoko shows service providers, and the keys behind them."""

from ssoko.schemas import dump
from ssoko.services.issuers import issuers, rotation
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/issuers", query=inputs.PageQuery)
def list_all(call: Call) -> dump.Json:
    """List issuers, those of one application and the shared ones."""
    found = issuers.list_issuers(call.scope, **call.query)
    return dump.page(found, dump.issuer)


@endpoint("POST", "/issuers", scope="admin", body=inputs.NewIssuer, created=True)
def create(call: Call) -> Created:
    """Create an issuer that several applications may share."""
    made = issuers.create_issuer(call.scope, **call.body)
    return Created(dump.issuer(made), f"/issuers/{made.id}")


@endpoint("GET", "/issuers/<id:issuer>")
def show(call: Call, issuer: str) -> dump.Json:
    """Read one issuer."""
    return dump.issuer(issuers.get_issuer(call.scope, issuer))


@endpoint("GET", "/issuers/<id:issuer>/keys")
def keys(call: Call, issuer: str) -> dump.Json:
    """List the keys: active, next, then the retired ones."""
    found = rotation.list_keys(call.scope, issuer)
    return dump.whole(found, dump.key)


@endpoint("POST", "/issuers/<id:issuer>/keys", scope="admin", body=inputs.NewKey, created=True)
def create_key(call: Call, issuer: str) -> Created:
    """Make the next key; its certificate is in the metadata at once."""
    made = rotation.create_next(call.scope, issuer, **call.body)
    return Created(dump.key(made), f"/issuers/{issuer}/keys")


@endpoint("POST", "/issuers/<id:issuer>/keys/<id:key>/activate", scope="admin")
def activate_key(call: Call, issuer: str, key: str) -> dump.Json:
    """Sign with this key: the next one, or an earlier one that is still published."""
    done = rotation.activate(call.scope, issuer, key)
    return dump.key(done)


@endpoint("POST", "/issuers/<id:issuer>/keys/<id:key>/retire", scope="admin")
def retire_key(call: Call, issuer: str, key: str) -> dump.Json:
    """Take a retired key out of the metadata for good."""
    return dump.key(rotation.retire(call.scope, issuer, key))


@endpoint("DELETE", "/issuers/<id:issuer>/keys/<id:key>", scope="admin")
def discard_key(call: Call, issuer: str, key: str) -> None:
    """Discard the next key."""
    rotation.discard(call.scope, issuer, key)
