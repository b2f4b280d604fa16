"""Connections to PostgreSQL: time limits on each, and poolers between."""

import logging
import re
from typing import Any

import psycopg
from peewee import Database
from playhouse.postgres_ext import PooledPsycopg3Database, Psycopg3ExtAdapter
from psycopg.conninfo import conninfo_to_dict

from ssoko.errors import ConfigError

log = logging.getLogger(__name__)

#: Connections of one process: more than it may have threads.
MAX_CONNECTIONS = 80

#: Of the pool, not of the driver.
_POOL = {"max_connections": MAX_CONNECTIONS, "stale_timeout": 300, "timeout": 5}

#: Seconds and milliseconds until a server or a network that is gone is noticed.
_LIMITS = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "ssoko",
    # Of a transaction that waits for its own program, too: a stopped process must not hold locks.
    "options": "-c statement_timeout=15s -c lock_timeout=10s "
    "-c idle_in_transaction_session_timeout=60s",
}


class _Adapter(Psycopg3ExtAdapter):  # type: ignore[misc]  # playhouse has no types
    """Connects through poolers such as PgBouncer in transaction mode as well."""

    def connect(self, db: Database, **params: Any) -> Any:
        try:
            connection = super().connect(db, **params)
        except psycopg.OperationalError as error:
            if "startup parameter" not in str(error):
                raise
            # PgBouncer refuses parameters that it cannot set on the connections it shares.
            connection = super().connect(db, **{k: v for k, v in params.items() if k != "options"})
        connection.autocommit = True
        if _is_pooler(connection):
            # A statement that was prepared on one connection is unknown on the next one.
            connection.prepare_threshold = None
            log.debug("connected through a pooler; statements are not prepared")
        return connection


class _Pool(PooledPsycopg3Database):  # type: ignore[misc]  # playhouse has no types
    psycopg3_adapter = _Adapter


def open_pool(url: str) -> Database:
    """Return the database at ``url``; no connection is opened yet.

    :param url: of libpq, which allows several hosts and ``target_session_attrs=read-write``.
    :raises ConfigError: when libpq cannot read it.
    """
    url = "postgresql://" + url.partition("://")[2]
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        given = {}
    # A password with an unescaped character ends up in the host or the port.
    misread = "@" in str(given.get("host", "")) or re.search(r"[^0-9,]", str(given.get("port", "")))
    if not given.get("dbname") or misread:
        raise ConfigError(
            "SSOKO_DATABASE_URL: write postgresql://user:password@host:port/name, with @ / : and % "
            "in the password as %40 %2F %3A and %25"
        )
    limits = {name: value for name, value in _LIMITS.items() if name not in given}
    return _Pool(url, **_POOL, **limits)  # type: ignore[no-any-return]


def _is_pooler(connection: Any) -> bool:
    """Tell whether another process than the one that accepted the connection runs statements."""
    row = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    return bool(row[0] != connection.info.backend_pid)
