"""A running Ssoko to attack, with one application of each kind."""

import copy
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..e2e.server import Server, Workspace
from . import kit
from .bad_web import BadWeb
from .site import Target


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: the catalogue of attacks is a proof of a release."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("e2e")
            item.add_marker("release")


@pytest.fixture(scope="session")
def base_url() -> None:
    """Take the place of pytest-base-url's fixture, which pytest 9 calls deprecated."""


class AttackedServer(Server):
    """A server that may fetch metadata from the one port where they are bad."""

    bad_web: str = ""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"SSOKO_METADATA_FETCH_ALLOW": self.bad_web}


@pytest.fixture(scope="session")
def bad_web() -> Iterator[BadWeb]:
    """Return a web server that misbehaves."""
    with BadWeb() as web:
        yield web


@pytest.fixture(scope="session")
def ssoko(tmp_path_factory: pytest.TempPathFactory, bad_web: BadWeb) -> Iterator[Server]:
    """Return a running Ssoko that was set up with the documented commands."""
    server = AttackedServer(tmp_path_factory.mktemp("attacked"))
    server.bad_web = f"127.0.0.1:{bad_web.server_port}"
    server.init()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def workspace(ssoko: Server) -> Workspace:
    """Return the workspace that is attacked."""
    return ssoko.workspace("attacked")


@pytest.fixture(scope="session")
def rival(ssoko: Server) -> Workspace:
    """Return another workspace on the same server, with somebody in it."""
    other = ssoko.workspace("rival")
    other.person("rita")
    return other


@pytest.fixture(scope="session")
def amina(workspace: Workspace) -> dict[str, str]:
    """Return the person who may use every application."""
    return workspace.person("amina")


class Applications:
    """Make applications that one person may use."""

    def __init__(self, workspace: Workspace, person: dict[str, str]) -> None:
        self.workspace, self.person = workspace, person
        self.visitor = workspace.sign_in(person["username"])

    def __call__(self, name: str, **settings: object) -> Target:
        """Install one; its SP is at ``https://<name>.example``."""
        host = f"https://{name}.example"
        settings = {"entity_id": f"{host}/metadata", "acs_urls": [f"{host}/acs"]} | settings
        made = self.workspace.application(name, give_to=(self.person["id"],), **settings)
        return Target(self.workspace.server, self.workspace, made, copy.deepcopy(self.visitor))


@pytest.fixture(scope="session")
def applications(workspace: Workspace, amina: dict[str, str]) -> Applications:
    """Return what makes applications."""
    return Applications(workspace, amina)


@pytest.fixture(scope="module")
def target(applications: Applications, request: pytest.FixtureRequest) -> Target:
    """Return an application of the module's own that takes unsigned requests."""
    module = request.module.__name__.rpartition(".")[2]
    return applications(module.replace("_", "-"), acs_indexes=[])


@pytest.fixture(scope="session")
def sp() -> kit.Identity:
    """Return the key that the SP of signed requests has registered."""
    return kit.make_identity("sp")


@pytest.fixture(scope="session")
def next_sp() -> kit.Identity:
    """Return the key that the SP rolls over to, registered beside the first."""
    return kit.make_identity("sp")


@pytest.fixture(scope="session")
def thief() -> kit.Identity:
    """Return a key that nobody has registered, with the subject of the SP's."""
    return kit.make_identity("sp")


@pytest.fixture(scope="module")
def signed(
    applications: Applications,
    sp: kit.Identity,
    next_sp: kit.Identity,
    request: pytest.FixtureRequest,
) -> Target:
    """Return an application of the module's own that takes only signed requests."""
    module = request.module.__name__.rpartition(".")[2]
    made = applications(
        f"signed-{module.replace('_', '-')}",
        certificates=[sp.certificate, next_sp.certificate],
        require_signed_requests=True,
    )
    made.signer = sp
    return made


class Listener:
    """A port that counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the address that nobody should come to."""
        return f"http://127.0.0.1:{self.port}/secret"

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Return a port that counts who comes."""
    port = Listener()
    yield port
    port.close()
