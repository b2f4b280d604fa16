"""How a change of a service provider weakens the security of sign-ins.

Such a change is recorded when an admin chooses it, never because a plugin proposes it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ssoko.services.applications.overrides import WEAK_METHODS


def caution(name: str, was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return how the new value of one field weakens security; empty when it does not.

    :param was: the recorded service provider as JSON; ``new`` the proposed one.
    """
    before, after = was[name], new[name]
    if before == after:
        return ""
    if name in _SWITCHED_OFF:
        return _SWITCHED_OFF[name] if before and not after else ""
    describe = _CAUTIONS.get(name)
    return describe(was, new) if describe else ""


_SWITCHED_OFF = {
    "sign_response": "The response would no longer be signed",
    "sign_assertion": "The assertion would no longer be signed",
    "require_signed_requests": "Unsigned requests would be accepted",
    "encrypt_assertions": "Assertions would no longer be encrypted",
}


def _other_name_id(_: Mapping[str, Any], __: Mapping[str, Any]) -> str:
    return "Users would have another NameID at the vendor, which may not recognize them"


def _additional_acs_url(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    more = [url for url in new["acs_urls"] if url not in was["acs_urls"]]
    return f"Responses could be sent to another URL: {', '.join(more)}" * bool(more)


def _additional_acs_index(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    more = [url for _, url in new["acs_indexes"] if url not in was["acs_urls"]]
    return "Responses could be sent to another URL" * bool(more)


def _weaker_method(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    weaker = new["encryption_method"] in WEAK_METHODS - {was["encryption_method"]}
    return "CBC doesn't detect tampering" * weaker


def _other_signer(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if not was["certificates"]:
        return ""
    if not new["certificates"]:
        return "No certificate would be left to verify the SP's signatures"
    more = set(new["certificates"]) - set(was["certificates"])
    return "Another key could sign as this SP" * bool(more)


def _other_start(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    switched_on = new["idp_initiated"] and not was["idp_initiated"]
    return "A link could start a sign-in" * bool(switched_on)


def _other_reader(was: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    return "Another key, or none, could decrypt the assertions" * bool(was["encrypt_assertions"])


_CAUTIONS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "name_id_format": _other_name_id,
    "name_id_source": _other_name_id,
    "acs_urls": _additional_acs_url,
    "acs_indexes": _additional_acs_index,
    "encryption_method": _weaker_method,
    "certificates": _other_signer,
    "idp_initiated": _other_start,
    "encryption_certificates": _other_reader,
}


#: Fields that are recorded together or not at all, because they depend on each other.
_TOGETHER = (
    frozenset({"acs_urls", "acs_indexes"}),
    frozenset({"name_id_format", "name_id_source"}),
    frozenset(
        {"require_signed_requests", "encrypt_assertions", "certificates", "encryption_certificates"}
    ),
)


def without_weakening(
    recorded: Mapping[str, Any],
    base: Mapping[str, Any],
    *,
    unreviewed: Collection[str],
    chosen: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a service provider whose weakening fields are as recorded, except those chosen.

    The entity ID identifies the service provider, so it counts as weakening.

    :param base: the service provider as it would be recorded.
    :param unreviewed: the fields in which a plugin's update waits for a review.
    :param chosen: the settings that an admin changes, as the form's schema loads them.
    """
    weakening = {
        name
        for name in base
        if name in unreviewed
        and (name == "entity_id" or caution(name, recorded, base))
        and base[name] != recorded[name]
        and not _is_chosen(name, recorded, base, chosen)
    }
    for group in _TOGETHER:
        if weakening & group:
            weakening |= group
    return {**base, **{name: recorded[name] for name in weakening}}


def _is_chosen(
    name: str, was: Mapping[str, Any], new: Mapping[str, Any], chosen: Mapping[str, Any]
) -> bool:
    """Return whether an admin entered the value itself, rather than the plugin deriving it."""
    value = new[name]
    if isinstance(value, bool) or value in ("", []):
        return name in chosen and (chosen[name] is value or (not value and not chosen[name]))
    entered = set(_texts(chosen))
    if name == "acs_indexes":
        return {url for _, url in value} <= entered | set(was["acs_urls"])
    if isinstance(value, list):
        return set(value) - set(was[name]) <= entered
    return value in entered


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
