"""Ssoko as shipped, set up with the commands that a script would use, and its servers."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench.client import Target, log_in
from tests.bench.messages import ACS_URL, ATTRIBUTES, ENTITY_ID, SIGNED_ENTITY_ID
from tests.bench.process import Running, free_port, start, stop, wait_for

COMMAND = Path(sys.executable).with_name("ssoko")
GUNICORN = "gunicorn, 1 thread"
GRANIAN = "granian, 1 thread"
HELLO = "tests.bench.hello:app"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Site:
    """A data directory with one workspace; `token` opens its API."""

    directory: Path
    environment: dict[str, str]
    port: int  # the one in its base URL
    token: str

    def command(self, *words: str, text: str = "") -> Any:
        """Run `ssoko` and return what it prints as JSON."""
        done = subprocess.run(
            [COMMAND, *words],
            input=text,
            capture_output=True,
            text=True,
            env={**_inherited(), **self.environment},
        )
        if done.returncode:
            raise RuntimeError(f"ssoko {' '.join(words)}: {done.stderr}")
        return json.loads(done.stdout) if "--json" in words else None

    def post(self, path: str, **body: object) -> Any:
        """Create something over the API of the workspace."""
        request = urllib.request.Request(
            f"http://localhost:{self.port}/api/v1/workspaces/bench{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SSOKO_")}


def found(directory: Path, database_url: str = "") -> Site:
    """Set up a site with an admin and a token."""
    port = free_port()
    environment = {
        "SSOKO_DATA_DIR": str(directory / "data"),
        "SSOKO_BASE_URL": f"http://localhost:{port}",
    }
    if database_url:
        environment["SSOKO_DATABASE_URL"] = database_url
    site = Site(directory, environment, port, "")
    site.command("init", "--no-input")
    site.command("workspace", "create", "bench", "--name", "Bench", "--json")
    admin = ["user", "create", "--workspace", "bench", "--username", "admin1", "--admin"]
    names = ["--email", "admin1@bench.test", "--first-name", "First", "--last-name", "Last"]
    site.command(*admin, *names, "--password-stdin", "--json", text=PASSWORD)
    token = ["token", "create", "--workspace", "bench", "--name", "bench", "--scope", "admin"]
    made = site.command(*token, "--json")
    return Site(directory, environment, port, made["token"])


@dataclass(frozen=True, slots=True)
class Furniture:
    """What is in a site: applications as the API shows them, and a person's id."""

    person: str
    application: dict[str, Any]
    signed: dict[str, Any]  # one that wants signed requests


def furnish(site: Site, certificate: str) -> Furniture:
    """Install an application that tells what the peers tell, and give a person its role.

    Another one wants requests that are signed by the key of a certificate (PEM). The site's server
    must be running.
    """
    person = site.post(
        "/users",
        username="person0",
        email="person0@bench.test",
        first_name="Amina",
        last_name="Example",
        password=PASSWORD,
        attributes=ATTRIBUTES,
    )
    application: dict[str, Any] = site.post(
        "/applications",
        integration="custom-saml",
        name="Bench",
        settings={
            "entity_id": ENTITY_ID,
            "acs_urls": [ACS_URL],
            "sign_response": False,
            "sign_assertion": True,
            "attributes": [
                {"name": name, "source": f"user.attributes.{name}"} for name in ATTRIBUTES
            ],
        },
    )
    signed: dict[str, Any] = site.post(
        "/applications",
        integration="custom-saml",
        name="Signed",
        settings={
            "entity_id": SIGNED_ENTITY_ID,
            "acs_urls": [ACS_URL],
            "require_signed_requests": True,
            "certificates": [certificate],
        },
    )
    for one in (application, signed):
        site.post(f"/users/{person['id']}/roles", role=one["default_role"]["id"])
    group = site.post("/groups", name="Everyone")
    site.post(f"/groups/{group['id']}/members", user=person["id"])
    return Furniture(person["id"], application, signed)


def moved(site: Site) -> Site:
    """Return the same site at another port, for a second server of its data."""
    port = free_port()
    environment = site.environment | {"SSOKO_BASE_URL": f"http://localhost:{port}"}
    return replace(site, environment=environment, port=port)


@contextmanager
def gunicorn(site: Site) -> Iterator[Running]:
    """Serve a site as `ssoko serve` does with gunicorn, one process with one thread."""
    serve = [COMMAND, "serve", "--server", "gunicorn", "--workers", "1", "--threads", "1"]
    yield from _served(site, [*serve, "--port", str(site.port)], site.port)


@contextmanager
def granian(site: Site) -> Iterator[Running]:
    """Serve a site with granian, one process with one blocking thread."""
    server = [*_granian(site.port), "--factory", "ssoko.app:create_app"]
    yield from _served(site, server, site.port)


def _granian(port: int) -> list[str]:
    one = ["--workers", "1", "--blocking-threads", "1", "--no-ws"]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    return [sys.executable, "-m", "granian", "--interface", "wsgi", *one, *where]


def _served(site: Site, command: list[str | Path], port: int) -> Iterator[Running]:
    running = [start(command, site.directory / f"{port}.log", environment=site.environment)]
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", running)
        yield running[0]
    finally:
        stop(running)


@contextmanager
def hello_world(directory: Path, server: str) -> Iterator[Target]:
    """Serve two words the way that Ssoko is served."""
    port = free_port()
    command = _granian(port)
    if server == GUNICORN:
        one = ["--workers", "1", "--threads", "1", "-k", "gthread"]
        where = ["--bind", f"127.0.0.1:{port}"]
        command = [sys.executable, "-m", "gunicorn", *one, *where]
    log, home = directory / f"hello-{port}.log", {"HOME": str(directory)}
    running = [start([*command, HELLO], log, environment=home)]
    try:
        wait_for(f"http://127.0.0.1:{port}/", running)
        yield Target(f"hello world, {server}", port, (running[0].process.pid,))
    finally:
        stop(running)


def target(
    name: str,
    port: int,
    running: Running,
    application: dict[str, Any],
    people: list[str],
    *,
    beside: tuple[int, ...] = (),
) -> Target:
    """Return a server of ours under load, with the sessions of these people present."""
    path = application["metadata"]["login_endpoint"].partition("/saml/")[2]
    aimed = Target(
        name,
        port,
        (running.process.pid,),
        destination=f"http://localhost:{port}/saml/{path}",
        certificate=application["metadata"]["certificate"],
        beside=beside,
    )
    for person in people:
        aimed = log_in(aimed, person, PASSWORD)
    return aimed
