"""Create key pairs with their certificates, and read certificates."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ssoko.saml import names

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

#: Key type to its signature algorithm.
ALGORITHMS: Final = {
    "rsa-2048": names.RSA_SHA256,
    "rsa-3072": names.RSA_SHA256,
    "rsa-4096": names.RSA_SHA256,
    "ec-p256": names.ECDSA_SHA256,
    "ec-p384": names.ECDSA_SHA384,
}

#: Ten years of 365 days, in seconds.
LIFETIME: Final = 10 * 365 * 86_400

#: Seconds by which a certificate is backdated, for service providers whose clocks are slow.
BACKDATED: Final = 600

#: AWS requires certificates with fewer characters than this.
MAX_PEM: Final = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key pair that is not stored yet.

    :param algorithm: URI of the signature algorithm.
    """

    private_pem: bytes = field(repr=False)
    certificate: str
    algorithm: str
    not_before: int
    not_after: int


def generate(
    algorithm: str = "rsa-2048", *, common_name: str, organization: str = "", now: int
) -> NewKey:
    """Generate a key and its self-signed certificate. Takes about 100 ms for RSA-2048.

    :param algorithm: one of :data:`ALGORITHMS`.
    :param now: seconds since the epoch.
    """
    private = _private_key(algorithm)
    not_before, not_after = now - BACKDATED, now + LIFETIME
    certificate = _certificate(private, common_name, organization, not_before, not_after)
    return NewKey(
        private_pem=private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        algorithm=ALGORITHMS[algorithm],
        not_before=not_before,
        not_after=not_after,
    )


def _private_key(algorithm: str) -> PrivateKey:
    family, _, size = algorithm.partition("-")
    if family == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=int(size))
    return ec.generate_private_key(ec.SECP256R1() if size == "p256" else ec.SECP384R1())


def _certificate(
    private: PrivateKey, common_name: str, organization: str, not_before: int, not_after: int
) -> x509.Certificate:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, _shorten(common_name) or "Ssoko")]
    if _shorten(organization):
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, _shorten(organization)))
    name = x509.Name(parts)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(not_before, UTC))
        .not_valid_after(datetime.fromtimestamp(not_after, UTC))
        .sign(private, hashes.SHA384() if private.key_size == 384 else hashes.SHA256())
    )


def _shorten(text: str) -> str:
    """Shorten to 64 bytes; X.520 allows 64 characters."""
    return text.strip().encode()[:64].decode("utf-8", "ignore").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """The properties of a certificate that pages show.

    :param sha256: fingerprint, upper-case hexadecimal with colons.
    :param key: such as ``RSA 2048, SHA-256``.
    :param not_after: seconds since the epoch.
    """

    sha256: str
    key: str
    not_after: int


def describe(certificate_pem: str) -> CertificateFacts:
    """Parse a certificate; raises ValueError when it is invalid."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        key = f"RSA {public.key_size}"
    elif isinstance(public, ec.EllipticCurvePublicKey):
        key = f"EC P-{public.key_size}"
    else:
        raise ValueError("the key of the certificate is neither RSA nor EC")
    algorithm = certificate.signature_hash_algorithm
    return CertificateFacts(
        sha256=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        key=f"{key}, {algorithm.name.upper().replace('SHA', 'SHA-')}" if algorithm else key,
        not_after=int((certificate.not_valid_after_utc - _EPOCH) / timedelta(seconds=1)),
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
