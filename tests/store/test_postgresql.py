"""Connections to PostgreSQL: their time limits, and what happens when the server changes."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from peewee import Database
from ssoko.errors import ConfigError, Unavailable
from ssoko.store.db import ping, session
from ssoko.store.migrate import migrate
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


@pytest.fixture
def bouncer(postgres: str) -> Iterator[str]:
    """Start PgBouncer in transaction mode in front of a database, and return its URL."""
    folder = Path(tempfile.mkdtemp(prefix="ssoko-pgbouncer-"))
    folder.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    place, _, name = postgres.rpartition("/")
    server = place.rpartition(":")[2]
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{name} = host=127.0.0.1 port={server} user=ssoko\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\ndefault_pool_size = 3\n"
    )
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "pgbouncer is missing; run .ci/packages"
    # It refuses to run as root.
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    command = [program, "-q", *user, str(folder / "pgbouncer.ini")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        time.sleep(0.1)
    yield f"postgresql://ssoko@127.0.0.1:{port}/{name}"
    process.terminate()
    process.wait(timeout=30)
    shutil.rmtree(folder)


@pytest.mark.release
def test_pgbouncer_in_transaction_mode_works(bouncer: str, open_database: Open) -> None:
    opened = open_database(bouncer)
    with session():
        assert migrate(opened) == []
        assert database.connection().prepare_threshold is None
    errors: list[Exception] = []

    def work(thread: int) -> None:
        try:
            for n in range(20):
                with session(), database.atomic():
                    Workspace.create(slug=f"w{thread}-{n}", name="W", created_at=1)
                    assert Workspace.get(Workspace.slug == f"w{thread}-{n}").name == "W"
        except Exception as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with session():
        assert Workspace.select().count() == 120
