"""Connections to PostgreSQL: their time limits, and what happens when the server changes."""

from collections.abc import Callable

import pytest
from peewee import Database
from ssoko.errors import ConfigError, Unavailable
from ssoko.store.db import ping, session
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace
from ssoko.store.postgresql import MAX_CONNECTIONS, open_pool

Open = Callable[[str], Database]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40ss@host/name",
        "postgresql://u:pa#ss@host/name",
        "postgres://host:5433/name",
        "postgresql://one:5432,two:5432/name?target_session_attrs=read-write",
        "postgresql://u:p@[::1]:5432/name",
        "postgresql:///name?host=/run/postgresql",
    ],
)
def test_a_url_of_libpq_is_accepted(url: str) -> None:
    assert str(open_pool(url).database).startswith("postgresql://")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@ss@host/name",
        "postgresql://u:p/ss@host/name",
        "postgresql://u:100%@host/name",
        "postgresql://host",
        "postgresql://host/name?no_such_option=1",
    ],
)
def test_a_url_that_is_misread_is_refused_with_how_to_write_it(url: str) -> None:
    with pytest.raises(ConfigError, match="%40"):
        open_pool(url)


def test_every_thread_has_a_connection() -> None:
    # The largest --threads, and those that fetch metadata.
    assert MAX_CONNECTIONS > 64 + 4


def test_statements_and_locks_have_a_time_limit(postgres: str, open_database: Open) -> None:
    open_database(postgres)
    with session():
        shown = {
            name: database.execute_sql(f"SHOW {name}").fetchone()[0]
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
            )
        }
    assert shown == {
        "statement_timeout": "15s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
    }


def test_the_url_changes_a_time_limit(postgres: str, open_database: Open) -> None:
    open_database(f"{postgres}?options=-c%20statement_timeout%3D200")
    with pytest.raises(Unavailable) as down, session():
        database.execute_sql("SELECT pg_sleep(3)")
    assert down.value.cause == "a statement took too long"
    ping()


def test_a_server_that_was_read_only_heals_by_itself(postgres: str, open_database: Open) -> None:
    open_database(postgres)
    name = postgres.rpartition("/")[2]

    def create(slug: str) -> None:
        with session():
            Workspace.create(slug=slug, name=slug, created_at=1)

    with session():
        database.execute_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        database.manual_close()
    with pytest.raises(Unavailable) as down:
        create("acme")
    assert down.value.cause == "it is read-only"
    with session():
        database.execute_sql("SET default_transaction_read_only = off")
        database.execute_sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        database.manual_close()
    create("acme")


def test_connections_that_the_server_closed_are_replaced(
    postgres: str, open_database: Open
) -> None:
    open_database(postgres)
    ping()
    with pytest.raises(Unavailable), session():
        database.execute_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    ping()


def test_statements_are_not_prepared_behind_a_pooler(
    postgres: str, open_database: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssoko.store.postgresql._is_pooler", lambda connection: True)
    open_database(postgres)
    with session():
        assert database.connection().prepare_threshold is None
