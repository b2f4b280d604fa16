"""Test client of the service providers in ``sp_app.py``, which run in another process."""

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
    """One provider of that process."""

    host: "Host"
    name: str

    @property
    def entity_id(self) -> str:
        """Return the entity ID, a URN to keep it apart from the URLs."""
        return f"urn:example:sp:{self.name}"

    @property
    def acs_url(self) -> str:
        """Return the ACS URL."""
        return self.url("acs")

    def url(self, path: str, **query: str) -> str:
        """Return one of the provider's URLs."""
        url = f"{self.host.url}/sp/{self.name}/{path}"
        return f"{url}?{urllib.parse.urlencode(query)}" if query else url

    def trust(self, metadata: dict[str, str], **more: Any) -> None:
        """Configure the provider with the values that an admin copies from the Metadata tab."""
        idp = {k: metadata[k] for k in ("entity_id", "login_endpoint", "certificate")}
        self.configure(idp=idp, **more)

    def configure(self, *, idp: dict[str, str], **more: Any) -> None:
        """Replace the configuration of the provider."""
        configuration = {"entity_id": self.entity_id, "acs_url": self.acs_url, "idp": idp, **more}
        request = urllib.request.Request(
            f"{self.host.url}/sp/{self.name}",
            data=json.dumps(configuration).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=10):
            pass

    def results(self) -> list[dict[str, Any]]:
        """Return the result of every response that the provider received, oldest first."""
        with urllib.request.urlopen(self.url("results"), timeout=10) as response:
            return json.load(response)


@dataclass(frozen=True, slots=True)
class Host:
    """The process that serves the providers."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return the base URL. It has an IP address, so that Ssoko on localhost is another site."""
        return f"http://127.0.0.1:{self.port}"

    def provider(self, name: str) -> ServiceProvider:
        """Return the provider with this name."""
        return ServiceProvider(self, name)

    def stop(self) -> None:
        """Stop the process."""
        self.process.terminate()
        self.process.wait(timeout=10)


def start(directory: Path) -> Host:
    """Start the process and wait until it listens."""
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
