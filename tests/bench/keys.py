"""A key for the measured identity providers, and bare signatures as the unit of cost."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tests.bench.process import SERVER_CORE, on_core

MESSAGE = b"x" * 500


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """A private key and its certificate, both PEM, in files for the peers."""

    key: Path
    certificate: Path


def make_key() -> tuple[bytes, str]:
    """Return a new private key and its certificate, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    start = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, certificate.public_bytes(serialization.Encoding.PEM).decode()


def write_key(directory: Path) -> KeyFiles:
    """Create a key and make it readable for the peers, which run as other users."""
    pem, certificate = make_key()
    files = KeyFiles(directory / "bench.key", directory / "bench.crt")
    files.key.write_bytes(pem)
    files.certificate.write_text(certificate)
    for file in (files.key, files.certificate):
        file.chmod(0o644)
    return files


class Signer:
    """Signs on the servers' core; the cost of one signature is the unit of the tables."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def cost(self, seconds: float) -> float:
        """Return the CPU seconds of one RSA-2048 signature, measured for about this long."""
        with on_core(SERVER_CORE):
            count, begin = 0, time.process_time()
            while (spent := time.process_time() - begin) < seconds or not count:
                self._key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
                count += 1
            return spent / count
