"""Encryption with the master key, bound to one row."""

import pytest
from ssoko.errors import ConfigError
from ssoko.services.credentials.key_ring import KeyRing


def test_encrypted_value_can_be_decrypted_only_for_its_row():
    ring = KeyRing(bytes(32))
    blob = ring.encrypt(b"secret", row_id="one")
    assert b"secret" not in blob
    assert ring.encrypt(b"secret", row_id="one") != blob
    assert ring.decrypt(blob, row_id="one") == b"secret"
    with pytest.raises(ConfigError, match="changed outside"):
        ring.decrypt(blob, row_id="two")
    with pytest.raises(ConfigError, match="changed outside"):
        ring.decrypt(blob[:-1] + bytes([blob[-1] ^ 1]), row_id="one")


def test_wrong_master_key_is_reported():
    blob = KeyRing(bytes(32)).encrypt(b"secret", row_id="one")
    with pytest.raises(ConfigError, match="SSOKO_MASTER_KEY is not the key"):
        KeyRing(bytes([1] * 32)).decrypt(blob, row_id="one")
