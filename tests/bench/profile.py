"""Profile a sign-in by sampling the stack, in process and without an HTTP server.

`python -m tests.bench.profile COUNT` reads a job as JSON from its input and prints its result as
JSON. It runs in a process of its own, because Ssoko serves one database per process.
"""

import collections
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from dataclasses import dataclass
from types import FrameType
from typing import Any

from tests.bench.client import Target
from tests.bench.messages import Response, check, sign_ins
from tests.bench.process import REPOSITORY, SERVER_CORE

SAMPLE_SECONDS = 0.001
WARM = 50
MOST_SECONDS = 5
# Callers of the work, innermost first; the standard library counts for its caller.
OWNERS = (
    ("/ssoko/saml/signing", "the RSA-2048 signature and its encoding"),
    ("/ssoko/saml/", "SAML: reading the request, writing the response"),
    ("/ssoko/services/", "services: checks, attributes, events"),
    ("/ssoko/store/", "store: database connections"),
    ("/ssoko/plugin", "plugins"),
    ("/ssoko_", "plugins"),
    ("/ssoko/", "web: routes, session, headers, page"),
    ("/peewee", "peewee: queries and rows"),
    ("/playhouse/", "peewee: queries and rows"),
    ("/psycopg", "the database driver"),
    ("/flask_login/", "Flask and its extensions"),
    ("/flask_wtf/", "Flask and its extensions"),
    ("/wtforms/", "Flask and its extensions"),
    ("/flask/", "Flask and its extensions"),
    ("/werkzeug/", "Werkzeug: request, routing, response"),
    ("/itsdangerous/", "signing the session cookie"),
    ("/jinja2/", "rendering the page"),
    ("<template>", "rendering the page"),
    ("/templates/", "rendering the page"),
    ("/tests/bench/", "the measurement itself"),
)
# Functions of peewee that only call the driver: their time counts for the statement.
STATEMENTS = {"_execute", "_execute_cursor", "execute_sql", "commit", "begin", "rollback"}
DATABASE = "SQL statements in the driver and the database"


@dataclass(frozen=True, slots=True)
class Profile:
    """CPU seconds of one sign-in without its server, and the shares by owner and by function."""

    cpu: float
    owners: dict[str, float]
    functions: dict[str, float]


def owner(frame: FrameType | None) -> str:
    """Return the part of the program that the innermost frame works for."""
    while frame is not None:
        path = frame.f_code.co_filename
        if "/peewee" in path and frame.f_code.co_name in STATEMENTS:
            return DATABASE
        for mark, name in OWNERS:
            if mark in path:
                return name
        frame = frame.f_back
    return "the rest"


def functions(frame: FrameType | None) -> set[str]:
    """Return the functions of Ssoko on the stack."""
    names = set()
    while frame is not None:
        path, line = frame.f_code.co_filename, frame.f_code.co_qualname
        if "/ssoko" in path:
            names.add(f"{path.rpartition('/core/')[2] or path} {line}")
        frame = frame.f_back
    return names


def profile(target: Target, environment: dict[str, str], count: int) -> Profile:
    """Profile the sign-in of a site in a process of its own on the servers' core."""
    job = {"destination": target.destination, "cookie": target.cookies[0], "host": target.host}
    words = [sys.executable, "-m", "tests.bench.profile", str(count)]
    done = subprocess.run(
        ["taskset", "-c", str(SERVER_CORE), *words],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        cwd=REPOSITORY,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Profile(**json.loads(done.stdout.splitlines()[-1]))


def _environ(path: str, job: dict[str, str]) -> dict[str, Any]:
    path, _, query = path.partition("?")
    host = urllib.parse.urlsplit(job["destination"])
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": host.hostname,
        "SERVER_PORT": str(host.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": job["host"],
        "HTTP_COOKIE": job["cookie"],
        "wsgi.url_scheme": "http",
        "wsgi.input": sys.stdin.buffer,
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _shares(seconds: dict[str, float], total: float) -> dict[str, float]:
    largest = sorted(seconds.items(), key=lambda item: -item[1])[:60]
    return {name: spent / total for name, spent in largest}


def run(job: dict[str, str], count: int) -> Profile:
    """Send sign-ins to the application without a server, first timed, then sampled."""
    from ssoko.app import create_app

    app = create_app()
    statuses: list[str] = []

    def work(count: int) -> float:
        requests = sign_ins(job["destination"], count)
        begin = time.process_time()
        for request in requests:
            parts = app(_environ(request.path, job), lambda status, *_: statuses.append(status))
            body = b"".join(parts)
            getattr(parts, "close", lambda: None)()
        spent = time.process_time() - begin
        check(request, Response(int(statuses[-1][:3]), body, 0))
        return spent / count

    by_owner: collections.defaultdict[str, float] = collections.defaultdict(float)
    by_function: collections.defaultdict[str, float] = collections.defaultdict(float)
    sampled = 0.0

    def sample(_: int, frame: FrameType | None) -> None:
        nonlocal sampled
        # Signals wait until a call into C returns, so each sample counts the time since the last.
        weight, sampled = time.process_time() - sampled, time.process_time()
        by_owner[owner(frame)] += weight
        for name in functions(frame):
            by_function[name] += weight

    count = min(count, max(10, int(MOST_SECONDS / work(WARM))))
    cpu = work(count)
    sampled = time.process_time()
    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
    work(count)
    signal.setitimer(signal.ITIMER_PROF, 0)
    total = sum(by_owner.values())
    return Profile(
        cpu,
        _shares(by_owner, total),
        _shares(by_function, total),
    )


if __name__ == "__main__":
    profile = run(json.loads(sys.stdin.readline()), int(sys.argv[1]))
    sys.stdout.write(
        json.dumps({name: getattr(profile, name) for name in Profile.__slots__}) + "\n"
    )
