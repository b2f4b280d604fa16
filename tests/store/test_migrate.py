"""Migrations on both engines, also with concurrent processes."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from peewee import Database
from playhouse.schema_diff import diff_models
from ssoko.errors import MigrationPending
from ssoko.store.migrate import HISTORY, directory, migrate, pending, require_current
from ssoko.store.models import TABLES

Open = Callable[[str], Database]

FILES = sorted(path.stem for path in directory().glob("[0-9]*.py"))


def test_migrated_schema_equals_the_models(either: str, open_database: Open) -> None:
    database = open_database(either)
    difference = diff_models(database, TABLES)
    assert not difference, str(difference)


def test_applied_migrations_are_not_pending(either: str, open_database: Open) -> None:
    database = open_database(either)
    assert pending(database) == []
    require_current(database)
    assert migrate(database) == []


def test_database_is_refused_until_it_is_migrated(tmp_path: Path, open_database: Open) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert pending(database) == FILES
    with pytest.raises(MigrationPending, match="ssoko migrate"):
        require_current(database)
    assert migrate(database) == FILES
    require_current(database)


def test_three_concurrent_processes_migrate_once(tmp_path: Path, open_database: Open) -> None:
    url = f"sqlite:///{tmp_path / 'raced.sqlite3'}"
    database = open_database(url)
    applied: list[list[str]] = []

    def run() -> None:
        applied.append(migrate(database))
        database.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [[], [], FILES]


def test_history_lists_every_migration(either: str, open_database: Open) -> None:
    database = open_database(either)
    rows = database.execute_sql(f"SELECT name FROM {HISTORY} ORDER BY name").fetchall()  # noqa: S608 - a constant
    assert [row[0] for row in rows] == FILES
