"""Validators for the fields of install forms. Ssoko uses the same ones for what hooks return.

A validator takes a text and raises :class:`marshmallow.ValidationError` with what to do::

    fields.Text(validate=checks.check_url)
    fields.Text(load_default="", validate=checks.optional(checks.check_url))
"""

import re
from collections.abc import Callable, Collection

from cryptography.hazmat.primitives.asymmetric import rsa
from marshmallow import ValidationError

from ssoko.plugin.sources import parse_source
from ssoko.text import urls
from ssoko.text.certificates import Certificate, CertificateError, find_certificates
from ssoko.text.pasted import suspicious

Check = Callable[[str], None]

#: SAML metadata 2.2.1, type entityIDType.
MAX_ENTITY_ID = 1024
MAX_URL = urls.MAX_URL
MAX_TEXT = 4096

#: Characters that XML 1.0 cannot contain (section 2.2), with lone surrogates.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

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
    if character := suspicious(text):
        raise ValidationError(f"The entity ID contains {character}. Type that part again")
    if "://" in text and " " in text and not re.search(r"[\s,;]https?://", text):
        raise ValidationError("Remove the space from the entity ID")
    if text.count("://") > 1 and re.search(r"[\s,;]https?://", text):
        raise ValidationError("Enter one entity ID only")


def check_url(text: str) -> None:
    """Accept an absolute https URL; http is accepted for this machine (localhost) only.

    URLs are recorded and compared byte for byte, so everything ambiguous is refused: usernames,
    fragments, backslashes, spaces and letters outside ASCII.
    """
    if problem := urls.url_problem(text):
        raise ValidationError(problem)


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
    return urls.is_loopback(host)


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
    """Accept one PEM certificate with an RSA key of 2048 bits or more, or an elliptic curve key.

    Only the key counts: names, dates and extensions may break X.509.
    """
    if problem := _one_certificate(text).problem:
        raise ValidationError(problem)


def check_encryption_certificate(text: str) -> None:
    """Accept a certificate that assertions can be encrypted with: its key is RSA."""
    check_certificate(text)
    if not isinstance(_one_certificate(text).key, rsa.RSAPublicKey):
        raise ValidationError("Use a certificate with an RSA key for encryption")


def read_certificates(text: str) -> list[str]:
    """Return the certificates of pasted text in PEM: PEM with anything around it, DER, PKCS #7.

    Text without a certificate is returned unchanged, and :func:`check_certificate` refuses it.
    """
    try:
        return [certificate.pem.strip() for certificate in find_certificates(text)]
    except CertificateError:
        return [text.strip()] if text.strip() else []


def _one_certificate(text: str) -> Certificate:
    try:
        found = find_certificates(text)
    except CertificateError as error:
        raise ValidationError(str(error)) from None
    if len(found) > 1:
        raise ValidationError("Paste one certificate, from BEGIN CERTIFICATE to END CERTIFICATE")
    return found[0]
