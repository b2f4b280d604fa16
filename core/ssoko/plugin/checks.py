"""Validators for the fields of install forms. Ssoko uses the same ones for what hooks return.

A validator takes a text and raises :class:`marshmallow.ValidationError` with what to do::

    fields.Text(validate=checks.check_url)
    fields.Text(load_default="", validate=checks.optional(checks.check_url))
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from marshmallow import ValidationError

from ssoko.plugin.sources import parse_source

Check = Callable[[str], None]

#: SAML metadata 2.2.1, type entityIDType.
MAX_ENTITY_ID = 1024
MAX_URL = 2048
MAX_TEXT = 4096

#: Characters that XML 1.0 cannot contain (section 2.2), with lone surrogates.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: The characters of a URI: RFC 3986, section 2.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")

#: Short names of the NameFormats of SAML core, section 8.2.
NAME_FORMATS = ("basic", "uri", "unspecified")


def check_text(text: str) -> None:
    """Refuse characters that XML cannot contain, and texts of more than 4096 characters."""
    if _NOT_XML.search(text):
        raise ValidationError("Remove the control characters; XML cannot contain them")
    if len(text) > MAX_TEXT:
        raise ValidationError(f"Shorten this to {MAX_TEXT} characters")


def check_entity_id(text: str) -> None:
    """Accept an entity ID: any URI or plain word of up to 1024 characters."""
    if not text:
        raise ValidationError("Enter the entity ID: a URL, a URN or a plain word")
    if len(text) > MAX_ENTITY_ID:
        raise ValidationError(f"Shorten the entity ID to {MAX_ENTITY_ID} characters")
    if text != text.strip() or _NOT_XML.search(text) or any(c in text for c in "\t\r\n"):
        raise ValidationError("Remove line breaks, control characters, and spaces at the ends")


def check_url(text: str) -> None:
    """Accept an absolute https URL; http is accepted for this machine (localhost) only.

    URLs are recorded and compared byte for byte, so everything ambiguous is refused: usernames,
    fragments, backslashes, spaces and letters outside ASCII.
    """
    if len(text) > MAX_URL:
        raise ValidationError(f"Shorten the URL to {MAX_URL} characters")
    if not _URI.fullmatch(text):
        raise ValidationError(
            "Enter a complete URL, such as https://example.com/saml, "
            "with %-codes for spaces and special characters"
        )
    scheme, host = _scheme_and_host(text)
    if scheme == "http" and not is_loopback(host):
        raise ValidationError("Use https; http is accepted for this machine (localhost) only")


def optional(check: Check) -> Check:
    """Return a validator that accepts an empty text as well."""

    def check_if_given(text: str) -> None:
        if text:
            check(text)

    return check_if_given


def host(example: str, *, vendor_hosts: Collection[str] = ()) -> Check:
    """Return a validator for the host of one account at a vendor.

    :param example: such as ``acme.zoom.us``, for the message.
    :param vendor_hosts: hosts of the vendor that belong to no single account.
    """

    def check_host(text: str) -> None:
        if text in vendor_hosts:
            raise ValidationError(
                f"{text} does not belong to one account. Enter your own host, such as {example}"
            )
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", text):
            raise ValidationError(f"Enter a host name, such as {example}")

    return check_host


def is_loopback(host: str) -> bool:
    """Return whether a host name always means this machine (RFC 6761, section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_source(text: str) -> None:
    """Accept a source of :class:`ssoko.plugin.Mapping`."""
    parse_source(text)
    check_text(text)


def check_name_id_source(text: str) -> None:
    """Accept a source of exactly one value."""
    source = parse_source(text)
    check_text(text)
    if source.is_list:
        raise ValidationError(
            f"A NameID is one value, but {source.base} is a list. Use user.email, or add |first"
        )


def check_name_id_format(text: str) -> None:
    """Accept a NameID format: a URI (SAML core, section 8.3)."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+", text) or len(text) > 256:
        raise ValidationError(
            "Enter the URI of the format, such as "
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
        )


def check_attribute_name(text: str) -> None:
    """Accept the Name of an attribute."""
    if not text.strip() or text != text.strip():
        raise ValidationError("Enter the attribute's name, without spaces at the ends")
    if len(text) > 512:
        raise ValidationError("Shorten the attribute's name to 512 characters")
    check_text(text)


def check_name_format(text: str) -> None:
    """Accept one of :data:`NAME_FORMATS` or a URI (SAML core, section 8.2)."""
    if text not in NAME_FORMATS:
        try:
            check_name_id_format(text)
        except ValidationError:
            raise ValidationError(
                "Use basic, uri, unspecified or the URI of the name format"
            ) from None


def check_certificate(text: str) -> None:
    """Accept one PEM certificate with an RSA key of 2048 bits or more, or an elliptic curve key."""
    if "PRIVATE KEY" in text:
        raise ValidationError("This is a private key. Keep it secret, and paste the certificate")
    if not _PEM.fullmatch(text.strip()):
        raise ValidationError("Paste one certificate, from BEGIN CERTIFICATE to END CERTIFICATE")
    key = _read_key(text)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise ValidationError(
                f"The RSA key has {key.key_size} bits. Use a certificate with 2048 bits or more"
            )
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValidationError("Use a certificate with an RSA or an elliptic curve key")


def check_encryption_certificate(text: str) -> None:
    """Accept a certificate that assertions can be encrypted with: its key is RSA."""
    check_certificate(text)
    if not isinstance(_read_key(text), rsa.RSAPublicKey):
        raise ValidationError("Use a certificate with an RSA key for encryption")


def read_certificates(text: str) -> list[str]:
    """Split pasted text into PEM certificates; base64 without BEGIN and END is accepted too.

    Other text is returned unchanged, and :func:`check_certificate` refuses it.
    """
    blocks = [block.strip() for block in _PEM.findall(text)]
    if blocks:
        rest = _PEM.sub("", text).strip()
        return blocks + ([rest] if rest else [])
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        certificate = x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError):
        return [text.strip()] if text.strip() else []
    return [certificate.public_bytes(Encoding.PEM).decode().strip()]


def _scheme_and_host(text: str) -> tuple[str, str]:
    """Return scheme and host in lowercase.

    :raises ValidationError: for another scheme, without a plain host, or with a username or
        fragment.
    """
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValidationError("Enter a URL such as https://example.com/saml") from None
    if parts.scheme not in {"https", "http"}:
        raise ValidationError("Enter a URL that starts with https://")
    if "@" in parts.netloc:
        raise ValidationError("Remove the username and password from the URL")
    if "#" in text:
        raise ValidationError("Remove the # and the text after it")
    host = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(host) or port == 0:
        raise ValidationError("Enter a URL such as https://example.com/saml")
    return parts.scheme, host


def _read_key(text: str) -> object:
    try:
        return x509.load_pem_x509_certificate(text.strip().encode("ascii")).public_key()
    except Exception:  # parsers of cryptography raise many types, with texts for developers
        raise ValidationError(
            "This certificate cannot be read. Copy it again, from BEGIN CERTIFICATE to "
            "END CERTIFICATE"
        ) from None
