"""MD-07, DNS rebinding: a host has a public IP address at the check, and a local one after."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..e2e.server import ApiError, Server, Workspace

#: Python runs this before anything else. 192.88.99.1 counts as public, and no server responds there
#: since RFC 7526 took it out of use.
RESOLVER = """
import os, socket
usual, asked = socket.getaddrinfo, os.environ["LOOKED_UP"]

def rebinding(host, port, *more, **options):
    if host != "rebind.example":
        return usual(host, port, *more, **options)
    with open(asked, "a") as names:
        first = names.tell() == 0
        names.write(host + "\\n")
    address = "192.88.99.1" if first else "127.0.0.1"
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

socket.getaddrinfo = rebinding
"""


class Rebound(Server):
    """A Ssoko whose resolver returns another IP address the second time."""

    @property
    def looked_up(self) -> Path:
        """Return the file with the names that were looked up."""
        return self.directory / "looked-up"

    def environment(self) -> dict[str, str]:
        """Return the settings, and a path on which Python finds the resolver."""
        place = self.directory / "resolver"
        place.mkdir(exist_ok=True)
        (place / "sitecustomize.py").write_text(RESOLVER)
        usual = Server.environment(self)
        path = os.pathsep.join(filter(None, [str(place), usual.get("PYTHONPATH")]))
        return usual | {"PYTHONPATH": path, "LOOKED_UP": str(self.looked_up)}


@pytest.fixture(scope="module")
def rebound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    server = Rebound(tmp_path_factory.mktemp("rebound"))
    server.init()
    workspace = server.workspace("rebound")
    server.start()
    yield workspace
    server.stop()


def test_md_07_a_host_is_resolved_once_and_that_ip_address_is_contacted(rebound: Workspace) -> None:
    with pytest.raises(ApiError) as refusal:
        rebound.api.post("/applications/metadata", url="https://rebind.example/metadata")
    assert refusal.value.status == 422
    # What is said of the address depends on the network: that no server responds, or the wrong one.
    assert '"errors":{"url":' in refusal.value.problem
    assert rebound.server.looked_up.read_text().split() == ["rebind.example"]
    assert rebound.api.items("/applications") == []
