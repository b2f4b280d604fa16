"""The parts that the end-to-end tests share: a running Ssoko, service providers, a browser."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import service_providers
from .mellon import Mellon
from .offers import example_index
from .server import Server, Workspace

CHROMIUM = "/usr/bin/chromium"


#: Files that take longest, so that no worker is left alone with one of them at the end.
LONGEST = (
    "test_pages.py",
    "test_cli.py",
    "test_published.py",
    "test_tutorial.py",
    "test_conformance.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module together, the longest modules first, then what needs a browser.

    pytest would run all those with a browser first, and set every module up twice.
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
    """Take the place of pytest-base-url's fixture, which pytest 9 calls deprecated."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Start Debian's Chromium; Playwright brings no browser of its own here."""
    assert shutil.which(CHROMIUM), "Chromium is missing: apt-get install chromium"
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
    return {"executable_path": CHROMIUM, "args": quiet}


@pytest.fixture(autouse=True)
def _short_patience(request: pytest.FixtureRequest) -> None:
    """Wait ten seconds for a page, not thirty: all the servers are on this machine."""
    if "context" in request.fixturenames:
        request.getfixturevalue("context").set_default_timeout(10_000)


@pytest.fixture(scope="session")
def ssoko(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running Ssoko that was set up with the documented commands."""
    server = Server(tmp_path_factory.mktemp("ssoko"))
    server.index.write_bytes(example_index())
    server.init()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def workspace(ssoko: Server, request: pytest.FixtureRequest) -> Workspace:
    """Return a workspace of this test module's own."""
    module = request.module.__name__.rpartition(".")[2]
    return ssoko.workspace(module.removeprefix("test_").replace("_", "-"))


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service_providers.Host]:
    """Return the process that plays python3-saml service providers."""
    host = service_providers.start(tmp_path_factory.mktemp("providers"))
    yield host
    host.stop()


@pytest.fixture(scope="module")
def mellon() -> Iterator[Mellon]:
    """Return an Apache with mod_auth_mellon, not started yet."""
    with tempfile.TemporaryDirectory(prefix="mellon-") as directory:
        apache = Mellon(Path(directory))
        yield apache
        apache.stop()
