"""Ssoko and its servers, set up with the commands that a script would use."""

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

from tests.bench.client import Target, open_session
from tests.bench.messages import ACS_URL, ATTRIBUTES, ENTITY_ID, SIGNED_ENTITY_ID
from tests.bench.process import Running, free_port, start, stop, wait_for

COMMAND = Path(sys.executable).with_name("ssoko")
GUNICORN = "gunicorn, 1 thread"
GRANIAN = "granian, 1 thread"
HELLO = "tests.bench.hello:app"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Site:
    """A data directory with one workspace; `token` gives access to its API."""

    directory: Path
    environment: dict[str, str]
    port: int  # the port in its base URL
    token: str

    def command(self, *words: str, text: str = "") -> Any:
        """Run `ssoko` and parse its JSON output."""
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
        """Create a resource with the API of the workspace."""
        request = urllib.request.Request(
            f"http://localhost:{self.port}/api/v1/workspaces/bench{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SSOKO_")}


def set_up_site(directory: Path, database_url: str = "") -> Site:
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
    created = site.command(*token, "--json")
    return Site(directory, environment, port, created["token"])


@dataclass(frozen=True, slots=True)
class SiteContents:
    """The contents of a site: applications as the API returns them, and a user's ID."""

    person: str
    application: dict[str, Any]
    signed: dict[str, Any]  # an application that requires signed requests


def fill_site(site: Site, certificate: str) -> SiteContents:
    """Install two applications and assign their roles to a user.

    The first sends the same attributes as the peers. The second requires requests that are signed
    with the key of `certificate` (PEM). The site's server must be running.
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
    for each in (application, signed):
        site.post(f"/users/{person['id']}/roles", role=each["default_role"]["id"])
    group = site.post("/groups", name="Everyone")
    site.post(f"/groups/{group['id']}/members", user=person["id"])
    return SiteContents(person["id"], application, signed)


def on_another_port(site: Site) -> Site:
    """Return the same site on another port, for a second server with its data."""
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
    single = ["--workers", "1", "--blocking-threads", "1", "--no-ws"]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    return [sys.executable, "-m", "granian", "--interface", "wsgi", *single, *where]


def _served(site: Site, command: list[str | Path], port: int) -> Iterator[Running]:
    running = [start(command, site.directory / f"{port}.log", environment=site.environment)]
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", running)
        yield running[0]
    finally:
        stop(running)


@contextmanager
def hello_world(directory: Path, server: str) -> Iterator[Target]:
    """Serve the hello world in the same way as Ssoko."""
    port = free_port()
    command = _granian(port)
    if server == GUNICORN:
        single = ["--workers", "1", "--threads", "1", "-k", "gthread"]
        where = ["--bind", f"127.0.0.1:{port}"]
        command = [sys.executable, "-m", "gunicorn", *single, *where]
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
    """Return a Ssoko server as a target, with sessions of these users."""
    path = application["metadata"]["login_endpoint"].partition("/saml/")[2]
    result = Target(
        name,
        port,
        (running.process.pid,),
        destination=f"http://localhost:{port}/saml/{path}",
        certificate=application["metadata"]["certificate"],
        beside=beside,
    )
    for person in people:
        result = open_session(result, person, PASSWORD)
    return result
