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
    """Mark every test of this folder as a release check."""
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
    """Return a running Ssoko, set up with the documented commands."""
    server = AttackedServer(tmp_path_factory.mktemp("attacked"))
    server.bad_web = f"127.0.0.1:{bad_web.server_port}"
    server.init()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def workspace(ssoko: Server) -> Workspace:
    """Return the workspace under attack."""
    return ssoko.workspace("attacked")


@pytest.fixture(scope="session")
def rival(ssoko: Server) -> Workspace:
    """Return another workspace on the same server, with one user."""
    other = ssoko.workspace("rival")
    other.create_user("rita")
    return other


@pytest.fixture(scope="session")
def amina(workspace: Workspace) -> dict[str, str]:
    """Return the user with access to every application."""
    return workspace.create_user("amina")


class Applications:
    """Install applications that one user has access to."""

    def __init__(self, workspace: Workspace, person: dict[str, str]) -> None:
        self.workspace, self.person = workspace, person
        self.visitor = workspace.sign_in(person["username"])

    def __call__(self, name: str, **settings: object) -> Target:
        """Install one; its SP is at ``https://<name>.example``."""
        host = f"https://{name}.example"
        settings = {"entity_id": f"{host}/metadata", "acs_urls": [f"{host}/acs"]} | settings
        application = self.workspace.application(name, assign_to=(self.person["id"],), **settings)
        return Target(
            self.workspace.server, self.workspace, application, copy.deepcopy(self.visitor)
        )


@pytest.fixture(scope="session")
def applications(workspace: Workspace, amina: dict[str, str]) -> Applications:
    """Return the installer of applications."""
    return Applications(workspace, amina)


@pytest.fixture(scope="module")
def target(applications: Applications, request: pytest.FixtureRequest) -> Target:
    """Return an application, one per module, that accepts unsigned requests."""
    module = request.module.__name__.rpartition(".")[2]
    return applications(module.replace("_", "-"), acs_indexes=[])


@pytest.fixture(scope="session")
def sp() -> kit.Identity:
    """Return the key that the SP of signed requests has registered."""
    return kit.make_identity("sp")


@pytest.fixture(scope="session")
def next_sp() -> kit.Identity:
    """Return the SP's next key, registered beside the first."""
    return kit.make_identity("sp")


@pytest.fixture(scope="session")
def thief() -> kit.Identity:
    """Return an unregistered key with the same subject as the SP's."""
    return kit.make_identity("sp")


@pytest.fixture(scope="module")
def signed(
    applications: Applications,
    sp: kit.Identity,
    next_sp: kit.Identity,
    request: pytest.FixtureRequest,
) -> Target:
    """Return an application, one per module, that requires signed requests."""
    module = request.module.__name__.rpartition(".")[2]
    target = applications(
        f"signed-{module.replace('_', '-')}",
        certificates=[sp.certificate, next_sp.certificate],
        require_signed_requests=True,
    )
    target.signer = sp
    return target


class Listener:
    """A port that counts connections."""

    def __init__(self) -> None:
        self.visits = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the URL that must never be requested."""
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
    """Return a port that counts connections."""
    port = Listener()
    yield port
    port.close()
