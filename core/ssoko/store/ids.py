"""IDs that Ssoko generates."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_BY_BYTE = bytes(ord(_ALPHABET[byte & 31]) for byte in range(256))


def new_id() -> str:
    """Return a 22-character ID: 10 for milliseconds, 4 for the rest, 8 random (40 bits)."""
    now, rest = divmod(time.time_ns(), 1_000_000)
    clock = now << 20 | rest
    pairs = [_PAIRS[clock >> shift & 1023] for shift in (60, 50, 40, 30, 20, 10, 0)]
    return f"{''.join(pairs)}{random_id(8)}"


def random_id(length: int = 12) -> str:
    """Return ``length`` random characters of 5 bits each, safe in URLs and easy to read out."""
    return secrets.token_bytes(length).translate(_BY_BYTE).decode()
