"""Apply migrations, one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from peewee import Database, SqliteDatabase
from playhouse.migrations import Runner

from ssoko.errors import MigrationPending, Unavailable

HISTORY = "schema_migration"

#: Key of the advisory lock on PostgreSQL: "ssoko" in ASCII.
_LOCK_KEY = 0x73736F6B6F


def directory() -> Path:
    """Return the folder of migration files, installed or in a checkout."""
    if find_spec("ssoko.migrations") is not None:
        return Path(str(files("ssoko.migrations")))
    return Path(__file__).parents[3] / "migrations"


def pending(database: Database) -> list[str]:
    """Return the names of the migrations that have not been applied."""
    runner = Runner(database, str(directory()), table_name=HISTORY)
    return [m.name for m in runner.status() if m.applied is None]


def require_current(database: Database) -> None:
    """Refuse an outdated schema.

    :raises MigrationPending: naming what is missing and the command that applies it.
    """
    names = pending(database)
    if names:
        raise MigrationPending(
            f"The database is behind by {len(names)} migration(s), first {names[0]}. "
            "Run: ssoko migrate"
        )


def migrate(database: Database) -> list[str]:
    """Apply the pending migrations under a lock and return their names; safe to run twice."""
    database.connect(reuse_if_open=True)
    with _lock(database):
        return list(Runner(database, str(directory()), table_name=HISTORY).up())


@contextmanager
def _lock(database: Database) -> Iterator[None]:
    if isinstance(database, SqliteDatabase):
        with _file_lock(Path(f"{database.database}.migrate.lock")):
            yield
        return
    database.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
    try:
        yield
    finally:
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (_LOCK_KEY,))


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError as error:  # pragma: no cover - there is no fcntl on Windows
        raise Unavailable(
            "Migrating SQLite needs file locks, which this system does not have; use PostgreSQL"
        ) from error
    # The kernel releases the lock with the process, so a killed migration leaves no lock.
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
