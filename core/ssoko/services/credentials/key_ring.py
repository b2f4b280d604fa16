"""The master key, and the private keys that it encrypts at rest."""

import secrets
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ssoko.errors import ConfigError
from ssoko.saml.signing import SigningKey

OTHER_KEY = (
    "SSOKO_MASTER_KEY is not the key that this database was encrypted with. Put the old master.key "
    "back, or restore it from a backup"
)

_VERSION = b"\x01"
_NONCE = 12
_KEY_ID = 8


class KeyRing:
    """The master key, and a cache of the signing keys that this process has decrypted."""

    def __init__(self, master_key: bytes) -> None:
        self._aead = AESGCM(master_key)
        self._id = sha256(b"ssoko master key" + master_key).digest()[:_KEY_ID]
        self._loaded: dict[str, SigningKey] = {}

    def can_decrypt(self, blob: bytes) -> bool:
        """Tell whether this is the master key that a value was encrypted with.

        :param blob: the value, or its first 9 bytes.
        """
        return blob[: len(_VERSION) + _KEY_ID] == _VERSION + self._id

    def encrypt(self, plain: bytes, *, row_id: str) -> bytes:
        """Encrypt with AES-256-GCM, bound to the ID of the row.

        The result is: version, ID of the master key, nonce, ciphertext.
        """
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + self._id + nonce + self._aead.encrypt(nonce, plain, row_id.encode())

    def decrypt(self, blob: bytes, *, row_id: str) -> bytes:
        """Decrypt the result of :meth:`encrypt`.

        :raises ConfigError: when it was encrypted with another master key, or the row was modified.
        """
        start = len(_VERSION) + _KEY_ID
        if not self.can_decrypt(blob):
            raise ConfigError(OTHER_KEY)
        nonce, sealed = blob[start : start + _NONCE], blob[start + _NONCE :]
        try:
            return self._aead.decrypt(nonce, sealed, row_id.encode())
        except InvalidTag:
            raise ConfigError(
                f"The encrypted value of {row_id} was changed outside Ssoko. Restore a backup"
            ) from None

    def load(self, signing_key_id: str, blob: bytes, certificate: str) -> SigningKey:
        """Return the key of a row, decrypted and parsed only once."""
        key = self._loaded.get(signing_key_id)
        if key is None:
            key = SigningKey.from_pem(self.decrypt(blob, row_id=signing_key_id), certificate)
            self._loaded[signing_key_id] = key
        return key

    def loaded(self, signing_key_id: str) -> SigningKey | None:
        """Return the key if it is in the cache."""
        return self._loaded.get(signing_key_id)
