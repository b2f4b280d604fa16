"""Why a database failed: one place that reads the errors of both drivers."""

import sqlite3

from peewee import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from playhouse.pool import MaxConnectionsExceeded  # type: ignore[import-untyped]

#: Part of the driver's message, in lowercase, to the cause. The first that fits is used.
_CAUSES = (
    ("no such table", "the schema is incomplete"),
    ("no such column", "the schema is incomplete"),
    ("read-only transaction", "it is read-only"),
    ("readonly database", "it is read-only"),
    ("session is read-only", "no server accepts writes"),
    ("in hot standby mode", "no server accepts writes"),
    ("statement timeout", "a statement took too long"),
    ("lock timeout", "another transaction holds a lock"),
    ("database is locked", "another process holds a lock"),
    ("deadlock detected", "two transactions waited for each other"),
    ("disk is full", "its disk is full"),
    ("no space left", "its disk is full"),
    ("disk i/o error", "its disk has errors"),
    ("malformed", "its file is damaged"),
    ("not a database", "its file is damaged"),
    ("unable to open database file", "its file cannot be opened"),
    ("password authentication failed", "it rejects the password"),
    ("no password supplied", "it requires a password"),
    ("no pg_hba.conf entry", "it does not allow this server"),
    ("too many connections", "it has too many connections"),
    ("too many clients", "it has too many connections"),
    ("remaining connection slots", "it has too many connections"),
    ("max connections exceeded", "all connections are in use"),
    ("connection refused", "it refuses connections"),
    ("failed to resolve host", "its host name is unknown"),
    ("could not translate host name", "its host name is unknown"),
    ("is starting up", "it is starting"),
    ("is shutting down", "it is stopping"),
    ("terminating connection", "it is stopping"),
    ("timeout expired", "it does not respond in time"),
    ("timed out", "it does not respond in time"),
    ("does not exist", "the database or its schema does not exist"),
    ("ssl", "the encrypted connection failed"),
)

#: Characters of a driver's message.
_LONGEST = 300

#: SQLSTATE of a missing table or column (PostgreSQL, appendix A).
_MISSING = frozenset({"42P01", "42703"})


def is_failure(error: Exception) -> bool:
    """Tell whether the database failed, as opposed to a statement that breaks a rule of it."""
    if isinstance(error, InterfaceError | OperationalError | InternalError):
        return True
    if isinstance(error, MaxConnectionsExceeded | sqlite3.OperationalError):
        return True
    if isinstance(error, ProgrammingError):
        # Peewee keeps the driver's error as an argument or as the context.
        origins = (error.__cause__, error.__context__, *error.args)
        return any(getattr(origin, "sqlstate", None) in _MISSING for origin in origins)
    # SQLite reports a damaged file with the base class.
    return type(error) in {DatabaseError, sqlite3.DatabaseError}


def cause_of(error: Exception) -> str:
    """Return the cause in a few words, without names, addresses or values."""
    text = str(error).lower()
    return next((cause for part, cause in _CAUSES if part in text), "the connection failed")


def detail_of(error: Exception) -> str:
    """Return what the driver said, on one line."""
    return " ".join(str(error).split())[:_LONGEST]
