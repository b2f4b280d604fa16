"""Which URLs Ssoko fetches for admins, with real sockets on this machine."""

import contextlib
import datetime
import gzip
import ipaddress
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from ssoko import fetch as fetching
from ssoko.errors import InputError
from ssoko.fetch import MAX_BYTES, fetch


@dataclass
class Server:
    """A server of raw bytes that records its requests."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/metadata", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def allow(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})


Answer = Callable[[socket.socket], None]


def saying(*parts: bytes) -> Answer:
    def answer(wire: socket.socket) -> None:
        for part in parts:
            wire.sendall(part)

    return answer


def ok(body: bytes, *headers: str) -> Answer:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return saying("\r\n".join(lines).encode(), body)


def dripping(start: bytes, each: bytes = b"x") -> Answer:
    def answer(wire: socket.socket) -> None:
        wire.sendall(start)
        for _ in range(60):
            time.sleep(0.1)
            wire.sendall(each)

    return answer


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server with one fixed response."""
    listeners = []
    threads = []

    def start(answer: Answer, tls: ssl.SSLContext | None = None) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        server = Server(listener.getsockname()[1])

        def run() -> None:
            while True:
                try:
                    wire, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError):
                    wire = tls.wrap_socket(wire, server_side=True) if tls else wire
                    server.requests.append(wire.recv(65_536))
                    answer(wire)
                wire.close()

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        return server

    yield start
    for listener in listeners:
        # Closing alone does not wake up a thread in accept.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(10)


def refusal(url: str, **more: object) -> str:
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        fetch(url, **more)
    assert time.monotonic() - started < 15
    (name,) = caught.value.errors
    assert name == "url"
    return caught.value.errors["url"][0]


# ---------------------------------------------------------------------------
# MD-02: URLs that are not fetched
# ---------------------------------------------------------------------------

