"""References such as ``SK-7QF4-K2M9``, which a user is shown and can give to an admin."""

import re

from ssoko.store.ids import random_id

_REFERENCE = re.compile(r"SK-?([0-9A-Z]{4})-?([0-9A-Z]{4})")
#: Look-alike characters that users type instead.
_LOOK_ALIKES = str.maketrans("OIL", "011")


def new_reference() -> str:
    """Return a reference of 40 random bits; a workspace may have it already."""
    return f"SK-{random_id(4)}-{random_id(4)}".upper()


def read_reference(text: str) -> str:
    """Return a typed reference in its standard form; empty when it is malformed.

    Lowercase letters, missing hyphens, and O, I and L for 0 and 1 are accepted.
    """
    match = _REFERENCE.fullmatch("".join(text[:60].split()).upper())
    if not match:
        return ""
    return "-".join(("SK", *(group.translate(_LOOK_ALIKES) for group in match.groups())))
