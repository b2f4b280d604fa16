"""References such as ``SK-7QF4-K2M9``: what a person is shown, and reads out to an admin."""

import re

from ssoko.store.ids import random_id

_REFERENCE = re.compile(r"SK-?([0-9A-Z]{4})-?([0-9A-Z]{4})")
#: What people write for the characters that a reference has.
_LOOK_ALIKES = str.maketrans("OIL", "011")


def new_reference() -> str:
    """Return a reference of 40 random bits; a workspace may have it already."""
    return f"SK-{random_id(4)}-{random_id(4)}".upper()


def read_reference(text: str) -> str:
    """Return the reference that somebody typed, as it is written; empty when it is none.

    Small letters, missing hyphens, and O, I and L for 0 and 1 are what people make of it.
    """
    found = _REFERENCE.fullmatch("".join(text[:60].split()).upper())
    if not found:
        return ""
    return "-".join(("SK", *(group.translate(_LOOK_ALIKES) for group in found.groups())))
