"""Encrypt all private keys and secret settings again, under a new master key."""

from typing import Any

from peewee import fn

from ssoko.services.applications.settings import reseal
from ssoko.services.credentials.key_ring import KeyRing
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import MetadataKey, SigningKey
from ssoko.store.models.table import database


def rewrap(before: KeyRing, after: KeyRing) -> int:
    """Encrypt everything again, in one transaction, and return the number of values.

    Running servers must be restarted with the new master key: they decrypt what they have not used
    yet with the old one.

    :raises ConfigError: when a value was encrypted with another key than ``before``.
    """
    count = 0
    with database.atomic():
        keys: Any = SigningKey.select(SigningKey.id, SigningKey.private_key)
        for row in list(keys.where(fn.LENGTH(SigningKey.private_key) > 0)):
            blob = _rewrapped(before, after, bytes(row.private_key), row.id)
            SigningKey.update(private_key=blob).where(SigningKey.id == row.id).execute()
            count += 1
        for row in list(MetadataKey.select()):
            blob = _rewrapped(before, after, bytes(row.private_key), row.workspace_id)
            MetadataKey.update(private_key=blob).where(
                MetadataKey.workspace == row.workspace_id
            ).execute()
            count += 1
        applications: Any = Application.select(Application.id, Application.settings)
        for row in list(applications):
            settings, sealed = reseal(
                row.settings, lambda blob, name: _rewrapped(before, after, blob, name), row.id
            )
            if sealed:
                Application.update(settings=settings).where(Application.id == row.id).execute()
                count += sealed
    return count


def _rewrapped(before: KeyRing, after: KeyRing, blob: bytes, row_id: str) -> bytes:
    return after.encrypt(before.decrypt(blob, row_id=row_id), row_id=row_id)
