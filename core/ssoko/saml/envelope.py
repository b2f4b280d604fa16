"""Check what every SAML message has: name, version, Issuer, IssueInstant and Destination."""

from lxml import etree

from ssoko.saml import names
from ssoko.saml.refusals import message_refused
from ssoko.saml.xml import text_of

_ISSUER = f"{{{names.NS_SAML}}}Issuer"
_SAMLP = f"{{{names.NS_SAMLP}}}"


def check_root(root: etree._Element, name: str) -> None:
    """Require the root ``samlp:<name>`` with version 2.0."""
    if root.tag != f"{_SAMLP}{name}":
        raise message_refused(
            "wrong-message",
            f"This is not a SAML 2.0 {name}.",
            received=root.tag,
            expected=f"{_SAMLP}{name}",
            fix="Check that the service provider uses SAML 2.0 and sends this message to this URL.",
        )
    if root.get("Version") != names.VERSION:
        raise message_refused(
            "wrong-version",
            "The message does not use SAML 2.0.",
            received=root.get("Version", ""),
            expected=names.VERSION,
            source="SAML core, section 3.2.1",
        )


def required_issuer(root: etree._Element) -> str:
    """Return the entity ID in Issuer.

    :raises MessageRefused: when it is missing or has another format.
    """
    issuer = next(root.iterchildren(_ISSUER), None)
    text = text_of(issuer)
    name_format = names.NAMEID_ENTITY if issuer is None else issuer.get("Format")
    if not text or name_format not in (None, names.NAMEID_ENTITY, names.NAMEID_UNSPECIFIED):
        raise message_refused(
            "issuer-missing",
            "The message has no Issuer.",
            received=text or "no Issuer",
            expected="an Issuer with the entity ID of the service provider",
            source="SAML profiles, section 4.1.4.1",
        )
    return text


def check_freshness(issue_instant: int, *, now: int, max_age: int, skew: int) -> None:
    """Refuse a message that is older than *max_age* seconds or more than *skew* seconds ahead."""
    age = now - issue_instant
    if -skew <= age <= max_age:
        return
    raise message_refused(
        "not-fresh",
        "The message is too old, or the sender's clock is wrong. Start again at the application.",
        received=f"{abs(age)} seconds {'ago' if age > 0 else 'ahead'}",
        expected=f"at most {max_age} seconds ago or {skew} seconds ahead",
        source="SAML core, section 3.2.1 (IssueInstant)",
        fix="Synchronize the clock of the service provider with NTP.",
    )


def check_destination(destination: str | None, *, expected: str, required: bool) -> None:
    """Refuse a message for another endpoint, or one without a Destination when it is *required*."""
    if destination == expected or (not destination and not required):
        return
    raise message_refused(
        "wrong-destination" if destination else "destination-missing",
        "The message is meant for another URL."
        if destination
        else "The signed message has no Destination.",
        received=destination or "",
        expected=expected,
        source="SAML bindings, sections 3.4.5.2 and 3.5.5.2",
        fix="Copy the current Login Endpoint of this application to the service provider.",
    )
