"""Signing keys: made here, encrypted at rest, loaded once per process."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from ssoko.errors import ConfigError
from ssoko.saml import names
from ssoko.saml.signing import SigningKey

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

#: What a key can be made as, and the signature algorithm that goes with it.
ALGORITHMS: Final = {
    "rsa-2048": names.RSA_SHA256,
    "rsa-3072": names.RSA_SHA256,
    "rsa-4096": names.RSA_SHA256,
    "ec-p256": names.ECDSA_SHA256,
    "ec-p384": names.ECDSA_SHA384,
}

#: Ten years of 365 days, in seconds.
LIFETIME: Final = 10 * 365 * 86_400

#: A certificate begins so many seconds in the past, for SPs whose clocks are behind.
BACKDATED: Final = 600

#: AWS takes certificates of fewer characters than this.
MAX_PEM: Final = 2500

_VERSION = b"\x01"
_NONCE = 12
_KEY_ID = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key pair that is nowhere but in memory yet.

    :param algorithm: URI of the signature algorithm.
    """

    private_pem: bytes = field(repr=False)
    certificate: str
    algorithm: str
    not_before: int
    not_after: int


class KeyRing:
    """The master key, and the signing keys that this process has loaded so far."""

    def __init__(self, master_key: bytes) -> None:
        self._aead = AESGCM(master_key)
        self._id = sha256(b"ssoko master key" + master_key).digest()[:_KEY_ID]
        self._loaded: dict[str, SigningKey] = {}

    def encrypt(self, plain: bytes, *, row_id: str) -> bytes:
        """Encrypt with AES-256-GCM; only the row with this id can be decrypted from it.

        The blob is version, id of the master key, nonce, ciphertext.
        """
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + self._id + nonce + self._aead.encrypt(nonce, plain, row_id.encode())

    def decrypt(self, blob: bytes, *, row_id: str) -> bytes:
        """Undo :meth:`encrypt`.

        :raises ConfigError: when the master key is another one, or the row was tampered with.
        """
        start = len(_VERSION) + _KEY_ID
        if blob[:1] != _VERSION or blob[1:start] != self._id:
            raise ConfigError(
                "SSOKO_MASTER_KEY is not the one that this database was encrypted with; "
                "put the old key back"
            )
        nonce, sealed = blob[start : start + _NONCE], blob[start + _NONCE :]
        try:
            return self._aead.decrypt(nonce, sealed, row_id.encode())
        except InvalidTag:
            raise ConfigError(
                f"The encrypted value of {row_id} was changed outside Ssoko; restore a backup"
            ) from None

    def load(self, signing_key_id: str, blob: bytes, certificate: str) -> SigningKey:
        """Return the key of one row, decrypted and parsed the first time only."""
        key = self._loaded.get(signing_key_id)
        if key is None:
            key = SigningKey.from_pem(self.decrypt(blob, row_id=signing_key_id), certificate)
            self._loaded[signing_key_id] = key
        return key

    def loaded(self, signing_key_id: str) -> SigningKey | None:
        """Return the key if this process has loaded it already."""
        return self._loaded.get(signing_key_id)


def generate(
    algorithm: str = "rsa-2048", *, common_name: str, organization: str = "", now: int
) -> NewKey:
    """Make a key and its self-signed certificate; some 100 ms for RSA-2048.

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
    """Cut to the 64 characters that X.520 allows, counted in bytes to be safe."""
    return text.strip().encode()[:64].decode("utf-8", "ignore").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What the pages show of a certificate.

    :param sha256: fingerprint, upper-case hexadecimal with colons.
    :param key: such as ``RSA 2048, SHA-256``.
    :param not_after: seconds since the epoch.
    """

    sha256: str
    key: str
    not_after: int


def describe(certificate_pem: str) -> CertificateFacts:
    """Read the facts of a certificate; raises ValueError when it is none."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        key = f"RSA {public.key_size}"
    elif isinstance(public, ec.EllipticCurvePublicKey):
        key = f"EC P-{public.key_size}"
    else:
        raise ValueError("the certificate holds neither an RSA nor an EC key")
    algorithm = certificate.signature_hash_algorithm
    return CertificateFacts(
        sha256=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        key=f"{key}, {algorithm.name.upper().replace('SHA', 'SHA-')}" if algorithm else key,
        not_after=int((certificate.not_valid_after_utc - _EPOCH) / timedelta(seconds=1)),
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
