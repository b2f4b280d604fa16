"""Serve with gunicorn: several processes, in which slow clients hold no thread of the application.

A thread of gunicorn reads one request, however slowly it comes. There are many of these, and a few
others run the application, once a request is complete.
"""

import io
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from ssoko.cli.operators.turns import SPARE, Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

#: Bytes of a request line: the longest AuthnRequest by Redirect that gunicorn lets through.
LONGEST_LINE = 8190

#: Threads of a process that read requests and write responses.
READERS = 64

#: Seconds until a request must be complete, and until a client must have read something.
REQUEST_SECONDS = 20

#: Bytes of a body; Flask's own limits are tighter.
MAX_BODY = 2 * 1024 * 1024


class PunctualSocket:
    """A connection whose client has :data:`REQUEST_SECONDS` for each request."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.restart()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def restart(self) -> None:
        """Give the client its time for the next request."""
        self._deadline = time.monotonic() + REQUEST_SECONDS

    def recv(self, *arguments: Any) -> bytes:
        """Receive what there is until the deadline.

        :raises NoMoreData: afterwards, as if the client had closed the connection.
        """
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise NoMoreData(b"")
        self._connection.settimeout(remaining)
        try:
            return self._connection.recv(*arguments)
        except TimeoutError:
            raise NoMoreData(b"") from None

    def send(self, *arguments: Any) -> int:
        """Send some of the bytes."""
        self._connection.settimeout(REQUEST_SECONDS)
        return self._connection.send(*arguments)

    def sendall(self, *arguments: Any) -> None:
        """Send all bytes."""
        self._connection.settimeout(REQUEST_SECONDS)
        self._connection.sendall(*arguments)


class PunctualWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker whose clients have a limited time for each request."""

    def handle(self, conn: Any) -> Any:
        """Read a request and answer it."""
        if isinstance(conn.sock, PunctualSocket):
            conn.sock.restart()
        else:
            conn.sock = PunctualSocket(conn.sock)
        return super().handle(conn)


class CompleteRequests:
    """Runs an application in its own threads, each request once it is complete.

    :param threads: in which the application runs.
    """

    def __init__(self, app: "WSGIApplication", threads: int) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ssoko")

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ["wsgi.input"] = _body(environ)
        head, chunks = self._pool.submit(self._run, environ).result()
        start_response(*head)
        return chunks

    def _run(self, environ: "WSGIEnvironment") -> tuple[tuple[Any, ...], list[bytes]]:
        head: list[tuple[Any, ...]] = []
        chunks: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            head[:] = [(status, headers)]
            return chunks.append

        response = self._app(environ, start)
        try:
            chunks.extend(response)
        finally:
            close = getattr(response, "close", None)
            if close is not None:
                close()
        return head[0], chunks


def _body(environ: "WSGIEnvironment") -> io.BytesIO:
    """Return the body, or a part that is too long, of which the application says so."""
    length = environ.get("CONTENT_LENGTH", "")
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if not chunked and (not length.isdigit() or int(length) > MAX_BODY):
        return io.BytesIO()
    wanted = MAX_BODY if chunked else int(length)
    return io.BytesIO(environ["wsgi.input"].read(wanted) if wanted else b"")


def serve(
    make: "Callable[[], Flask]",
    sockets: list[socket.socket],
    *,
    workers: int,
    threads: int,
    log_level: str,
    ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT, with one application a process.

    :param make: called in each process.
    :param threads: requests of a process that run at once.
    """
    options = {
        # The sockets are bound already; gunicorn takes descriptors over.
        "bind": [f"fd://{one.detach()}" for one in sockets],
        "workers": workers,
        "threads": READERS,
        "worker_class": PunctualWorker,
        "preload_app": False,
        "limit_request_line": LONGEST_LINE,
        "limit_request_field_size": LONGEST_LINE,
        "control_socket_disable": True,
        # Trust no header of a proxy here; SSOKO_TRUSTED_PROXIES says what to trust.
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "loglevel": "info" if log_level == "DEBUG" else log_level.lower(),
        "when_ready": lambda _: ready(),
    }

    class Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> CompleteRequests:
            return CompleteRequests(Turns(make(), threads), threads + SPARE)

    Gunicorn().run()
