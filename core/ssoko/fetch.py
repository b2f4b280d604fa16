"""Fetch a document from a URL that an admin typed, without letting the URL reach anything else.

====================  ========================================================================
URL                   https, port 443, a plain host name or IP address; nothing else
host name             resolved once; every result must be a public IP address, and the
                      connection uses one of those addresses
redirects             not followed
time                  5 seconds to connect, 10 in total, however slow the server is
number                2 at once in this process, so that slow servers keep nobody else waiting
size                  2 MB, counted after decompression
proxies, cookies,     none, whatever the environment and the home directory contain
passwords
====================  ========================================================================

An operator can allow further ``host:port`` pairs; only for these, http, other ports and IP
addresses that are not public are allowed.
"""

import http.client
import io
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ssoko import __version__
from ssoko.errors import InputError

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MAX_BYTES = 2 * 1024 * 1024
#: Downloads in progress; ``ssoko serve`` has as many threads more than requests at once.
AT_ONCE = 2
MAX_URL = 2048

#: RFC 3986, section 2, without the fragment.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
#: What resolvers take for a number (WHATWG URL, "ends in a number"): 0x7f, 0177, 2130706433.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: Prefix of RFC 6052; the last 32 bits are an IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_slots = threading.BoundedSemaphore(AT_ONCE)
_meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class _FetchRefused(Exception):
    """The text says what is wrong with the URL, and what to do."""


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL that may be fetched."""

    secure: bool
    host: str
    port: int
    path: str
    allowed: bool

    @property
    def pair(self) -> str:
        """``host:port``, as in the setting."""
        return _pair(self.host, self.port)


def fetch(url: str, *, allow: Collection[str] = (), field: str = "url") -> bytes:
    """Return the document at a URL.

    :param allow: ``host:port`` pairs of the setting ``metadata_fetch_allow``.
    :raises InputError: at *field*, for every reason that it cannot be fetched.
    """
    if not _slots.acquire(blocking=False):
        raise InputError.of(
            field, "Other downloads are in progress; try again in 10 seconds, or upload the file"
        )
    try:
        with _meanwhile():
            return _fetch(url, allow, field)
    finally:
        _slots.release()


def run_others_meanwhile(give_up: Callable[[], AbstractContextManager[None]]) -> None:
    """Set what lets other requests run during a download; a server with few threads needs it.

    :param give_up: returns a context in which the caller has given up its turn.
    """
    global _meanwhile  # noqa: PLW0603 - one server a process
    _meanwhile = give_up


def _fetch(url: str, allow: Collection[str], field: str) -> bytes:
    deadline = time.monotonic() + TOTAL_SECONDS
    try:
        target = _read_url(url, allow)
        with closing(_connect(target, deadline)) as connection:
            return _request(connection, target, deadline)
    except _FetchRefused as refusal:
        message = str(refusal)
    except TimeoutError:
        message = "The server took longer than 10 seconds; try again, or upload the file"
    except ssl.SSLCertVerificationError as error:
        message = f"The server's certificate is not trusted: {error.verify_message}"
    except (OSError, http.client.HTTPException, zlib.error):
        message = "The server's response was cut off or is not HTTP; try again, or upload the file"
    raise InputError.of(field, message)


def _read_url(url: str, allow: Collection[str]) -> _Target:
    if len(url) > MAX_URL:
        raise _FetchRefused(f"Shorten the URL to {MAX_URL} characters")
    if not _URI.fullmatch(url):
        raise _FetchRefused(
            "Enter the full URL, like https://example.com/metadata, without # and with "
            "percent-encoded special characters"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _FetchRefused("Enter a URL like https://example.com/metadata") from None
    if parts.scheme not in {"https", "http"}:
        raise _FetchRefused("Enter a URL that starts with https://")
    if "@" in parts.netloc:
        raise _FetchRefused("Remove the username and password from the URL")
    host = _check_host(parts.hostname or "")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    pair = _pair(host, port)
    allowed = pair in allow
    if parts.scheme == "http" and not allowed:
        raise _FetchRefused(
            "Use https; with plain http, anyone on the network could change the metadata"
        )
    if port != 443 and not allowed:
        raise _FetchRefused(f"Port {port} is not allowed, only 443{_hint(pair)}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme == "https", host, port, path, allowed)


def _check_host(host: str) -> str:
    """Return a host name in lowercase; refuse spellings that resolvers read as numbers."""
    host = host.lower()
    try:
        if str(ipaddress.ip_address(host)) == host:
            return host
    except ValueError:
        if _NAME.fullmatch(host) and not _NUMBER.fullmatch(host.rpartition(".")[2]):
            return host
    raise _FetchRefused("Enter the host as a name, like example.com")


def _pair(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _hint(pair: str) -> str:
    return f"; an operator can allow it: SSOKO_METADATA_FETCH_ALLOW={pair}"


def _connect(target: _Target, deadline: float) -> socket.socket:
    """Connect to one of the checked IP addresses; the host name is not resolved again."""
    until = min(deadline, time.monotonic() + CONNECT_SECONDS)
    for family, kind, protocol, _, address in _resolve(target, until):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_remaining(until))
            connection.connect(address)
        except OSError:
            connection.close()
            continue
        try:
            connection.settimeout(_remaining(deadline))
            return _secure(connection, target.host) if target.secure else connection
        except OSError:
            connection.close()
            raise
    raise _FetchRefused("The server does not respond; compare the URL with the vendor's")


def _secure(connection: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)


def _resolve(target: _Target, until: float) -> list[tuple[Any, ...]]:
    """Resolve a host name until *until*, and check that every result is public."""
    results: queue.SimpleQueue[list[tuple[Any, ...]]] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            results.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            results.put([])

    # The resolver has no timeout, so a slow one is abandoned in its thread.
    threading.Thread(target=resolve, daemon=True).start()
    try:
        addresses = results.get(timeout=_remaining(until))
    except queue.Empty:
        addresses = []
    if not addresses:
        raise _FetchRefused("No server has this name; compare the URL with the vendor's")
    if not target.allowed and not all(_is_public(result[4][0]) for result in addresses):
        raise _FetchRefused(
            "The URL points to a private network, which is not allowed" + _hint(target.pair)
        )
    return addresses


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return all(
        ip.is_global
        and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_link_local)
        for ip in (address, *_embedded(address))
    )


def _embedded(address: _IP) -> tuple[_IP, ...]:
    """Return the IPv4 addresses embedded in an IPv6 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    teredo = address.teredo or ()
    nat64 = [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else []
    embedded = (address.ipv4_mapped, address.sixtofour, *teredo, *nat64)
    return tuple(ip for ip in embedded if ip is not None)


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class _Incoming(io.RawIOBase):
    """The incoming bytes; every read has the same deadline."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection, self._deadline = connection, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_remaining(self._deadline))
        return self._connection.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a reader, as :class:`http.client.HTTPResponse` expects of a socket."""
        return io.BufferedReader(self)


def _request(connection: socket.socket, target: _Target, deadline: float) -> bytes:
    usual = f":{443 if target.secure else 80}"
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.pair.removesuffix(usual)}",
        f"User-Agent: Ssoko/{__version__}",
        "Accept: application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    connection.settimeout(_remaining(deadline))
    connection.sendall("\r\n".join((*lines, "", "")).encode("ascii"))
    response = http.client.HTTPResponse(_Incoming(connection, deadline), method="GET")  # type: ignore[arg-type]  # it only calls makefile
    with closing(response):
        response.begin()
        _check_status(response)
        return _body(response)


def _check_status(response: http.client.HTTPResponse) -> None:
    if 300 <= response.status < 400:
        place = response.getheader("Location", "")[:200]
        raise _FetchRefused(
            f"The URL redirects to {place or 'another URL'}; enter that URL instead"
        )
    if response.status != 200:
        raise _FetchRefused(
            f"The server responds with status {response.status}; open the URL in a browser"
        )


def _body(response: http.client.HTTPResponse) -> bytes:
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip"}:
        raise _FetchRefused("The server uses an unsupported compression; upload the file instead")
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in encoding else None
    document = bytearray()
    while chunk := response.read(65_536):
        document += unzip.decompress(chunk, MAX_BYTES + 1 - len(document)) if unzip else chunk
        if len(document) > MAX_BYTES:
            raise _FetchRefused("The document is larger than 2 MB; upload the part that you need")
    if response.length or (unzip and not unzip.eof):
        raise http.client.IncompleteRead(bytes(document))
    return bytes(document)
