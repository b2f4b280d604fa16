"""Service providers by python3-saml in another process, as the tests see them."""

import json
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .server import free_port, wait_for

EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """One provider of the process."""

    host: "Host"
    name: str

    @property
    def entity_id(self) -> str:
        """Return the entity ID, a URN so that nobody mistakes it for an address."""
        return f"urn:example:sp:{self.name}"

    @property
    def acs_url(self) -> str:
        """Return the address that takes responses."""
        return self.url("acs")

    def url(self, path: str, **query: str) -> str:
        """Return one of the provider's addresses."""
        address = f"{self.host.url}/sp/{self.name}/{path}"
        return f"{address}?{urllib.parse.urlencode(query)}" if query else address

    def trust(self, metadata: dict[str, str], **more: Any) -> None:
        """Tell the provider the values that an admin copies from the Metadata tab."""
        idp = {k: metadata[k] for k in ("entity_id", "login_endpoint", "certificate")}
        self.configure(idp=idp, **more)

    def configure(self, *, idp: dict[str, str], **more: Any) -> None:
        """Tell the provider everything it is to know."""
        told = {"entity_id": self.entity_id, "acs_url": self.acs_url, "idp": idp, **more}
        request = urllib.request.Request(
            f"{self.host.url}/sp/{self.name}",
            data=json.dumps(told).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=10):
            pass

    def answers(self) -> list[dict[str, Any]]:
        """Return what the provider made of every response it got, oldest first."""
        with urllib.request.urlopen(self.url("answers"), timeout=10) as response:
            return json.load(response)


@dataclass(frozen=True, slots=True)
class Host:
    """The process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return the base URL; an address, so that Ssoko on localhost is another site."""
        return f"http://127.0.0.1:{self.port}"

    def provider(self, name: str) -> ServiceProvider:
        """Return the provider of this name."""
        return ServiceProvider(self, name)

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(timeout=10)


def start(directory: Path) -> Host:
    """Start the process and return once it listens."""
    port = free_port()
    path = directory / "service-providers.log"
    with path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("sp_app.py"), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    wait_for(f"http://127.0.0.1:{port}/aws/console", process, path)
    return Host(port, process)
