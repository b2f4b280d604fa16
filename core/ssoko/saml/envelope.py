"""Read what every SAML message has: name, version, ID, Issuer, IssueInstant and Destination.

Messages are not validated against the schema of the specification: real service providers write
IDs with a digit first, ``False``, attributes of their own and children in another order, and
mean one thing by it. What has two meanings, or may ask for something that Ssoko would not do, is a
fault: a child that occurs twice or is unknown, and a value that cannot be read.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from lxml import etree

from ssoko.saml import names
from ssoko.saml.refusals import message_refused
from ssoko.saml.xml import text_of

_ISSUER = f"{{{names.NS_SAML}}}Issuer"
_SAMLP = f"{{{names.NS_SAMLP}}}"
_ISSUER_FORMATS = (names.NAMEID_ENTITY, names.NAMEID_UNSPECIFIED)
_ID = re.compile(r"""[^\s<>&"']{1,1024}""")
_OWN_NAMESPACES = (None, names.NS_SAML, names.NS_SAMLP, names.NS_DS)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(slots=True)
class Parts:
    """The children of a message by tag, and the faults that were found while reading it.

    :param faults: descriptions of parts with no meaning or with two.
    """

    children: dict[str, etree._Element]
    faults: list[str] = field(default_factory=list)

    def get(self, tag: str) -> etree._Element | None:
        """Return the only child with a tag."""
        return self.children.get(tag)

    def boolean(self, root: etree._Element, name: str) -> bool:
        """Return an attribute, in any spelling; a missing or empty one is false."""
        text = root.get(name, "").strip()
        value = _BOOLEANS.get(text.lower())
        if value is None:
            self.faults.append(f'{name}="{text}"')
        return bool(value)


def read_parts(
    root: etree._Element,
    known: Collection[str],
    *,
    attributes: Collection[str],
    repeated: str = "",
) -> Parts:
    """Return the children of a message, in any order.

    Elements and attributes of other namespaces, and attributes that SAML does not have, are
    ignored, except for names that differ from one of SAML's in case only.

    :param known: the tags that the message can have, each once.
    :param attributes: the names of the attributes that are read.
    :param repeated: the tag that can occur any number of times.
    """
    parts = Parts({})
    for child in root:
        tag = str(child.tag)
        if tag == repeated:
            continue
        if tag in parts.children:
            parts.faults.append(f"{etree.QName(tag).localname} twice")
        elif tag in known:
            parts.children[tag] = child
        elif etree.QName(tag).namespace in _OWN_NAMESPACES:
            parts.faults.append(f"the element {etree.QName(tag).localname}")
    spellings = {name.lower(): name for name in attributes}
    for name in map(str, root.attrib):
        if spellings.get(name.lower(), name) != name:
            parts.faults.append(f"the attribute {name}")
    return parts


def require_no_faults(parts: Parts) -> None:
    """Refuse a message that has a part with no meaning, or with two.

    :raises MessageRefused: code ``xml-schema``.
    """
    if parts.faults:
        raise message_refused(
            "xml-schema",
            "The message has a part that cannot be read.",
            received="; ".join(parts.faults[:5]),
            expected="each part of the message once, as SAML defines it",
            source="SAML core, sections 3.2.1 and 3.2.2",
        )


def required_id(root: etree._Element) -> str:
    """Return the ID of a message; a digit can be its first character.

    :raises MessageRefused: code ``xml-schema``, when it is missing or is no ID.
    """
    text = root.get("ID", "").strip()
    if _ID.fullmatch(text):
        return text
    raise message_refused(
        "xml-schema",
        "The message has no usable ID.",
        received=text or "no ID",
        expected="an ID of 1 to 1024 characters without spaces and markup",
        source="SAML core, section 1.3.4",
    )


def attribute_of(root: etree._Element, name: str) -> str | None:
    """Return an attribute without surrounding white space; None when it is missing or empty."""
    return root.get(name, "").strip() or None


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
    issuers = list(root.iterchildren(_ISSUER))
    issuer = issuers[0] if len(issuers) == 1 and not len(issuers[0]) else None
    text = text_of(issuer)
    name_format = (attribute_of(issuer, "Format") if issuer is not None else "") or ""
    if not text or (
        name_format and names.standard_name_id_format(name_format) not in _ISSUER_FORMATS
    ):
        raise message_refused(
            "issuer-missing",
            "The message has no Issuer.",
            received=text or (f"{len(issuers)} Issuers" if issuers else "no Issuer"),
            expected="one Issuer with the entity ID of the service provider",
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
