"""Database connections: URLs, errors, settings, transactions."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from peewee import Database
from ssoko.errors import ConfigError, Unavailable
from ssoko.store.db import ping, session
from ssoko.store.ids import new_id, random_id
from ssoko.store.models.people import User
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace

Open = Callable[[str], Database]


@pytest.mark.parametrize("url", ["", "ssoko.sqlite3", "mysql://host/name", "sqlite:////no/where/x"])
def test_unsupported_database_url_is_refused_with_an_example(url: str, open_database: Open) -> None:
    with pytest.raises(ConfigError, match="SSOKO_DATABASE_URL"):
        open_database(url)


def test_database_runs_queries(either: str, open_database: Open) -> None:
    open_database(either)
    ping()


def test_missing_database_raises_unavailable(tmp_path: Path, open_database: Open) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    open_database(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match="Try again"):
        ping()


def test_unreachable_server_raises_unavailable(open_database: Open) -> None:
    open_database("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")
    with pytest.raises(Unavailable):
        ping()


def test_sqlite_has_the_required_settings(sqlite: str, open_database: Open) -> None:
    open_database(sqlite)
    with session():
        assert database.execute_sql("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute_sql("PRAGMA foreign_keys").fetchone() == (1,)
        assert database.execute_sql("PRAGMA busy_timeout").fetchone() == (5000,)


def test_failed_transaction_is_rolled_back(either: str, open_database: Open) -> None:
    open_database(either)
    with session():
        with pytest.raises(RuntimeError), database.atomic():
            Workspace.create(slug="acme", name="Acme", created_at=1)
            raise RuntimeError("in the middle")
        assert Workspace.select().count() == 0


def test_deleting_a_workspace_deletes_its_users(either: str, open_database: Open) -> None:
    open_database(either)
    with session():
        acme = Workspace.create(slug="acme", name="Acme", created_at=1)
        User.create(workspace=acme, username="a", username_key="a", created_at=1, updated_at=1)
        acme.delete_instance()
        assert User.select().count() == 0


def test_ids_sort_by_creation() -> None:
    made = [new_id() for _ in range(1000)]
    assert {len(i) for i in made} == {22}
    assert made == sorted(set(made))
    assert len({random_id() for _ in range(1000)}) == 1000


def test_backup_of_a_database_in_use_can_be_opened(
    sqlite: str, tmp_path: Path, open_database: Open
) -> None:
    open_database(sqlite)
    with session():
        Workspace.create(slug="acme", name="Acme", created_at=1)
        with sqlite3.connect(tmp_path / "copy.sqlite3") as copy:
            database.connection().backup(copy)
        copy.close()
    open_database(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    with session():
        assert Workspace.get().slug == "acme"
