"""Fixtures of the end-to-end tests: a running Ssoko, service providers and a browser."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import service_providers
from .example_plugin_index import example_index
from .mellon import Mellon, make_certificate
from .server import Server, Workspace
from .visitor import Visitor

if TYPE_CHECKING:
    from .three_kinds import Cases

CHROMIUM = "/usr/bin/chromium"


#: The slowest files, which start first so that no worker finishes long after the others.
LONGEST = (
    "test_pages.py",
    "test_cli.py",
    "test_published.py",
    "test_tutorial.py",
    "test_conformance.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest modules first, then the other modules, then the end-to-end modules.

    By default, pytest runs all tests with a browser first and sets up every module twice.
    """
    here = Path(__file__).parent
    order = {name: place for place, name in enumerate(LONGEST)}

    def place(item: pytest.Item) -> tuple[int, str]:
        if item.path.name in order:
            return order[item.path.name], ""
        return (len(order), str(item.path)) if here in item.path.parents else (len(order) + 1, "")

    items.sort(key=place)


@pytest.fixture(scope="session")
def base_url() -> None:
    """Override the fixture of pytest-base-url, which is deprecated in pytest 9."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Start Debian's Chromium; Playwright's own browsers are not installed."""
    assert shutil.which(CHROMIUM), "Chromium is missing: apt-get install chromium"
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
    return {"executable_path": CHROMIUM, "args": quiet}


@pytest.fixture(autouse=True)
def _short_patience(request: pytest.FixtureRequest) -> None:
    """Wait ten seconds for a page, not thirty, because all servers are local."""
    if "context" in request.fixturenames:
        request.getfixturevalue("context").set_default_timeout(10_000)


@pytest.fixture(scope="session")
def ssoko(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a Ssoko server that is set up with the documented commands."""
    server = Server(tmp_path_factory.mktemp("ssoko"))
    server.index.write_bytes(example_index())
    server.init()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def workspace(ssoko: Server, request: pytest.FixtureRequest) -> Workspace:
    """Return a workspace that only this test module uses."""
    module = request.module.__name__.rpartition(".")[2]
    return ssoko.workspace(module.removeprefix("test_").replace("_", "-"))


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service_providers.Host]:
    """Run the process that serves the python3-saml service providers."""
    host = service_providers.start(tmp_path_factory.mktemp("providers"))
    yield host
    host.stop()


@pytest.fixture(scope="module")
def mellon() -> Iterator[Mellon]:
    """Return an Apache server with mod_auth_mellon, not yet started."""
    with tempfile.TemporaryDirectory(prefix="mellon-") as directory:
        apache = Mellon(Path(directory))
        yield apache
        apache.stop()


@pytest.fixture(scope="module")
def person(workspace: Workspace) -> str:
    """Return the ID of the user ``amina``."""
    return workspace.create_user("amina")["id"]


@pytest.fixture(scope="module")
def signed_in(workspace: Workspace, person: str) -> Visitor:
    """Return a visitor that is signed in to Ssoko as ``amina``."""
    return workspace.sign_in("amina")


@pytest.fixture(scope="module")
def cases(
    workspace: Workspace,
    person: str,
    mellon: Mellon,
    providers: service_providers.Host,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Cases":
    """Return what sets up providers of every kind, with a new key, for the user ``amina``."""
    # pysaml2 takes long to import.
    from .three_kinds import Cases

    home = tmp_path_factory.mktemp("keys")
    make_certificate(home)
    return Cases(workspace, person, mellon, providers, home)
