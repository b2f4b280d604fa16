"""The one rule for URLs that SAML messages are sent to."""

import ipaddress
import re
from urllib.parse import urlsplit

from ssoko.text.pasted import suspicious

MAX_URL = 2048

#: The characters of a URI: RFC 3986, section 2.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_SECOND_URL = re.compile(r"\s+https?://", re.IGNORECASE)


def url_problem(text: str) -> str:
    """Return what is wrong with a URL and what to do, or an empty text.

    Accepted is https, and http for this machine only. URLs are recorded and compared byte for
    byte, so everything ambiguous is refused: usernames, fragments, backslashes, spaces and
    characters outside ASCII.
    """
    if len(text) > MAX_URL:
        return f"Shorten the URL to {MAX_URL} characters"
    if not _URI.fullmatch(text):
        return _character_problem(text)
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "Enter a URL such as https://example.com/saml"
    if parts.scheme not in {"https", "http"}:
        return "Enter a URL that starts with https://"
    if "@" in parts.netloc:
        return "Remove the username and password from the URL"
    if "#" in text:
        return "Remove the # and the text after it"
    host = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(host) or port == 0:
        return "Enter a URL such as https://example.com/saml"
    if parts.scheme == "http" and not is_loopback(host):
        return "Use https; http is accepted for this machine (localhost) only"
    return ""


def is_loopback(host: str) -> bool:
    """Return whether a host name always means this machine (RFC 6761, section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _character_problem(text: str) -> str:
    if _SECOND_URL.search(text):
        return "Enter one URL only"
    if character := suspicious(text):
        return f"The URL contains {character}. Type that part of the URL again"
    return (
        "Enter a complete URL, such as https://example.com/saml, "
        "with %-codes for spaces and special characters"
    )
