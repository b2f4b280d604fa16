"""A Ssoko server in a separate process, set up with the commands that a script would use."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .visitor import Response, Visitor

COMMAND = Path(sys.executable).parent / "ssoko"
ADMIN = "admin1"
PASSWORD = "correct horse battery staple"
START_SECONDS = 30


def free_port() -> int:
    """Return a free port on 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ApiError(AssertionError):
    """The API returned an error status."""

    def __init__(self, status: int, problem: Any) -> None:
        self.status = status
        self.problem = problem
        super().__init__(f"{status}: {problem}")


@dataclass(frozen=True, slots=True)
class Api:
    """The JSON API of one workspace."""

    root: str
    token: str

    def get(self, path: str) -> Any:
        """Read a resource."""
        return self.call("GET", path)

    def post(self, path: str, **body: Any) -> Any:
        """Create a resource."""
        return self.call("POST", path, body)

    def patch(self, path: str, **body: Any) -> Any:
        """Change a resource."""
        return self.call("PATCH", path, body)

    def put(self, path: str, body: Any) -> Any:
        """Replace a resource."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Any:
        """Delete a resource."""
        return self.call("DELETE", path)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Read all pages of a list."""
        items: list[dict[str, Any]] = []
        query: dict[str, str] = {}
        while True:
            page = self.get(f"{path}?{urllib.parse.urlencode(query)}" if query else path)
            items += page["items"]
            if not page["next"]:
                return items
            query = {"cursor": page["next"]}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; an error status raises :class:`ApiError`."""
        request = urllib.request.Request(
            self.root + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                content = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode("utf-8", "replace")) from None
        return json.loads(content) if content else None


@dataclass(slots=True)
class Workspace:
    """A workspace with one admin and an API token."""

    server: "Server"
    slug: str
    api: Api

    @property
    def url(self) -> str:
        """Return the URL that all pages of this workspace start with."""
        return f"{self.server.url}/w/{self.slug}"

    def create_user(self, username: str, **more: Any) -> dict[str, Any]:
        """Create a user whose password is ``PASSWORD``."""
        details = {
            "email": f"{username}@{self.slug}.test",
            "first_name": username.capitalize(),
            "last_name": "Example",
            "password": PASSWORD,
        }
        return self.api.post("/users", username=username, **(details | more))

    def application(self, name: str, *, assign_to: tuple[str, ...] = (), **settings: Any) -> dict:
        """Install a SAML application and assign its role to the users with these IDs."""
        settings.setdefault("attributes", [{"name": "mail", "source": "user.email"}])
        application = self.api.post(
            "/applications", integration="custom-saml", name=name, settings=settings
        )
        for user_id in assign_to:
            self.api.post(f"/users/{user_id}/roles", role=application["default_role"]["id"])
        return application

    def sign_in(self, username: str = ADMIN, password: str = PASSWORD) -> Visitor:
        """Return a visitor that signed in on the sign-in page."""
        visitor = Visitor()
        page = visitor.get(f"{self.url}/sign-in")
        response = sign_in_at(visitor, page, username, password)
        assert response.status == 200, f"{response.status}: {response.words()}"
        assert not at_sign_in(response), f"still at the sign-in page: {response.words()}"
        return visitor


def at_sign_in(page: Response) -> bool:
    """Return whether this is the sign-in page."""
    return urllib.parse.urlsplit(page.url).path.endswith("/sign-in")


def sign_in_at(
    visitor: Visitor, page: Response, username: str = ADMIN, password: str = PASSWORD
) -> Response:
    """Submit the sign-in form of a page."""
    return visitor.submit(page, username=username, password=password)


@dataclass(slots=True)
class Server:
    """A data directory and its server process."""

    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the base URL on ``localhost``, so that a provider on 127.0.0.1 is another site."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """Return the log file of the process."""
        return self.directory / "serve.log"

    @property
    def index(self) -> Path:
        """Return the path of the plugin index, which the server reads at start if it exists."""
        return self.directory / "index.json"

    def environment(self) -> dict[str, str]:
        """Return the environment with the settings of the server, without inherited settings."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SSOKO_")}
        index = {"SSOKO_PLUGIN_INDEX": str(self.index)} if self.index.exists() else {}
        return (
            inherited
            | index
            | {
                "SSOKO_DATA_DIR": str(self.directory / "data"),
                "SSOKO_BASE_URL": self.url,
            }
        )

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run a ``ssoko`` command and return its output."""
        assert COMMAND.exists(), f"{COMMAND} is missing: pip install -e '.[dev]' here first"
        done = subprocess.run(
            [COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=60,
        )
        assert done.returncode == 0, f"ssoko {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def init(self) -> None:
        """Create the data directory, the keys and the tables."""
        self.run("init", "--no-input")

    def workspace(self, slug: str, name: str | None = None) -> Workspace:
        """Create a workspace with one admin, and a token for its API."""
        self.run("workspace", "create", slug, "--name", name or slug.capitalize(), "--json")
        names = ("--first-name", "First", "--last-name", "Last")
        who = ("--username", ADMIN, "--email", f"{ADMIN}@{slug}.test", *names, "--admin")
        how = ("--password-stdin", "--json")
        self.run("user", "create", "--workspace", slug, *who, *how, stdin=PASSWORD)
        scope = ("--name", "lab", "--scope", "admin", "--json")
        token = json.loads(self.run("token", "create", "--workspace", slug, *scope))
        return Workspace(self, slug, Api(f"{self.url}/api/v1/workspaces/{slug}", token["token"]))

    def start(self, *prefix: str) -> None:
        """Start the server and wait until its health check succeeds."""
        serve = [COMMAND, "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, *serve],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                start_new_session=True,
            )
        wait_for(f"{self.url}/healthz", self.process, self.log)

    def stop(self) -> None:
        """Stop the server with SIGTERM, as an operator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server, as a power failure would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=15)
            raise
        finally:
            self.process = None


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until ``url`` returns 200; fail with the log if the process ends or time runs out."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not respond: {log.read_text(errors='replace')[-3000:]}")
