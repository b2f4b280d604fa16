"""Transactions that wait for each other, so that what one has read is still so when it writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from peewee import PostgresqlDatabase

from ssoko.store.models.table import database


@contextmanager
def exclusive(key: str) -> Iterator[None]:
    """Run a transaction; no other with the same key runs at the same time.

    SQLite has one writer at a time anyway. PostgreSQL takes an advisory lock until the end.
    """
    with database.atomic():
        if isinstance(database.obj, PostgresqlDatabase):
            number = int.from_bytes(sha256(key.encode()).digest()[:8], signed=True)
            database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (number,))
        yield
