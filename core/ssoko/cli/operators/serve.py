"""``ssoko serve``: listen on a port and serve requests until stopped."""

import errno
import logging
import socket
import sqlite3
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import click

from ssoko.cli.operators.open_site import check_libraries
from ssoko.config import Config, load_config
from ssoko.errors import ConfigError

#: First SQLite version in which several processes can safely write to a WAL file.
SAFE_WAL = (3, 51, 3)


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="IP address or host name to listen on; 0.0.0.0 means all IPv4 addresses.",
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 chooses a free port.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of processes. Use one per CPU core; more than one needs gunicorn.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    help="Threads per process. Default: 4 with one process, 1 with several. One thread has the "
    "highest throughput.",
)
@click.option(
    "--server",
    type=click.Choice(["auto", "waitress", "gunicorn"]),
    default="auto",
    show_default=True,
    help="auto uses waitress for one process and gunicorn for several.",
)
def serve(host: str, port: int, workers: int, threads: int | None, server: str) -> None:
    """Start the server.

    Ctrl-C or SIGTERM stops it after the requests in progress. In production, run it behind a
    proxy with https, and set SSOKO_TRUSTED_PROXIES.
    """
    check_libraries()
    config = load_config()
    log_to_stderr(config.log_level)
    gunicorn = server == "gunicorn" or (server == "auto" and workers > 1)
    if workers > 1 and server == "waitress":
        raise click.UsageError("waitress has one process. Remove --workers or --server.")
    if gunicorn and find_spec("gunicorn") is None:
        raise ConfigError(
            "gunicorn is not installed. Run: pip install 'ssoko[server]', or use --workers 1 "
            "with waitress"
        )
    _warn_about_sqlite(config, workers)
    _warn_about_counting(config, workers)
    from ssoko.app import create_app

    sockets = bind(host, port)
    threads = threads or (1 if workers > 1 else 4)
    if gunicorn:
        # Reports errors before the workers start. Each worker creates its own application.
        create_app(config)
        _close_database()
        from ssoko.cli.operators import on_gunicorn

        announce = announcement(config, sockets)
        on_gunicorn.serve(
            lambda: create_app(config),
            sockets,
            workers=workers,
            threads=threads,
            log_level=config.log_level,
            ready=announce,
        )
    else:
        from ssoko.cli.operators import on_waitress

        on_waitress.serve(create_app(config), sockets, threads, announcement(config, sockets))


def log_to_stderr(level: str) -> None:
    """Write the log to standard error, one line per entry.

    ``DEBUG`` is for Ssoko alone: libraries log the values of SQL statements at that level.
    """
    logging.basicConfig(
        level="INFO" if level == "DEBUG" else level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("ssoko").setLevel(level)
    # It warns whenever a request waits for a thread, which is normal with any browser.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def bind(host: str, port: int) -> list[socket.socket]:
    """Listen on every IP address of ``host``.

    :param port: 0 lets the system choose a free port.
    :raises ConfigError: when the port is in use, or the host is not this machine.
    """
    host = host.strip("[]")
    # All addresses are those of IPv4 too, and each kind has its own socket: on a shared one, IPv4
    # addresses would look like ::ffff:192.0.2.1.
    names = ("::", "0.0.0.0") if host == "::" else (host,)  # noqa: S104
    addresses: list[Any] = []
    for name in names:
        try:
            addresses += socket.getaddrinfo(
                name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
            )
        except OSError:
            continue
    if not addresses:
        raise ConfigError(f"--host: {host} is not an address of this machine")
    sockets: list[socket.socket] = []
    for family, _, _, _, address in dict.fromkeys(addresses):
        try:
            sockets.append(_listen(family, (address[0], port, *address[2:])))
        except OSError as error:
            # A host without IPv6 still resolves localhost to ::1.
            no_such = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
            if error.errno in no_such and (sockets or len(addresses) > 1):
                continue
            for listener in sockets:
                listener.close()
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
        return f"Port {port} on {host} is in use. Choose another one with --port"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Only root can listen on port {port}. Choose a port above 1023 with --port"
    return f"Cannot listen on {host}:{port}: {error.strerror}"


def announcement(config: Config, sockets: list[socket.socket]) -> Callable[[], None]:
    """Return a function that prints the URL, to call once the server is ready."""
    listening = ", ".join(map(_address, sockets))
    port = sockets[0].getsockname()[1]

    def announce() -> None:
        click.echo(f"Ssoko is at {config.base_url} (listening on {listening}).")
        click.echo("Press Ctrl-C to stop.")
        if _has_other_port(config, port):
            click.echo(
                f"Warning: SSOKO_BASE_URL is {config.base_url}, but this server listens on port "
                f"{port}. Unless a proxy is there, set SSOKO_BASE_URL=http://localhost:{port}",
                err=True,
            )

    return announce


def _has_other_port(config: Config, port: int) -> bool:
    """Tell whether the base URL is on this machine, with another port."""
    base = urlsplit(config.base_url)
    return base.hostname in {"localhost", "127.0.0.1"} and (base.port or 80) != port


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _close_database() -> None:
    # Processes must not share a connection.
    from ssoko.store.models.table import database

    database.close()


def _warn_about_sqlite(config: Config, workers: int) -> None:
    is_sqlite = config.database_url.startswith("sqlite:")
    if workers > 1 and is_sqlite and sqlite3.sqlite_version_info < SAFE_WAL:
        click.echo(
            f"Warning: SQLite {sqlite3.sqlite_version} can damage its file when several processes "
            "write at once (WAL-reset bug, fixed in 3.51.3). Use --workers 1, a newer SQLite, or "
            "PostgreSQL.",
            err=True,
        )


def _warn_about_counting(config: Config, workers: int) -> None:
    if workers > 1 and config.rate_limit_url.startswith("memory:"):
        click.echo(
            "Warning: each worker counts failed sign-ins separately. To share the count, set "
            "SSOKO_RATE_LIMIT_URL to a Redis server.",
            err=True,
        )
