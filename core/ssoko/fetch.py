"""Fetch a document from an address that an admin typed, and reach nothing else with it.

====================  ========================================================================
address               https, port 443, a plain host name or IP address; nothing else
name                  looked up once; every answer must be a public address, and the
                      connection goes to one of those very addresses
redirects             none are followed
time                  5 seconds to connect, 10 in all, however slowly the bytes come
size                  2 MB, counted after decompression
proxies, cookies,     none, whatever the environment and the home directory say
passwords
====================  ========================================================================

An operator may allow ``host:port`` pairs beside these; for them alone http, other ports and
addresses that are not public are let through.
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
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ssoko import __version__
from ssoko.errors import InputError

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MAX_BYTES = 2 * 1024 * 1024
MAX_URL = 2048

#: RFC 3986, section 2, without the fragment.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
#: What resolvers take for a number (WHATWG URL, "ends in a number"): 0x7f, 0177, 2130706433.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: Prefix of RFC 6052; the last 32 bits are an IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Refused(Exception):
    """The text says what is wrong with the address, and what to do."""


@dataclass(frozen=True, slots=True)
class _Target:
    """An address that may be asked."""

    secure: bool
    host: str
    port: int
    path: str
    allowed: bool

    @property
    def pair(self) -> str:
        """``host:port``, as the setting has it."""
        return _pair(self.host, self.port)


def fetch(url: str, *, allow: Collection[str] = (), field: str = "url") -> bytes:
    """Return what is at an address.

    :param allow: ``host:port`` pairs of the setting ``metadata_fetch_allow``.
    :raises InputError: at *field*, for every reason that it cannot be had.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    try:
        target = _read_url(url, allow)
        with closing(_connect(target, deadline)) as wire:
            return _ask(wire, target, deadline)
    except _Refused as refused:
        message = str(refused)
    except TimeoutError:
        message = "The server took longer than 10 seconds; try again, or upload the file"
    except ssl.SSLCertVerificationError as error:
        message = f"The server's certificate is not trusted: {error.verify_message}"
    except (OSError, http.client.HTTPException, zlib.error):
        message = "The server's answer broke off or is no HTTP; try again, or upload the file"
    raise InputError.of(field, message)


def _read_url(url: str, allow: Collection[str]) -> _Target:
    if len(url) > MAX_URL:
        raise _Refused(f"Shorten the address to {MAX_URL} characters")
    if not _URI.fullmatch(url):
        raise _Refused(
            "Write the address in full, like https://example.com/metadata, without # and with "
            "%-codes for special characters"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _Refused("Write the address like https://example.com/metadata") from None
    if parts.scheme not in {"https", "http"}:
        raise _Refused("Give an address that starts with https://")
    if "@" in parts.netloc:
        raise _Refused("Leave the user name and password out of the address")
    host = _check_host(parts.hostname or "")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    pair = _pair(host, port)
    allowed = pair in allow
    if parts.scheme == "http" and not allowed:
        raise _Refused("Use https; over plain http anybody on the way could change the metadata")
    if port != 443 and not allowed:
        raise _Refused(f"Port {port} is not asked, only 443{_hint(pair)}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme == "https", host, port, path, allowed)


def _check_host(host: str) -> str:
    """Return a host name in small letters; refuse spellings that resolvers take for numbers."""
    host = host.lower()
    try:
        if str(ipaddress.ip_address(host)) == host:
            return host
    except ValueError:
        if _NAME.fullmatch(host) and not _NUMBER.fullmatch(host.rpartition(".")[2]):
            return host
    raise _Refused("Write the host as a name, like example.com")


def _pair(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _hint(pair: str) -> str:
    return f"; an operator can allow it: SSOKO_METADATA_FETCH_ALLOW={pair}"


def _connect(target: _Target, deadline: float) -> socket.socket:
    """Connect to one of the addresses that were checked; a name is never looked up again."""
    until = min(deadline, time.monotonic() + CONNECT_SECONDS)
    for family, kind, protocol, _, address in _look_up(target, until):
        wire = socket.socket(family, kind, protocol)
        try:
            wire.settimeout(_left(until))
            wire.connect(address)
        except OSError:
            wire.close()
            continue
        try:
            wire.settimeout(_left(deadline))
            return _secure(wire, target.host) if target.secure else wire
        except OSError:
            wire.close()
            raise
    raise _Refused("The server does not answer; compare the address with the vendor's")


def _secure(wire: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(wire, server_hostname=host)


def _look_up(target: _Target, until: float) -> list[tuple[Any, ...]]:
    """Return what the resolver says, once all of it is public; it gets no longer than *until*."""
    answers: queue.SimpleQueue[list[tuple[Any, ...]]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answers.put([])

    # The resolver takes no timeout, so it is left behind when it is too slow.
    threading.Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=_left(until))
    except queue.Empty:
        found = []
    if not found:
        raise _Refused("There is no server of this name; compare the address with the vendor's")
    if not target.allowed and not all(_is_public(answer[4][0]) for answer in found):
        raise _Refused(
            "The address leads into a private network, which is not asked" + _hint(target.pair)
        )
    return found


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return all(
        one.is_global
        and not (one.is_multicast or one.is_reserved or one.is_unspecified or one.is_link_local)
        for one in (address, *_inside(address))
    )


def _inside(address: _IP) -> tuple[_IP, ...]:
    """Return the IPv4 addresses that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    teredo = address.teredo or ()
    nat64 = [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else []
    found = (address.ipv4_mapped, address.sixtofour, *teredo, *nat64)
    return tuple(one for one in found if one is not None)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Incoming(io.RawIOBase):
    """The bytes that come in; each wait for some ends at the same deadline."""

    def __init__(self, wire: socket.socket, deadline: float) -> None:
        self._wire, self._deadline = wire, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wire.settimeout(_left(self._deadline))
        return self._wire.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Do what :class:`http.client.HTTPResponse` asks of a socket."""
        return io.BufferedReader(self)


def _ask(wire: socket.socket, target: _Target, deadline: float) -> bytes:
    usual = f":{443 if target.secure else 80}"
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.pair.removesuffix(usual)}",
        f"User-Agent: Ssoko/{__version__}",
        "Accept: application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    wire.settimeout(_left(deadline))
    wire.sendall("\r\n".join((*lines, "", "")).encode("ascii"))
    response = http.client.HTTPResponse(_Incoming(wire, deadline), method="GET")  # type: ignore[arg-type]  # it only calls makefile
    with closing(response):
        response.begin()
        _check_status(response)
        return _body(response)


def _check_status(response: http.client.HTTPResponse) -> None:
    if 300 <= response.status < 400:
        place = response.getheader("Location", "")[:200]
        raise _Refused(f"The address leads on to {place or 'another one'}; give that one itself")
    if response.status != 200:
        raise _Refused(f"The server answers with status {response.status}; open it in a browser")


def _body(response: http.client.HTTPResponse) -> bytes:
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip"}:
        raise _Refused("The server compresses its answer in an unknown way; upload the file")
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in encoding else None
    found = bytearray()
    while chunk := response.read(65_536):
        found += unzip.decompress(chunk, MAX_BYTES + 1 - len(found)) if unzip else chunk
        if len(found) > MAX_BYTES:
            raise _Refused("The answer is larger than 2 MB; upload the part that you need")
    if response.length or (unzip and not unzip.eof):
        raise http.client.IncompleteRead(bytes(found))
    return bytes(found)
