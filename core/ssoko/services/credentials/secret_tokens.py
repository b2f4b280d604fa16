"""Random secret tokens. Only their digests are stored."""

import hashlib
import secrets


def make_token(prefix: str = "") -> str:
    """Return a token of 256 random bits, safe in headers, cookies and URLs."""
    return prefix + secrets.token_urlsafe(32)


def digest(token: object) -> str:
    """Return the SHA-256 of a token in hexadecimal, by which it is stored and found.

    Returns ``""`` for None and for text that cannot be encoded.
    """
    if not isinstance(token, str) or not token or not token.isascii() or len(token) > 200:
        return ""
    return hashlib.sha256(token.encode("ascii")).hexdigest()
