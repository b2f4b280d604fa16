"""A round of denial of service against a site on this machine, which writes docs/reliability.md.

Run ``make reliability``. While one client attacks, another one opens the sign-in page: its times
are the figures. Nothing but 127.0.0.1 is contacted.
"""

import argparse
import base64
import contextlib
import http.client
import http.server
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSWORD = "weathered teapot 41"

#: Seconds of each attack.
SECONDS = 8

#: Texts that regular expressions and parsers may take long for, repeated to the size of a form.
PIECES = (
    "-----BEGIN A-----",
    "a@",
    "https://a.",
    "{{",
    "<a ",
    "%",
    "(a",
    "MIIA",
    "\\",
    "\u00e9",
    "0",
    " \n",
)

CUSTOM = {"integration": "custom-saml", "name": "A"}

#: Bytes of a form; one megabyte is the limit.
FORM = 900_000


@dataclass
class Site:
    """A server with one workspace, an admin and an API token."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    port: int = 0
    token: str = ""
    process: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str, stdin: str = "") -> str:
        command = [sys.executable, "-m", "ssoko", *arguments]
        done = subprocess.run(
            command, env=self.environment(), input=stdin, capture_output=True, text=True, check=True
        )
        return done.stdout

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "SSOKO_DATA_DIR": str(self.folder / "data"),
            "SSOKO_BASE_URL": f"http://localhost:{self.port}",
            **self.settings,
        }

    def start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.run("init", "--no-input")
        self.run("workspace", "create", "acme")
        who = ("--username", "ada", "--email", "ada@acme.test", "--admin", "--password-stdin")
        self.run("user", "create", "--workspace", "acme", *who, stdin=PASSWORD)
        how = ("--workspace", "acme", "--name", "round", "--scope", "admin", "--json")
        self.token = json.loads(self.run("token", "create", *how))["token"]
        command = [sys.executable, "-m", "ssoko", "serve", "--port", str(self.port)]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments], env=self.environment(), stdout=log, stderr=log
            )
        for _ in range(300):
            with contextlib.suppress(OSError):
                if self.request("GET", "/livez")[0] == 200:
                    return
            time.sleep(0.1)
        raise SystemExit((self.folder / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()

    def api(self, method: str, path: str, body: Any) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        path = f"/api/v1/workspaces/acme{path}"
        status, _, text = self.request(method, path, json.dumps(body), headers)
        return status, text

    def form(self, path: str) -> tuple[str, str]:
        """Return the cookie and the CSRF token of a page."""
        _, headers, page = self.request("GET", path)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        return headers["Set-Cookie"].partition(";")[0], token[1]

    def post_form(self, path: str, cookie: str, **fields: str) -> int:
        kind = "application/x-www-form-urlencoded"
        headers = {"Cookie": cookie, "Content-Type": kind}
        return self.request("POST", path, urllib.parse.urlencode(fields), headers)[0]


@dataclass
class Result:
    """What a visitor saw during an attack; times in seconds."""

    name: str
    sent: str
    times: list[float]
    failed: int

    def row(self) -> str:
        middle = statistics.median(self.times) * 1000
        slowest = max(self.times) * 1000
        return (
            f"| {self.name} | {self.sent} | {len(self.times)} | {middle:.0f} ms | {slowest:.0f} ms "
            f"| {self.failed} |"
        )


def measure(site: Site, name: str, sent: Callable[[], str]) -> Result:
    """Open the sign-in page during an attack."""
    times: list[float] = []
    failed = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            failed += site.request("GET", "/w/acme/sign-in")[0] != 200
        except OSError:
            failed += 1
        times.append(time.monotonic() - began)
        time.sleep(0.1)
    return Result(name, sent(), times, failed)


@contextlib.contextmanager
def threads(work: Callable[[], None], count: int) -> Iterator[list[int]]:
    """Repeat some work in threads, and count how often it was done."""
    stop, done = threading.Event(), [0]

    def run() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                work()
            done[0] += 1

    running = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in running:
        thread.start()
    try:
        yield done
    finally:
        stop.set()
        for thread in running:
            thread.join(60)


def quiet(site: Site) -> Result:
    return measure(site, "none", lambda: "")


def slow_clients(site: Site) -> Iterator[Result]:
    """Open connections that send nothing, half of the headers, or half of a body."""
    parts = {
        "connections without a request": b"",
        "slow headers": b"GET / HTTP/1.1\r\nHost: a\r\n",
        "slow bodies": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx",
    }
    for name, part in parts.items():
        connections = []
        for _ in range(200):
            connection = socket.create_connection(("127.0.0.1", site.port), timeout=10)
            connection.sendall(part)
            connections.append(connection)
        yield measure(site, name, lambda: "200 connections")
        for connection in connections:
            connection.close()


def attempts(site: Site) -> Result:
    cookie, token = site.form("/w/acme/sign-in")
    fields = {"csrf_token": token, "username": "ada", "password": "wrong"}
    with threads(lambda: site.post_form("/w/acme/sign-in", cookie, **fields) and None, 4) as done:
        return measure(site, "wrong passwords", lambda: f"{done[0]} attempts")


def saml_requests(site: Site, login: str) -> Result:
    message = base64.b64encode(b"<a" + b" b='c'" * 8000 + b"/>").decode()
    body = urllib.parse.urlencode({"SAMLRequest": message})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with threads(lambda: site.request("POST", login, body, headers) and None, 4) as done:
        return measure(site, "SAML requests of 64 kB", lambda: f"{done[0]} requests")


def slow_metadata(site: Site, port: int) -> Result:
    def fetch() -> None:
        site.api("POST", "/applications/metadata", {"url": f"http://localhost:{port}/"})

    with threads(fetch, 4) as done:
        return measure(site, "slow metadata servers", lambda: f"{done[0] + 4} downloads")


def longest_texts(site: Site) -> tuple[int, float, str, set[int]]:
    """Send the longest text to forms and endpoints; return how many, and the slowest."""
    cookie, token = site.form("/w/acme/sign-in")
    count, slowest, name = 0, 0.0, ""
    statuses: set[int] = set()
    for piece in PIECES:
        size = FORM // len(urllib.parse.quote_plus(piece))
        text = piece * size
        short = (piece * FORM)[: FORM // len(json.dumps(piece))]
        work: dict[str, Callable[[], int]] = {
            "sign-in, username": lambda t=text: site.post_form(
                "/w/acme/sign-in", cookie, csrf_token=token, username=t, password="x"
            ),
            "sign-in, password": lambda t=text: site.post_form(
                "/w/acme/sign-in", cookie, csrf_token=token, username="nobody", password=t
            ),
        }
        for path, key in (("users", "username"), ("users", "email"), ("users", "password")):
            body = {"username": "new", key: short}
            work[f"{path}, {key}"] = lambda p=path, b=body: site.api("POST", f"/{p}", b)[0]
        for path in ("groups", "roles"):
            work[f"{path}, name"] = lambda p=path, t=short: site.api("POST", f"/{p}", {"name": t})[
                0
            ]
        for key in ("entity_id", "acs_urls", "certificates"):
            value = short if key == "entity_id" else [short]
            settings = {"entity_id": "urn:a", "acs_urls": ["https://a.test/"], key: value}
            work[f"applications, {key}"] = lambda s=settings: site.api(
                "POST", "/applications", CUSTOM | {"settings": s}
            )[0]
        work["metadata, xml"] = lambda t=short: site.api(
            "POST", "/applications/metadata", {"xml": t}
        )[0]
        query = urllib.parse.quote(piece * (3000 // len(urllib.parse.quote(piece))))
        for path in ("users", "events", "applications"):
            work[f"{path}, search"] = lambda p=path, q=query: site.api("GET", f"/{p}?q={q}", None)[
                0
            ]
        for what, send in work.items():
            began = time.monotonic()
            statuses.add(send())
            took = time.monotonic() - began
            count += 1
            if took > slowest:
                slowest, name = took, f"{what}, {piece!r}"
    return count, slowest, name, statuses


class Slow(http.server.BaseHTTPRequestHandler):
    """Sends one byte a second."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(30):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(1)

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


