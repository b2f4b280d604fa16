"""Tell the addresses of Google's SAML profiles apart: new, legacy, entity ID, ACS URL."""

import re

#: What an address is, and the id of its profile in the first group. Most telling first.
_KINDS = {
    "acs_url": (
        re.compile(r"https://accounts\.google\.com/samlrp/([A-Za-z0-9_-]+)/acs"),
        re.compile(r"https://accounts\.google\.com/samlrp/acs\?rpid=([A-Za-z0-9_-]+)"),
    ),
    "entity_id": (
        re.compile(r"https://accounts\.google\.com/samlrp/metadata\?rpid=([A-Za-z0-9_-]+)"),
        re.compile(r"https://accounts\.google\.com/samlrp/([A-Za-z0-9_-]+)"),
    ),
    "legacy acs_url": (re.compile(r"https://(?:www|accounts)\.google\.com/a/([^/?]+)/acs"),),
    "legacy entity_id": (re.compile(r"(?:https://)?(?:www\.)?google\.com(?:/a/([^/?]+))?"),),
}


def kind_of(address: str) -> tuple[str, str]:
    """Return the kind of an address and the id in it; empty texts for one that is unknown."""
    for kind, shapes in _KINDS.items():
        for shape in shapes:
            if found := shape.fullmatch(address):
                return kind, found.group(1) or ""
    return "", ""
