"""Serve with gunicorn: several processes, in which slow clients hold no thread of the application.

The main thread collects requests. One that is complete goes to a thread of gunicorn, which parses
it, and then to one of the threads that run the application.
"""

import io
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from ssoko.cli.operators.turns import SPARE, Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

#: Bytes of a request line: the longest AuthnRequest by Redirect that gunicorn lets through.
LONGEST_LINE = 8190

#: Threads of a process that parse requests and write responses.
READERS = 16

#: Seconds until a request must be complete, and until a client must have read something.
REQUEST_SECONDS = 20

#: Bytes of the headers.
MAX_HEADERS = 128 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*(?:\r\n|$)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)

#: Bytes of a body; Flask's own limits are tighter.
MAX_BODY = 2 * 1024 * 1024


class Incoming:
    """A connection that collects a request without a thread, and then gives it to one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.buffer = bytearray()
        self.deadline = 0.0
        self._continued = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def start(self) -> None:
        """Give the client its time for the next request."""
        self.deadline = time.monotonic() + REQUEST_SECONDS
        self._continued = False

    def collect(self) -> bool:
        """Take what has arrived, and tell whether the request is complete."""
        try:
            data = self._connection.recv(256 * 1024)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self.buffer += data
        return not data or self.is_complete()

    def is_complete(self) -> bool:
        """Tell whether the buffer has a whole request, or one that will be refused."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return len(self.buffer) > MAX_HEADERS
        head, body = bytes(self.buffer[:end]), len(self.buffer) - end - 4
        length = _LENGTH.search(head)
        wanted = int(length[1]) if length else 0
        if _CHUNKED.search(head):
            done = self.buffer.endswith(b"0\r\n\r\n") or body > MAX_BODY
        else:
            done = body >= wanted or wanted > MAX_BODY
        if not done and not self._continued and _EXPECT.search(head):
            self._continued = True
            with suppress(OSError):
                self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return done

    def recv(self, size: int, *flags: int) -> bytes:
        """Return collected bytes, or else what arrives until the deadline.

        :raises NoMoreData: afterwards, as if the client had closed the connection.
        """
        if self.buffer:
            data = bytes(self.buffer[:size])
            del self.buffer[:size]
            return data
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise NoMoreData(b"")
        self._connection.settimeout(remaining)
        try:
            return self._connection.recv(size, *flags)
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
    """A worker that gives a thread to a request when it is complete."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._collecting: dict[Any, Incoming] = {}

    def accept(self, listener: Any) -> None:
        """Accept a connection, and collect its first request."""
        try:
            accepted, client = listener.accept()
        except OSError:
            return
        self.nr_conns += 1
        self._collect(TConn(self.cfg, Incoming(accepted), client, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Collect the next request of a connection."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep a connection, and go on with a request that was sent behind the last one."""
        if not fs.cancelled() and fs.exception() is None and fs.result() and conn.sock.buffer:
            self._collect(conn)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Close the connections whose request takes too long to arrive."""
        now = time.monotonic()
        for conn, incoming in [*self._collecting.items()]:
            if incoming.deadline < now:
                self._stop_collecting(conn)
                self.nr_conns -= 1
                conn.close()

    def _collect(self, conn: Any) -> None:
        incoming = conn.sock
        incoming.start()
        incoming.setblocking(False)
        if incoming.buffer and incoming.is_complete():
            self._enqueue(conn)
            return
        self._collecting[conn] = incoming
        self.poller.register(incoming, selectors.EVENT_READ, partial(self._on_data, conn))

    def _on_data(self, conn: Any, incoming: Incoming) -> None:
        if incoming.collect():
            self._stop_collecting(conn)
            self._enqueue(conn)

    def _stop_collecting(self, conn: Any) -> None:
        self.poller.unregister(self._collecting.pop(conn))

    def _enqueue(self, conn: Any) -> None:
        conn.data_ready = True
        self.enqueue_req(conn)


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
