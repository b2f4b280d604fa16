"""Build the metadata of an issuer (SAML metadata, section 2.4.3).

The algorithms that Ssoko accepts are listed (SAML metadata profile for algorithm support), so that
an SP whose default is SHA-1 signs with SHA-256.
"""

from collections.abc import Sequence
from hashlib import sha256

from ssoko.saml import names
from ssoko.saml.signing import ALGORITHMS, SigningKey, certificate_b64, sign_written
from ssoko.saml.writer import CanonicalWriter
from ssoko.saml.xml import instant

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def build_idp_metadata(
    *,
    entity_id: str,
    sso_url: str,
    slo_url: str | None,
    certificates: Sequence[str],
    name_id_formats: Sequence[str],
    want_authn_requests_signed: bool = False,
    cache_seconds: int = 3600,
    valid_until: int | None = None,
    key: SigningKey | None = None,
) -> bytes:
    """Return the metadata of one issuer as a UTF-8 document.

    :param certificates: PEM, the active one first, then the next and recently retired ones.
    :param name_id_formats: the configured one first; some SPs always request the first one.
    :param cache_seconds: how long an SP can use the metadata before it downloads it again.
    :param valid_until: seconds since the epoch.
    :param key: signs the document; not a key of *certificates*.
    """
    if not certificates:
        raise ValueError("metadata needs at least one certificate")
    writer = CanonicalWriter()
    element_id = f"_{sha256(entity_id.encode()).hexdigest()[:32]}" if key else None
    writer.start(
        "md:EntityDescriptor",
        ID=element_id,
        entityID=entity_id,
        validUntil=None if valid_until is None else instant(valid_until),
        cacheDuration=f"PT{cache_seconds:d}S",
    )
    writer.mark()
    writer.start(
        "md:IDPSSODescriptor",
        # "false" is the default, and python3-saml stops signing when it reads it.
        WantAuthnRequestsSigned="true" if want_authn_requests_signed else None,
        protocolSupportEnumeration=names.PROTOCOL,
    )
    _write_algorithms(writer)
    for certificate in certificates:
        _write_certificate(writer, certificate)
    if slo_url:
        _write_endpoints(writer, "md:SingleLogoutService", slo_url)
    for name_id_format in name_id_formats:
        writer.leaf("md:NameIDFormat", name_id_format)
    _write_endpoints(writer, "md:SingleSignOnService", sso_url)
    writer.end()
    writer.end()
    written = sign_written(writer, element_id, key) if key and element_id else writer.finish()
    return _DECLARATION + written.encode() + b"\n"


def _write_algorithms(writer: CanonicalWriter) -> None:
    writer.start("md:Extensions")
    for digest in (names.SHA256, names.SHA384, names.SHA512):
        writer.leaf("alg:DigestMethod", Algorithm=digest)
    for algorithm in ALGORITHMS:
        writer.leaf("alg:SigningMethod", Algorithm=algorithm)
    writer.end()


def _write_certificate(writer: CanonicalWriter, certificate_pem: str) -> None:
    writer.start("md:KeyDescriptor", use="signing")
    writer.start("ds:KeyInfo")
    writer.start("ds:X509Data")
    writer.leaf("ds:X509Certificate", certificate_b64(certificate_pem))
    writer.end()
    writer.end()
    writer.end()


def _write_endpoints(writer: CanonicalWriter, name: str, url: str) -> None:
    for binding in (names.BINDING_REDIRECT, names.BINDING_POST):
        writer.leaf(name, Binding=binding, Location=url)
