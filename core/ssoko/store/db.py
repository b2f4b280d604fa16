"""Connect to the database of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from peewee import Database, InterfaceError, OperationalError, SqliteDatabase

from ssoko.errors import ConfigError, Unavailable
from ssoko.store.models.table import database

#: Seconds that a writer waits for another writer, on SQLite.
BUSY_TIMEOUT = 5

_PRAGMAS = {
    "journal_mode": "wal",
    "busy_timeout": BUSY_TIMEOUT * 1000,
    "foreign_keys": 1,
    "synchronous": "normal",
    "cache_size": -32_000,
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
    from playhouse.db_url import parse

    try:
        from playhouse.postgres_ext import PooledPsycopg3Database
    except ImportError as error:
        raise ConfigError(
            "SSOKO_DATABASE_URL: PostgreSQL needs its driver: pip install 'ssoko[postgres]'"
        ) from error
    options: dict[str, Any] = {"max_connections": 32, "stale_timeout": 300, "timeout": 5}
    options |= parse(url, unquote_password=True, unquote_user=True)
    return PooledPsycopg3Database(options.pop("database"), **options)


@contextmanager
def session() -> Iterator[None]:
    """Hold a connection for one request or command; it stays open for the thread's next one.

    :raises Unavailable: when the database does not respond.
    """
    try:
        database.connect(reuse_if_open=True)
        yield
    except (InterfaceError, OperationalError) as error:
        database.close()
        raise Unavailable("The database does not respond. Try again in a moment.") from error


def ping() -> None:
    """Ask the database for one row.

    :raises Unavailable: when it does not respond.
    """
    with session():
        database.execute_sql("SELECT 1").fetchone()
