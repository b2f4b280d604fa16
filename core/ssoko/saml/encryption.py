"""Encrypt an assertion for one service provider (XML Encryption 1.1, SAML core 2.3.4).

The only module of this package that generates random values: each message has its own key and IV,
and no caller needs to know them.
"""

import os
from base64 import b64encode
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ssoko.saml import names
from ssoko.saml.signing import certificate_key
from ssoko.saml.writer import Canonical, CanonicalWriter

#: Key size in bits for each method. CBC is for old SPs only: it does not detect tampering.
KEY_BITS = {
    names.AES256_GCM: 256,
    names.AES128_GCM: 128,
    names.AES256_CBC: 256,
    names.AES128_CBC: 128,
}
_GCM = (names.AES256_GCM, names.AES128_GCM)
# Every SP supports SHA-1 inside OAEP, where collision resistance does not matter.
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303  see above


@dataclass(frozen=True, slots=True)
class Encryption:
    """The recipient and the method of an encryption.

    :param certificate_pem: the SP's encryption certificate, RSA with at least 2048 bits.
    :param method: one of the URIs in ``KEY_BITS``.
    :param recipient: the SP's entity ID for EncryptedKey; None omits it.
    """

    certificate_pem: str
    method: str = names.AES256_GCM
    recipient: str | None = None

    def __post_init__(self) -> None:
        if self.method not in KEY_BITS:
            raise ValueError(f"{self.method} is not a supported encryption method")
        _public_key(self.certificate_pem)


def encrypted_assertion(assertion: Canonical, encryption: Encryption) -> Canonical:
    """Return a saml:EncryptedAssertion; its content decrypts to a complete XML document."""
    session_key = AESGCM.generate_key(KEY_BITS[encryption.method])
    data = _encrypt(assertion.encode(), session_key, encryption.method)
    wrapped = _public_key(encryption.certificate_pem).encrypt(session_key, _OAEP)
    writer = CanonicalWriter()
    writer.start("saml:EncryptedAssertion")
    writer.start("xenc:EncryptedData", Type=names.XENC_ELEMENT)
    writer.leaf("xenc:EncryptionMethod", Algorithm=encryption.method)
    writer.start("ds:KeyInfo")
    writer.start("xenc:EncryptedKey", Recipient=encryption.recipient)
    writer.start("xenc:EncryptionMethod", Algorithm=names.RSA_OAEP)
    writer.leaf("ds:DigestMethod", Algorithm=names.SHA1)
    writer.end()
    _cipher_data(writer, wrapped)
    writer.end()
    writer.end()
    _cipher_data(writer, data)
    writer.end()
    writer.end()
    return writer.finish()


def _cipher_data(writer: CanonicalWriter, value: bytes) -> None:
    writer.start("xenc:CipherData")
    writer.leaf("xenc:CipherValue", b64encode(value).decode())
    writer.end()


def _encrypt(data: bytes, key: bytes, method: str) -> bytes:
    if method in _GCM:
        iv = os.urandom(12)
        return iv + AESGCM(key).encrypt(iv, data, None)
    iv = os.urandom(16)
    # XML Encryption, section 5.2: random padding, with its length in the last byte.
    count = 16 - len(data) % 16
    padded = data + os.urandom(count - 1) + bytes([count])
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(padded) + encryptor.finalize()


def _public_key(certificate_pem: str) -> rsa.RSAPublicKey:
    key = certificate_key(certificate_pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("only RSA certificates can receive encrypted assertions")
    return key
