"""A new master key: everything that was encrypted opens with it, and nothing with the old one."""

from base64 import b64decode, b64encode

import pytest
from ssoko.errors import ConfigError
from ssoko.services.applications.rewrap import rewrap
from ssoko.services.credentials.key_ring import KeyRing
from ssoko.services.installation import require_master_key
from ssoko.services.issuers import metadata_key
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import MetadataKey, SigningKey


def test_keys_and_secret_settings_are_encrypted_again(site):
    app = site.install()
    blob = site.services.keys.encrypt(b'"hush"', row_id=f"{app.id}/key")
    sealed = {"key": {"$encrypted": b64encode(blob).decode()}, "plain": "as it was"}
    Application.update(settings=sealed).where(Application.id == app.id).execute()
    metadata_key.metadata_key(site.services, app.issuer.id)
    new = KeyRing(b"n" * 32)
    assert rewrap(site.services.keys, new) == 3
    require_master_key(new)
    with pytest.raises(ConfigError):
        require_master_key(site.services.keys)
    row = SigningKey.get()
    assert b"PRIVATE KEY" in new.decrypt(bytes(row.private_key), row_id=row.id)
    row = MetadataKey.get()
    assert b"PRIVATE KEY" in new.decrypt(bytes(row.private_key), row_id=row.workspace_id)
    settings = Application.get_by_id(app.id).settings
    secret = b64decode(settings["key"]["$encrypted"])
    assert new.decrypt(secret, row_id=f"{app.id}/key") == b'"hush"'
    assert settings["plain"] == "as it was"


def test_nothing_changes_when_one_value_has_another_key(site):
    site.install()
    before = bytes(SigningKey.get().private_key)
    with pytest.raises(ConfigError, match="SSOKO_MASTER_KEY"):
        rewrap(KeyRing(b"w" * 32), KeyRing(b"n" * 32))
    assert bytes(SigningKey.get().private_key) == before
