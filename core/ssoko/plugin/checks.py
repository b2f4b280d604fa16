"""Validators for install forms, and the same judgement that core passes on every answer.

Each takes a text and raises :class:`marshmallow.ValidationError` that says what to do, so that a
field can name it: ``fields.String(validate=checks.check_url)``.
"""

import base64
import binascii
import ipaddress
import re
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from marshmallow import ValidationError

from ssoko.plugin.sources import parse_source

#: SAML metadata 2.2.1, type entityIDType.
MAX_ENTITY_ID = 1024
MAX_URL = 2048
MAX_TEXT = 4096

#: Characters that XML 1.0 has no way to write (section 2.2), lone surrogates among them.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: RFC 3986, section 2: what a URI is made of.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")

#: Words for the NameFormats of SAML core, section 8.2.
NAME_FORMATS = ("basic", "uri", "unspecified")


def check_text(text: str) -> None:
    """Refuse characters that XML cannot carry, and texts of more than 4096 characters."""
    if _NOT_XML.search(text):
        raise ValidationError("Remove the control characters; XML cannot carry them")
    if len(text) > MAX_TEXT:
        raise ValidationError(f"Shorten this to {MAX_TEXT} characters")


def check_entity_id(text: str) -> None:
    """Refuse what cannot be an entity ID: any URI or plain word of up to 1024 characters."""
    if not text:
        raise ValidationError("Give the entity ID; it may be a URL, a URN or a plain word")
    if len(text) > MAX_ENTITY_ID:
        raise ValidationError(f"An entity ID has at most {MAX_ENTITY_ID} characters")
    if text != text.strip() or _NOT_XML.search(text) or any(c in text for c in "\t\r\n"):
        raise ValidationError("Remove the line breaks, control characters and outer spaces")


def check_url(text: str) -> None:
    """Refuse all but a full https address; http is for this machine only.

    The address is kept and compared byte for byte, so nothing in it may be read in two ways:
    no user name, no fragment, no backslash, space or letter outside ASCII.
    """
    if len(text) > MAX_URL:
        raise ValidationError(f"Shorten the address to {MAX_URL} characters")
    if not _URI.fullmatch(text):
        raise ValidationError(
            "Write the address in full, like https://example.com/saml, "
            "with %-codes for spaces and special characters"
        )
    scheme, host = _scheme_and_host(text)
    if scheme not in {"https", "http"}:
        raise ValidationError("Give an address that starts with https://")
    if scheme == "http" and not is_loopback(host):
        raise ValidationError("Use https; plain http is accepted for this machine (localhost) only")


def is_loopback(host: str) -> bool:
    """Tell whether a host name always means the same machine (RFC 6761, section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_source(text: str) -> None:
    """Refuse what is not a source of :class:`ssoko.plugin.Mapping`."""
    parse_source(text)
    check_text(text)


def check_name_id_source(text: str) -> None:
    """Refuse what is not a source of exactly one value."""
    source = parse_source(text)
    check_text(text)
    if source.is_list:
        raise ValidationError(
            f"A NameID is one value and {source.base} is a list; use user.email, or put |first "
            "after it"
        )


def check_name_id_format(text: str) -> None:
    """Refuse a NameID format that is not a URI (SAML core, section 8.3)."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+", text) or len(text) > 256:
        raise ValidationError(
            "Give the URI of the format, such as "
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
        )


def check_attribute_name(text: str) -> None:
    """Refuse what cannot be the Name of an attribute."""
    if not text.strip() or text != text.strip():
        raise ValidationError("Give the attribute's name, as the vendor writes it")
    if len(text) > 512:
        raise ValidationError("An attribute's name has at most 512 characters")
    check_text(text)


def check_name_format(text: str) -> None:
    """Refuse what is neither one of the three words nor a URI (SAML core, section 8.2)."""
    if text not in NAME_FORMATS:
        try:
            check_name_id_format(text)
        except ValidationError:
            raise ValidationError(
                "Use basic, uri, unspecified or the URI of the name format"
            ) from None


def check_certificate(text: str) -> None:
    """Refuse all but one PEM certificate with a key that signatures or encryption can trust."""
    if "PRIVATE KEY" in text:
        raise ValidationError("This is a private key; keep it, and paste the certificate instead")
    if not _PEM.fullmatch(text.strip()):
        raise ValidationError("Paste one certificate, from BEGIN CERTIFICATE to END CERTIFICATE")
    key = _read_key(text)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise ValidationError(
                f"Its RSA key has {key.key_size} bits; ask for a certificate with 2048 or more"
            )
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValidationError("Use a certificate with an RSA or an elliptic curve key")


def check_encryption_certificate(text: str) -> None:
    """Refuse a certificate that nothing can be encrypted to: the key must be RSA."""
    check_certificate(text)
    if not isinstance(_read_key(text), rsa.RSAPublicKey):
        raise ValidationError("Encrypting needs a certificate with an RSA key")


def read_certificates(text: str) -> list[str]:
    """Split pasted text into PEM certificates, bare base64 among them; nothing is judged yet.

    Text that is no certificate comes back as it was, for :func:`check_certificate` to refuse.
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
    """Return both in lower case.

    :raises ValidationError: for an address without a plain host, or with more than an address.
    """
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValidationError("Write the address like https://example.com/saml") from None
    if parts.scheme not in {"https", "http"}:
        raise ValidationError("Give an address that starts with https://")
    if "@" in parts.netloc:
        raise ValidationError("Leave the user name and password out of the address")
    if "#" in text:
        raise ValidationError("Leave out the # and what follows it")
    host = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(host) or port == 0:
        raise ValidationError("Write the address like https://example.com/saml")
    return parts.scheme, host


def _read_key(text: str) -> object:
    try:
        return x509.load_pem_x509_certificate(text.strip().encode("ascii")).public_key()
    except Exception:  # cryptography raises what its parsers raise, and none of it is for people
        raise ValidationError(
            "This certificate cannot be read; copy it again, from BEGIN CERTIFICATE to "
            "END CERTIFICATE"
        ) from None
