"""Ids that Ssoko makes."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """Return a 22-character id: 10 of milliseconds, 4 of the rest, 8 of randomness (40 bits)."""
    now, rest = divmod(time.time_ns(), 1_000_000)
    clock = "".join(_ALPHABET[(now >> shift) & 31] for shift in range(45, -1, -5))
    return (
        clock + "".join(_ALPHABET[(rest >> shift) & 31] for shift in (15, 10, 5, 0)) + random_id(8)
    )


def random_id(length: int = 12) -> str:
    """Return ``length`` random characters of 5 bits each, safe in URLs and easy to read out."""
    return "".join(_ALPHABET[byte & 31] for byte in secrets.token_bytes(length))
