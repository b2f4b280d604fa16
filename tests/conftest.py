"""Parts that the tests share: a fresh migrated database, the services over it, a clock."""

import base64
import functools
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from jinja2 import FileSystemBytecodeCache
from peewee import Database
from playhouse.pool import PooledDatabase
from ssoko.app import Site, build_services
from ssoko.config import Config, load_config
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.people.users import UserView, create_user
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.db import connect
from ssoko.store.ids import random_id
from ssoko.store.migrate import migrate

#: A password that is good enough everywhere.
PASSWORD = "weathered teapot 41"

#: Which database the ``services`` fixture opens: "sqlite" or "postgres". CI runs with each.
ENGINE = os.environ.get("SSOKO_TEST_ENGINE", "sqlite")


class Clock:
    """Seconds since the epoch that pass when a test says so; 24 November 2026, 09:14:07 UTC."""

    def __init__(self, now: int = 1_795_511_647) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> None:
        self.now += seconds + 60 * (minutes + 60 * (hours + 24 * days))


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compile each template once a run, not once for every site of a test."""
    folder = tmp_path_factory.mktemp("templates")
    Site.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(folder))}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file, to be copied by every test that wants a database."""
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite3"
    bound = connect(f"sqlite:///{path}")
    migrate(bound)
    bound.close()
    return path


@pytest.fixture
def sqlite(migrated: Path, tmp_path: Path) -> str:
    """Return the URL of a migrated SQLite database of this test's own."""
    path = tmp_path / "ssoko.sqlite3"
    shutil.copy(migrated, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL of the tests' own; the URL lacks only the name of a database.

    It sorts as people do (ICU), not by bytes, which is where it differs most from SQLite.
    """
    folder = Path(tempfile.mkdtemp(prefix="ssoko-postgres-"))
    owner = _server_owner(folder)
    data, port = folder / "data", _free_port()
    run = functools.partial(
        subprocess.run, check=True, stdout=subprocess.DEVNULL, cwd=folder, user=owner, timeout=60
    )
    locale = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
    init = [_program("initdb"), "-D", data, "-U", "ssoko", "-A", "trust", "-E", "UTF8"]
    run([*init, *locale, "--no-sync"])
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=60"
    control = [_program("pg_ctl"), "-D", data, "-w"]
    try:
        run([*control, "-l", folder / "log", "-o", options, "start"])
        yield f"postgresql://ssoko@127.0.0.1:{port}"
    finally:
        run([*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """Migrate one database, to be copied by every test that wants one."""
    _execute(postgres_server, "CREATE DATABASE migrated")
    bound = connect(f"{postgres_server}/migrated")
    migrate(bound)
    bound.close_all()
    return "migrated"


@pytest.fixture
def postgres(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """Return the URL of a migrated PostgreSQL database of this test's own."""
    name = f"test_{random_id(12)}"
    _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield f"{postgres_server}/{name}"
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated database; a test that takes this runs once with each engine."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return settings as ``ssoko init`` leaves them."""
    return load_config(
        {
            "SSOKO_DATA_DIR": str(tmp_path),
            "SSOKO_BASE_URL": "https://sso.example",
            "SSOKO_SECRET_KEY": "s" * 32,
            "SSOKO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
        }
    )


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until a test moves it."""
    return Clock()


@pytest.fixture
def open_database() -> Iterator[Callable[[str], Database]]:
    """Return a function that binds the models to a URL; the test's end closes what it opened."""
    opened: list[Database] = []

    def open_at(url: str) -> Database:
        opened.append(connect(url))
        return opened[-1]

    yield open_at
    for bound in opened:
        bound.close()
        if isinstance(bound, PooledDatabase):
            bound.close_all()


@pytest.fixture
def open_services(
    config: Config, clock: Clock, open_database: Callable[[str], Database]
) -> Callable[[str], Services]:
    """Return a function that opens a database and gives the services over it."""

    def open_at(url: str) -> Services:
        open_database(url).connect()
        services = build_services(replace(config, database_url=url))
        return replace(services, clock=clock, hasher=Hasher(memory_cost=64, time_cost=1))

    return open_at


@pytest.fixture
def services(request: pytest.FixtureRequest, open_services: Callable[[str], Services]) -> Services:
    """Return the services over a fresh database, with a connection open in this thread."""
    return open_services(request.getfixturevalue(ENGINE))


@pytest.fixture
def workspace(services: Services) -> WorkspaceView:
    """Return the workspace Acme."""
    return create_workspace(services, SYSTEM, slug="acme", name="Acme", contact="it@acme.test")


@pytest.fixture
def user(services: Services, workspace: WorkspaceView) -> UserView:
    """Return Amina, who may sign in and nothing else."""
    return create_user(
        Scope(services, workspace.id, SYSTEM),
        username="amina",
        email="amina@acme.test",
        first_name="Amina",
        last_name="Otieno",
        password=PASSWORD,
    )


@pytest.fixture
def admin(services: Services, workspace: WorkspaceView) -> UserView:
    """Return Joseph, the admin of Acme."""
    return create_user(
        Scope(services, workspace.id, SYSTEM),
        username="joseph",
        email="joseph@acme.test",
        first_name="Joseph",
        last_name="Mwangi",
        password=PASSWORD,
        admin=True,
    )


@pytest.fixture
def actor(admin: UserView) -> Actor:
    """Return Joseph as whoever causes a change."""
    return Actor("user", admin.id, admin.display_name, "192.0.2.10")


@pytest.fixture
def scope(services: Services, workspace: WorkspaceView, actor: Actor) -> Scope:
    """Return what Joseph does in Acme."""
    return Scope(services, workspace.id, actor)


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is missing; install PostgreSQL: apt install postgresql")
    return path


def _server_owner(folder: Path) -> str | None:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return None
    owner = "postgres" if any(u.pw_name == "postgres" for u in pwd.getpwall()) else "nobody"
    shutil.chown(folder, owner)
    return owner


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def build_wheel(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Return a function that builds the wheel of a project folder, from a copy of it."""

    def build(project: Path) -> Path:
        work = tmp_path_factory.mktemp("wheel")
        copy = shutil.copytree(
            project,
            work / "project",
            ignore=shutil.ignore_patterns(
                ".*", "build", "dist", "*.egg-info", "__pycache__", "node_modules", "data"
            ),
        )
        # An environment of its own costs ten seconds a wheel and a connection to the index.
        command = ["pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(work), str(copy)]
        if importlib.util.find_spec("setuptools") and importlib.util.find_spec("wheel"):
            command.append("--no-build-isolation")
        subprocess.run([sys.executable, "-m", *command], check=True)
        (wheel,) = work.glob("*.whl")
        return wheel

    return build


@pytest.fixture(scope="session")
def protocol_schema() -> Any:
    """The OASIS schema of messages."""
    return _oasis_schema("protocol")


@pytest.fixture(scope="session")
def metadata_schema() -> Any:
    """The OASIS schema of metadata."""
    return _oasis_schema("metadata")


def _oasis_schema(name: str) -> Any:
    import onelogin.saml2
    from lxml import etree

    folder = Path(onelogin.saml2.__path__[0]) / "schemas"
    return etree.XMLSchema(etree.parse(folder / f"saml-schema-{name}-2.0.xsd"))
