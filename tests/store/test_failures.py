"""Why a database failed, in a few words, whichever driver says so."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from peewee import Database, IntegrityError, OperationalError, ProgrammingError
from ssoko.errors import Unavailable
from ssoko.store import db
from ssoko.store.db import ping, redacted, session
from ssoko.store.failures import cause_of, is_failure
from ssoko.store.models.people import User
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace

Open = Callable[[str], Database]


def failure(action: Callable[[], object]) -> Unavailable:
    with pytest.raises(Unavailable) as down, session():
        action()
    return down.value


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ('connection to server at "10.0.0.1" failed: Connection refused', "refuses connections"),
        ("cannot execute INSERT in a read-only transaction", "read-only"),
        ("attempt to write a readonly database", "read-only"),
        ("canceling statement due to statement timeout", "took too long"),
        ("canceling statement due to lock timeout", "holds a lock"),
        ("database or disk is full", "disk is full"),
        ("database disk image is malformed", "damaged"),
        ("FATAL: sorry, too many clients already", "too many connections"),
        ('FATAL: password authentication failed for user "u"', "rejects the password"),
        ("terminating connection due to administrator command", "stopping"),
        ("something nobody has seen", "the connection failed"),
    ],
)
def test_the_cause_is_named_without_addresses_and_names(message: str, cause: str) -> None:
    said = cause_of(OperationalError(message))
    assert cause in said
    assert "10.0.0.1" not in said


@pytest.mark.parametrize("error", [IntegrityError("x"), ProgrammingError("syntax"), ValueError()])
def test_a_broken_rule_is_no_failure_of_the_database(error: Exception) -> None:
    assert not is_failure(error)


def test_a_missing_table_is_named(either: str, open_database: Open) -> None:
    open_database(either)
    with session():
        database.execute_sql("ALTER TABLE user_account RENAME TO elsewhere")
    down = failure(lambda: User.select().exists())
    assert "schema" in down.cause
    assert "user_account" in down.detail


def test_a_damaged_file_is_named(tmp_path: Path, open_database: Open) -> None:
    path = tmp_path / "ssoko.sqlite3"
    path.write_bytes(b"x" * 100_000)
    open_database(f"sqlite:///{path}")
    down = failure(ping)
    assert down.cause == "its file is damaged"
    assert str(path) in down.detail


def test_a_refused_connection_is_named_without_the_password(open_database: Open) -> None:
    open_database("postgresql://u:secret@127.0.0.1:1/nothing?connect_timeout=2")
    down = failure(ping)
    assert down.cause == "it refuses connections"
    assert "127.0.0.1" in down.detail
    assert "secret" not in down.detail


def test_a_failure_is_logged_once_for_many_requests(
    open_database: Open, caplog: pytest.LogCaptureFixture
) -> None:
    open_database("postgresql://u@127.0.0.1:1/nothing?connect_timeout=2")
    db._reported.clear()
    for _ in range(3):
        failure(ping)
    (record,) = [r for r in caplog.records if r.name == "ssoko.store.db"]
    assert "refused" in record.getMessage()


def test_a_locked_file_is_named(sqlite: str, open_database: Open) -> None:
    open_database(sqlite)
    with session():
        database.execute_sql("PRAGMA busy_timeout = 10")
        other = sqlite3.connect(sqlite.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        down = failure(lambda: Workspace.create(slug="acme", name="Acme", created_at=1))
        other.close()
    assert down.cause == "another process holds a lock"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p%40ss@host:5432/name?sslmode=require", "postgresql://u@host:5432/name"),
        ("postgresql://host/name", "postgresql://host/name"),
        ("postgresql://u:a:b@host/name", "postgresql://u@host/name"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted(url) == shown
