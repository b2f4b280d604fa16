"""Build the metadata of an issuer (SAML metadata, section 2.4.3).

The algorithms that Ssoko accepts are listed (SAML metadata profile for algorithm support), so that
an SP whose default is SHA-1 signs with SHA-256.
"""

from collections.abc import Sequence

from ssoko.saml import names
from ssoko.saml.signing import ALGORITHMS, certificate_b64
from ssoko.saml.writer import CanonicalWriter

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
) -> bytes:
    """Return the metadata of one issuer as an unsigned UTF-8 document.

    :param certificates: PEM, the active one first, then the next and recently retired ones.
    :param name_id_formats: the configured one first; some SPs always request the first one.
    :param cache_seconds: how long an SP can use the metadata before it downloads it again.
    """
    if not certificates:
        raise ValueError("metadata needs at least one certificate")
    writer = CanonicalWriter()
    writer.start("md:EntityDescriptor", entityID=entity_id, cacheDuration=f"PT{cache_seconds:d}S")
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
    return _DECLARATION + writer.finish().encode() + b"\n"


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
