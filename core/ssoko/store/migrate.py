"""Apply migrations, one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from peewee import Database, SqliteDatabase
from playhouse.migrations import Runner

from ssoko.errors import MigrationPending, SchemaTooNew, Unavailable

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
    return [m.name for m in _runner(database).status() if m.applied is None]


def unknown(database: Database) -> list[str]:
    """Return the names of the applied migrations that this Ssoko does not have."""
    return [m.name for m in _runner(database).status() if m.path is None]


def require_current(database: Database) -> None:
    """Refuse a schema that is not the one of this code.

    :raises SchemaTooNew: naming what is unknown.
    :raises MigrationPending: naming what is missing and the command that applies it.
    """
    require_known(database)
    names = pending(database)
    if names:
        raise MigrationPending(
            f"The database is behind by {len(names)} migration(s), first {names[0]}. "
            "Run: ssoko migrate"
        )


def migrate(database: Database) -> list[str]:
    """Apply the pending migrations under a lock and return their names; safe to run twice.

    :raises SchemaTooNew: when a newer Ssoko has migrated the database.
    """
    database.connect(reuse_if_open=True)
    require_known(database)
    with _lock(database):
        return list(_runner(database).up())


def require_known(database: Database) -> None:
    """Refuse a schema that a newer Ssoko has made.

    :raises SchemaTooNew: naming what is unknown.
    """
    names = unknown(database)
    if names:
        raise SchemaTooNew(
            f"The database is newer than this Ssoko: it has the migration {names[-1]}. "
            "Install the newer Ssoko again, or restore a backup from before it"
        )


def _runner(database: Database) -> Runner:
    return Runner(database, str(directory()), table_name=HISTORY)


@contextmanager
def _lock(database: Database) -> Iterator[None]:
    if isinstance(database, SqliteDatabase):
        with _file_lock(Path(f"{database.database}.migrate.lock")):
            yield
        return
    # The lock ends with the transaction: a pooler may give each transaction another connection.
    with database.atomic():
        database.execute_sql("SET LOCAL statement_timeout = 0")
        database.execute_sql("SET LOCAL lock_timeout = 0")
        database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
        yield


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
