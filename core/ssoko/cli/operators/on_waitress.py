"""Serve with waitress: each request has a limited time to arrive, and none is lost at the end.

Waitress reads and writes in one thread, so that slow clients hold no thread of the application.
"""

import logging
import resource
import signal
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import waitress  # type: ignore[import-untyped]
from waitress import wasyncore
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]
from waitress.server import BaseWSGIServer  # type: ignore[import-untyped]

from ssoko.cli.operators.turns import SPARE, Turns

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)

#: Bytes of all request headers and of a body; Flask's own limits are tighter.
MAX_HEADERS = 64 * 1024
MAX_BODY = 2 * 1024 * 1024

#: Seconds until a request must be complete, and until a silent connection is closed.
REQUEST_SECONDS = 30
SILENT_SECONDS = 60

#: Seconds that a stopping server gives the requests it has, and those that are on their way.
DRAIN_SECONDS = 25
GRACE_SECONDS = 0.5

#: Connections, if the system allows so many files.
MAX_CONNECTIONS = 2000


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """A parser that refuses a message with two statements of its length (RFC 9112, section 6.1).

    A request with both Content-Length and Transfer-Encoding may be two requests to us and one to a
    proxy. Waitress uses the latter and keeps the connection.
    """

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding together")


class PunctualChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection that is closed when a request takes too long to arrive, byte by byte."""

    parser_class = StrictParser
    started = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.started = time.monotonic()
        elif time.monotonic() - self.started > REQUEST_SECONDS:
            self.will_close = True
            return False
        return bool(super().received(data))


def serve(
    app: "Flask", sockets: list[socket.socket], threads: int, ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, and then the requests that have arrived.

    :param threads: requests that run at once.
    """
    channels: dict[int, Any] = {}
    server = waitress.create_server(
        Turns(app, threads),
        map=channels,
        sockets=sockets,
        threads=threads + SPARE,
        ident=None,
        max_request_header_size=MAX_HEADERS,
        max_request_body_size=MAX_BODY,
        channel_timeout=SILENT_SECONDS,
        cleanup_interval=5,
        connection_limit=_connection_limit(),
        # Poll has no limit of 1024 descriptors.
        asyncore_use_poll=True,
        # They are for ProxyFix, which trusts them as SSOKO_TRUSTED_PROXIES says.
        clear_untrusted_proxy_headers=False,
    )
    listeners = [one for one in channels.values() if isinstance(one, BaseWSGIServer)]
    for listener in listeners:
        listener.channel_class = PunctualChannel
    stop = _stop_on_signals(listeners)
    ready()
    while not stop:
        wasyncore.loop(timeout=30, use_poll=True, map=channels, count=1)
    _drain(listeners, channels)
    server.task_dispatcher.shutdown()
    wasyncore.close_all(channels)


def _connection_limit() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(50, min(MAX_CONNECTIONS, files - 100 if files > 0 else MAX_CONNECTIONS))


def _stop_on_signals(listeners: list[Any]) -> list[int]:
    """Return a list that gets the signals which stop the server."""
    stop: list[int] = []

    def note(number: int, frame: object) -> None:
        if stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.append(number)
        # The loop sleeps until something is readable.
        listeners[0].pull_trigger()

    def stay(number: int, frame: object) -> None:
        # A terminal that closes sends it, and so do administrators who mean "read the settings".
        log.warning("SIGHUP has no effect. To read changed settings, restart Ssoko")

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGHUP, stay)
    return stop


def _drain(listeners: list[Any], channels: dict[int, Any]) -> None:
    """Accept no more connections, and answer the requests of those that are open."""
    for listener in listeners:
        _accept_waiting(listener, channels)
        listener.del_channel()
        listener.socket.close()
    stopped = time.monotonic()
    while time.monotonic() - stopped < DRAIN_SECONDS:
        if time.monotonic() - stopped > GRACE_SECONDS and not any(map(_is_busy, _of(channels))):
            return
        wasyncore.loop(timeout=0.1, use_poll=True, map=channels, count=1)
    log.warning("Requests in progress were ended after %d seconds", DRAIN_SECONDS)


def _accept_waiting(listener: Any, channels: dict[int, Any]) -> None:
    """Accept the connections that the system has accepted already."""
    for _ in range(MAX_CONNECTIONS):
        before = len(channels)
        listener.handle_accept()
        if len(channels) == before:
            return


def _of(channels: dict[int, Any]) -> list[Any]:
    return [one for one in channels.values() if isinstance(one, HTTPChannel)]


def _is_busy(channel: Any) -> bool:
    return bool(channel.requests or channel.total_outbufs_len or channel.request is not None)
