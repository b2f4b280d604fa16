"""``ssoko serve``: bind, then say so, then answer until told to stop."""

import errno
import logging
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from ssoko.cli.operators.open_site import check_libraries
from ssoko.config import Config, load_config
from ssoko.errors import ConfigError

if TYPE_CHECKING:
    from flask import Flask

#: SQLite before this may damage a WAL file that several processes write.
SAFE_WAL = (3, 51, 3)

#: Bytes of a request line: the longest AuthnRequest by Redirect that gunicorn lets through.
LONGEST_LINE = 8190

#: Bytes of all request headers and of a body, for waitress; Flask's own limits are tighter.
_HEADERS = 64 * 1024
_BODY = 2 * 1024 * 1024


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is all."
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; more than one needs gunicorn. One a core is fastest.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    help="Threads a process: 4 with one process, 1 with several. One has the highest throughput.",
)
@click.option(
    "--server",
    type=click.Choice(["auto", "waitress", "gunicorn"]),
    default="auto",
    show_default=True,
    help="auto is waitress for one process and gunicorn for more.",
)
def serve(host: str, port: int, workers: int, threads: int | None, server: str) -> None:
    """Serve Ssoko until it is stopped.

    Ctrl-C and SIGTERM stop it, after the requests in progress. For other users than yourself, put a
    proxy that speaks https in front, and name it in SSOKO_TRUSTED_PROXIES.
    """
    check_libraries()
    config = load_config()
    log_to_stderr(config.log_level)
    gunicorn = server == "gunicorn" or (server == "auto" and workers > 1)
    if workers > 1 and server == "waitress":
        raise click.UsageError("waitress serves with one process; leave --workers or --server out")
    if gunicorn and find_spec("gunicorn") is None:
        raise ConfigError(
            "Several workers need gunicorn: pip install 'ssoko[server]' - or use --workers 1"
        )
    _warn_about_sqlite(config, workers)
    _warn_about_counting(config, workers)
    from ssoko.app import create_app

    sockets = bind(host, port)
    threads = threads or (1 if workers > 1 else 4)
    if gunicorn:
        # Made here once so that what is wrong is said now; each worker makes its own.
        create_app(config)
        _close_database()
        with_gunicorn(lambda: create_app(config), config, sockets, workers, threads)
    else:
        with_waitress(create_app(config), sockets, threads, announcement(config, sockets))


def log_to_stderr(level: str) -> None:
    """Write the log to standard error, one line an entry."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It warns whenever a request waits for a thread, as a browser's second one does.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def bind(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of ``host``.

    :param port: 0 lets the system choose one.
    :raises ConfigError: when the port is taken or the host is not of this machine.
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except OSError:
        raise ConfigError(f"--host: {host} is no address of this machine") from None
    sockets: list[socket.socket] = []
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listen(family, (address[0], port, *address[2:])))
        except OSError as error:
            # A host without IPv6 still resolves localhost to ::1.
            if error.errno == errno.EADDRNOTAVAIL and (sockets or len(found) > 1):
                continue
            for opened in sockets:
                opened.close()
            raise ConfigError(_cannot_bind(host, port, error)) from error
        port = sockets[0].getsockname()[1]
    return sockets


def _listen(family: int, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _cannot_bind(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use; choose another one with --port"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} is for root only; choose one above 1023 with --port"
    return f"{host}:{port} cannot be listened on: {error.strerror}"


def announcement(config: Config, sockets: list[socket.socket]) -> Callable[[], None]:
    """Return the function that says where Ssoko is, once it answers."""
    listening = ", ".join(_address(one) for one in sockets)
    port = sockets[0].getsockname()[1]

    def announce() -> None:
        click.echo(f"Ssoko serves {config.base_url} (listening on {listening}). Ctrl-C stops it.")
        if _is_elsewhere(config, port):
            click.echo(
                f"Warning: links lead to {config.base_url}, which is not this port. Without a "
                f"proxy there, set SSOKO_BASE_URL=http://localhost:{port}",
                err=True,
            )

    return announce


def _is_elsewhere(config: Config, port: int) -> bool:
    """Tell whether the base URL is of this machine and of another port."""
    base = urlsplit(config.base_url)
    return base.hostname in {"localhost", "127.0.0.1"} and (base.port or 80) != port


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def with_waitress(
    app: "Flask", sockets: list[socket.socket], threads: int, ready: Callable[[], None]
) -> None:
    """Serve with waitress, in this process."""
    import waitress  # type: ignore[import-untyped]

    from ssoko.cli.operators.strict_http import read_strictly

    read_strictly()
    server = waitress.create_server(
        app,
        sockets=sockets,
        threads=threads,
        ident=None,
        max_request_header_size=_HEADERS,
        max_request_body_size=_BODY,
        # Poll has no limit of 1024 descriptors.
        asyncore_use_poll=True,
        connection_limit=1000,
        # Waitress takes headers of proxies away unless told not to. Behind a proxy, create_app
        # reads as many of them as SSOKO_TRUSTED_PROXIES says.
        clear_untrusted_proxy_headers=not app.extensions["ssoko"].config.trusted_proxies,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ready()
    # It ends on SystemExit and KeyboardInterrupt, after the requests under way.
    server.run()


def with_gunicorn(
    make: "Callable[[], Flask]",
    config: Config,
    sockets: list[socket.socket],
    workers: int,
    threads: int,
) -> None:
    """Serve with gunicorn, one application a worker process."""
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    announce = announcement(config, sockets)
    options = {
        # The sockets are bound already; gunicorn takes descriptors over.
        "bind": [f"fd://{one.detach()}" for one in sockets],
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "preload_app": False,
        "limit_request_line": LONGEST_LINE,
        "limit_request_field_size": LONGEST_LINE,
        "control_socket_disable": True,
        # Trust no header of a proxy here; SSOKO_TRUSTED_PROXIES says what to trust.
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "loglevel": config.log_level.lower(),
        "when_ready": lambda _: announce(),
    }

    class Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> "Flask":
            return make()

    Gunicorn().run()


def _close_database() -> None:
    # A connection must not cross the fork into the workers.
    from ssoko.store.models.table import database

    database.close()


def _warn_about_sqlite(config: Config, workers: int) -> None:
    is_sqlite = config.database_url.startswith("sqlite:")
    if workers > 1 and is_sqlite and sqlite3.sqlite_version_info < SAFE_WAL:
        click.echo(
            f"Warning: SQLite {sqlite3.sqlite_version} can damage its file when several processes "
            "write at once (its WAL-reset bug, fixed in 3.51.3). Use --workers 1, a newer "
            "SQLite, or PostgreSQL.",
            err=True,
        )


def _warn_about_counting(config: Config, workers: int) -> None:
    if workers > 1 and config.rate_limit_url.startswith("memory:"):
        click.echo(
            "Warning: each of the workers counts sign-in attempts for itself; set "
            "SSOKO_RATE_LIMIT_URL to a Redis that they share.",
            err=True,
        )
