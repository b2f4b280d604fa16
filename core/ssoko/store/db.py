"""Connect to the database of this process."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from peewee import Database, SqliteDatabase
from playhouse.pool import PooledDatabase

from ssoko.errors import ConfigError, Unavailable
from ssoko.store.failures import cause_of, detail_of, is_failure
from ssoko.store.models.table import database

log = logging.getLogger(__name__)

#: Seconds that a writer waits for another writer, on SQLite.
BUSY_TIMEOUT = 5

_PRAGMAS = {
    "journal_mode": "wal",
    "busy_timeout": BUSY_TIMEOUT * 1000,
    "foreign_keys": 1,
    "synchronous": "normal",
    "cache_size": -32_000,
    # Pages of 4 kB in the log of changes, which is kept as a file beside the database.
    "wal_autocheckpoint": 250,
}


def connect(url: str) -> Database:
    """Bind the models to the database at ``url`` and return it; no connection is opened yet.

    :param url: ``sqlite:///relative.sqlite3``, ``sqlite:////absolute.sqlite3``, or
        ``postgresql://user:password@host/name``.
    :raises ConfigError: when the URL has an unknown scheme, or its driver is missing.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        bound: Database = _sqlite(url)
    elif scheme in {"postgresql", "postgres", "psycopg3", "psycopg3+pool"}:
        bound = _postgresql(url)
    else:
        raise ConfigError(
            "SSOKO_DATABASE_URL: use sqlite:///file.sqlite3 or postgresql://user@host/name, "
            f"not {scheme or 'a path without a scheme'}"
        )
    database.initialize(bound)
    return bound


def _sqlite(url: str) -> SqliteDatabase:
    path = Path(unquote(url.removeprefix("sqlite:///")))
    if not path.name or not path.parent.is_dir():
        raise ConfigError(f"SSOKO_DATABASE_URL: the folder {path.parent} does not exist; create it")
    return SqliteDatabase(str(path), pragmas=_PRAGMAS, timeout=BUSY_TIMEOUT, lock_type="IMMEDIATE")


def _postgresql(url: str) -> Database:
    try:
        from ssoko.store.postgresql import open_pool
    except ImportError as error:
        raise ConfigError(
            "SSOKO_DATABASE_URL: PostgreSQL needs its driver: pip install 'ssoko[postgres]'"
        ) from error
    return open_pool(url)


@contextmanager
def session() -> Iterator[None]:
    """Hold a connection for one request or command; it stays open for the thread's next one.

    :raises Unavailable: when the database fails, with the cause.
    """
    try:
        database.connect(reuse_if_open=True)
        yield
    except Exception as error:
        if not is_failure(error):
            raise
        _disconnect()
        cause, detail = cause_of(error), detail_of(error)
        _report(cause, f"{detail} ({_place()})")
        raise Unavailable(
            "The database does not respond. Try again in a moment.",
            cause=cause,
            detail=f"{cause}: {detail} ({_place()})",
        ) from error


def ping() -> None:
    """Ask the database for one row.

    :raises Unavailable: when it does not respond.
    """
    with session():
        database.execute_sql("SELECT 1").fetchone()


def _disconnect() -> None:
    """Close the connection, and those that wait for their next use: the server may have changed."""
    with suppress(Exception):
        if isinstance(database.obj, PooledDatabase):
            database.manual_close()
            database.close_idle()
        else:
            database.close()


def _place() -> str:
    name = str(database.obj.database)
    return redacted(name) if "://" in name else name


def redacted(url: str) -> str:
    """Return a database URL without its password."""
    scheme, mark, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{mark}{user.partition(':')[0]}{at}{host.partition('?')[0]}"


#: The same cause is logged once in so many seconds: every request has it.
_QUIET = 10
_reported: dict[str, float] = {}


def _report(cause: str, detail: str) -> None:
    now = time.monotonic()
    if now - _reported.get(cause, -_QUIET) >= _QUIET:
        _reported[cause] = now
        log.error("The database does not respond: %s: %s", cause, detail)