PRIVATE = [
    "https://127.0.0.1/",
    "https://localhost/",
    "https://10.0.0.1/",
    "https://172.16.5.4/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
]
SPELLINGS = [
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://[::ffff:127.0.0.1]/",
    "https://0/",
]
SCHEMES = [
    "file:///etc/passwd",
    "gopher://example.com/",
    "ftp://example.com/metadata",
    "data:text/xml,<a/>",
    "//example.com/",
    "javascript:alert(1)",
]
SHAPES = [
    "https://user:password@example.com/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1\\@example.com/",
    "https://example.com/#x",
    "https://example.com /",
    "https://１２７.0.0.1/",
    "https:///metadata",
    "https://exa mple.com/",
    "https://example.com:99999/",
    "https://[::1/",
    "https://example.com/" + "x" * 2048,
    "https://example.com/a\r\nHost: other",
    "",
]


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the attempted connections; none succeeds."""
    begun: list[object] = []

    def connect(self: socket.socket, address: object) -> None:
        begun.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return begun


@pytest.mark.parametrize("url", [*PRIVATE, *SPELLINGS, *SCHEMES, *SHAPES])
def test_md_02_a_url_that_is_not_public_https_is_refused_before_connecting(url, untouched):
    assert refusal(url)
    assert untouched == []


def test_md_02_a_host_that_also_resolves_to_a_private_address_is_refused(monkeypatch, untouched):
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443)),
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::ffff:10.0.0.1", 443, 0, 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: answers)
    assert "private network" in refusal("https://vendor.example/")
    assert untouched == []


@pytest.mark.parametrize("url", ["http://example.com/", "http://127.0.0.1/"])
def test_md_02_plain_http_is_refused(url, untouched):
    assert "https" in refusal(url)
    assert untouched == []


@pytest.mark.parametrize("port", [22, 80, 8443, 6379])
def test_md_02_other_ports_are_refused_and_the_setting_is_named(port, untouched):
    said = refusal(f"https://example.com:{port}/")
    assert f"SSOKO_METADATA_FETCH_ALLOW=example.com:{port}" in said
    assert untouched == []


def test_md_02_a_real_server_on_loopback_gets_no_request(serve):
    server = serve(ok(b"<secret/>"))
    for url in (server.url(), server.url(scheme="https"), server.url(host="localhost")):
        assert refusal(url)
    assert server.requests == []


def test_an_allowed_pair_allows_only_that_port(serve):
    server, other = serve(ok(b"<a/>")), serve(ok(b"<b/>"))
    assert fetch(server.url(), allow=server.allow) == b"<a/>"
    assert refusal(other.url(), allow=server.allow)
    assert other.requests == []


# ---------------------------------------------------------------------------
# MD-07: rebinding
# ---------------------------------------------------------------------------


def test_md_07_only_the_checked_address_is_connected_to(monkeypatch, untouched):
    looked_up = []

    def rebinding(host: str, port: int, *more: object, **options: object) -> list[object]:
        looked_up.append(host)
        address = "93.184.216.34" if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert "does not respond" in refusal("https://rebind.example/metadata")
    assert looked_up == ["rebind.example"]
    assert untouched == [("93.184.216.34", 443)]


def test_a_slow_resolver_ends_at_the_connect_timeout(monkeypatch):
    monkeypatch.setattr(fetching, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: time.sleep(1) or [])
    started = time.monotonic()
    assert "No server has this name" in refusal("https://slow.example/")
    assert time.monotonic() - started < 0.9


# ---------------------------------------------------------------------------
# MD-03: redirects, size, time
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_md_03_a_redirect_is_named_and_not_followed(serve, status):
    inside = serve(ok(b"<secret/>"))
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {inside.url()}\r\nContent-Length: 0\r\n\r\n"
    server = serve(saying(head.encode()))
    said = refusal(server.url(), allow=server.allow | inside.allow)
    assert inside.url() in said
    assert inside.requests == []


def test_md_03_a_redirect_to_itself_is_fetched_once(serve):
    server = serve(saying(b"HTTP/1.1 302 Found\r\nLocation: /metadata\r\n\r\n"))
    assert refusal(server.url(), allow=server.allow)
    assert len(server.requests) == 1


def endless(head: bytes, part: bytes) -> Answer:
    def answer(wire: socket.socket) -> None:
        wire.sendall(head)
        for _ in range(100 * 1024 * 1024 // len(part)):
            wire.sendall(part)

    return answer


def test_md_03_a_hundred_megabytes_are_not_read(serve):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    server = serve(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536))
    assert "larger than 2 MB" in refusal(server.url(), allow=server.allow)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_md_03_two_megabytes_are_counted_after_decompression(serve):
    bomb = gzip.compress(bytes(200 * 1024 * 1024 // 4))
    assert len(bomb) < 100_000
    server = serve(ok(bomb, "Content-Encoding: gzip"))
    assert "larger than 2 MB" in refusal(server.url(), allow=server.allow)
    assert fetch_from(serve, ok(bytes(MAX_BYTES))) == bytes(MAX_BYTES)
    assert fetch_from(serve, ok(gzip.compress(b"<a/>"), "Content-Encoding: gzip")) == b"<a/>"


def fetch_from(serve: Callable[..., Server], answer: Answer) -> bytes:
    server = serve(answer)
    return fetch(server.url(), allow=server.allow)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="header"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_md_03_a_byte_at_a_time_has_the_same_deadline(serve, start, monkeypatch):
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", 0.7)
    server = serve(dripping(start))
    started = time.monotonic()
    assert "longer than 10 seconds" in refusal(server.url(), allow=server.allow)
    assert time.monotonic() - started < 2


def test_md_03_the_limits_are_documented():
    assert (fetching.CONNECT_SECONDS, fetching.TOTAL_SECONDS) == (5, 10)
    assert "5 seconds to connect, 10 in total" in (fetching.__doc__ or "")


@pytest.mark.parametrize(
    "answer",
    [
        saying(b"SSH-2.0-OpenSSH_9.6\r\n"),
        saying(b""),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        saying(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
        ok(b"no gzip", "Content-Encoding: gzip"),
        ok(gzip.compress(b"x" * 99)[:-4], "Content-Encoding: gzip"),
    ],
)
def test_malformed_responses_are_refused(serve, answer):
    server = serve(answer)
    assert "was cut off" in refusal(server.url(), allow=server.allow)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content"])
def test_other_statuses_than_200_are_named(serve, status):
    server = serve(saying(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()))
    assert status[:3] in refusal(server.url(), allow=server.allow)


def test_an_unknown_compression_is_refused(serve):
    server = serve(ok(b"x", "Content-Encoding: br"))
    assert "unsupported compression" in refusal(server.url(), allow=server.allow)


def test_a_closed_port_is_reported(serve):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    said = refusal(f"http://127.0.0.1:{port}/", allow={f"127.0.0.1:{port}"})
    assert "does not respond" in said


# ---------------------------------------------------------------------------
# What is sent
# ---------------------------------------------------------------------------


def test_no_proxy_no_netrc_no_cookie_no_password(serve, monkeypatch, tmp_path):
    proxy = serve(ok(b"<proxied/>"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.url(""))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password hush\n")
    server = serve(ok(b"<a/>", "Set-Cookie: a=b"))
    for _ in range(2):
        assert fetch(server.url("/m?x=1&y=2"), allow=server.allow) == b"<a/>"
    assert proxy.requests == []
    (head, *lines) = server.requests[1].decode().split("\r\n")
    assert head == "GET /m?x=1&y=2 HTTP/1.1"
    names = {line.partition(":")[0] for line in lines if line}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert f"Host: 127.0.0.1:{server.port}" in lines


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS context for 127.0.0.1, and the CA certificate that signed it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, SHA256())
    )
    path = folder / "cert.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return context, path


def test_https_requires_a_trusted_certificate(serve, tls, monkeypatch):
    context, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server = serve(ok(b"<a/>"), context)
    assert fetch(server.url(scheme="https"), allow=server.allow) == b"<a/>"
    # The same server under a name that is not in its certificate.
    said = refusal(server.url(scheme="https", host="localhost"), allow=server.allow)
    assert "not trusted" in said


def test_an_untrusted_certificate_is_refused_before_the_request(serve, tls):
    context, _ = tls
    server = serve(ok(b"<a/>"), context)
    assert "not trusted" in refusal(server.url(scheme="https"), allow=server.allow)
    assert not any(server.requests)


def test_downloads_in_progress_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssoko.fetch._slots", threading.BoundedSemaphore(1))
    began, end = threading.Event(), threading.Event()

    def wait(*arguments: object) -> bytes:
        began.set()
        end.wait(10)
        return b""

    monkeypatch.setattr("ssoko.fetch._fetch", wait)
    first = threading.Thread(target=fetch, args=("https://one.example/",))
    first.start()
    began.wait(10)
    with pytest.raises(InputError, match="Other downloads are in progress"):
        fetch("https://two.example/")
    end.set()
    first.join(10)
    assert fetch("https://two.example/") == b""