def run_round(folder: Path, kind: str) -> tuple[list[Result], tuple[int, float, str, set[int]]]:
    """Attack one kind of server, and return what another visitor saw."""
    slow = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    slow.daemon_threads = True
    threading.Thread(target=slow.serve_forever, daemon=True).start()
    port = slow.server_address[1]
    site = Site(folder, {"SSOKO_METADATA_FETCH_ALLOW": f"localhost:{port}"}, ("--server", kind))
    try:
        site.start()
        settings = {"entity_id": "urn:sp", "acs_urls": ["https://sp.test/acs"]}
        body = {"integration": "custom-saml", "name": "App", "settings": settings}
        status, text = site.api("POST", "/applications", body)
        assert status == 201, text
        login = urllib.parse.urlsplit(json.loads(text)["metadata"]["login_endpoint"]).path
        results = [quiet(site), *slow_clients(site), attempts(site)]
        results += [saml_requests(site, login), slow_metadata(site, port)]
        return results, longest_texts(site)
    finally:
        site.stop()
        slow.shutdown()


def report(rounds: dict[str, Any]) -> str:
    """Return the page."""
    lines = [
        "# Reliability",
        "",
        "What another visitor sees while a site is attacked: the times of the sign-in page, opened",
        f"ten times a second for {SECONDS} seconds. `make reliability` writes this page. Attacker,",
        f"visitor and server share one machine with {os.cpu_count()} cores",
        f"(Python {platform.python_version()}), so the figures are those of a bad day.",
        "",
        "| limit | value |",
        "|---|---|",
        "| Time for a request to arrive | 30 seconds with waitress, 20 with gunicorn |",
        "| Form or API body | 1 MB |",
        "| SAML message | 64 kB of base64, 256 kB of XML |",
        "| Waiting sign-ins of an issuer | 1000 from one network, 10,000 in all |",
        "| Failed sign-ins | 10 per username and IP address, 200 per IP address, in 15 minutes |",
        "| Sign-ins of one account from many IP addresses | a delay of 5 to 60 seconds for each |",
        "| Traces of refused requests | 200 an hour and 500 a day of one kind |",
        "| Downloads of metadata | 2 at once in a process, 10 seconds each |",
        "| Database | 5 seconds to connect, 15 for a statement, 10 for a lock (PostgreSQL) |",
        "",
    ]
    for kind, (results, (count, slowest, name, statuses)) in rounds.items():
        lines += [
            f"## {kind}",
            "",
            "| attack | sent | pages | median | slowest | failed |",
            "|---|---|---|---|---|---|",
            *(result.row() for result in results),
            "",
            f"Longest texts: {count} requests of up to 1 MB to forms and endpoints. The slowest",
            f"took {slowest:.1f} seconds ({name.replace('|', ' ')}). Statuses: "
            f"{', '.join(map(str, sorted(statuses)))}.",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Run all rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="File for the report.")
    parser.add_argument("--server", action="append", help="waitress or gunicorn; default: both.")
    arguments = parser.parse_args()
    rounds: dict[str, Any] = {}
    for kind in arguments.server or ["waitress", "gunicorn"]:
        with tempfile.TemporaryDirectory() as folder:
            rounds[kind] = run_round(Path(folder), kind)
    page = report(rounds)
    sys.stdout.write(page)
    if arguments.write:
        arguments.write.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
