"""Servers with clients that are slow, and with requests in progress when they are stopped.

The application sleeps as long as the path says.
"""

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

PROGRAM = """
import sys, time
from ssoko.cli.operators import on_gunicorn, on_waitress, serve

def app(environ, start_response):
    time.sleep(float(environ["PATH_INFO"][1:] or 0))
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(body)).encode()]

server, host, seconds = sys.argv[1:]
on_waitress.REQUEST_SECONDS = on_gunicorn.REQUEST_SECONDS = float(seconds)
sockets = serve.bind(host, 0)
ports = [one.getsockname()[:2] for one in sockets]
ready = lambda: print("ready", ports, flush=True)
if server == "waitress":
    on_waitress.serve(app, sockets, 1, ready)
else:
    on_gunicorn.serve(lambda: app, sockets, workers=1, threads=1, log_level="ERROR", ready=ready)
"""

Start = Callable[..., tuple["subprocess.Popen[str]", int]]
BOTH = pytest.mark.parametrize("server", ["waitress", "gunicorn"])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a server with one thread, and returns it and its port."""
    running: list[subprocess.Popen[str]] = []

    def run(server: str, *, host: str = "127.0.0.1", seconds: float = 2) -> tuple[object, int]:
        command = [sys.executable, "-c", PROGRAM, server, host, str(seconds)]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        port = re.search(r", (\d+)\)", process.stdout.readline())
        assert port is not None
        return process, int(port[1])

    yield run
    for process in running:
        process.kill()
        process.communicate(timeout=30)


def get(port: int, path: str = "/0", host: str = "127.0.0.1") -> int:
    address = f"[{host}]" if ":" in host else host
    with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=30) as response:
        return int(response.status)


def send(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(data)
    return connection


SLOW = (b"", b"GET /0 HTTP/1.1\r\nHost: a\r\n", b"POST /0 HTTP/1.1\r\nContent-Length: 9\r\n\r\n1")


@BOTH
@pytest.mark.parametrize("part", SLOW, ids=["nothing", "headers", "body"])
def test_slow_clients_keep_nobody_waiting(start: Start, server: str, part: bytes) -> None:
    _, port = start(server, seconds=30)
    slow = [send(port, part) for _ in range(150)]
    began = time.monotonic()
    assert get(port) == 200
    assert time.monotonic() - began < 5
    for connection in slow:
        connection.close()


@BOTH
def test_a_request_that_arrives_byte_by_byte_is_ended(start: Start, server: str) -> None:
    _, port = start(server, seconds=1)
    began = time.monotonic()
    with (
        closing(send(port, b"GET /0 HTTP/1.1\r\n")) as connection,
        pytest.raises(OSError, match=r"reset|pipe|abort"),
    ):
        while time.monotonic() - began < 20:
            connection.sendall(b"X")
            time.sleep(0.2)
    assert time.monotonic() - began < 10


@BOTH
def test_requests_that_wait_are_answered_after_sigterm(start: Start, server: str) -> None:
    process, port = start(server)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(get, port, "/0.4") for _ in range(8)]
        time.sleep(0.7)
        process.send_signal(signal.SIGTERM)
        assert [answer.result() for answer in answers] == [200] * 8
    assert process.wait(timeout=15) == 0


@BOTH
def test_sighup_stops_no_server(start: Start, server: str) -> None:
    process, port = start(server)
    process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert process.poll() is None
    assert get(port) == 200


@BOTH
def test_every_address_is_of_ipv4_and_ipv6(start: Start, server: str) -> None:
    _, port = start(server, host="::")
    assert get(port) == 200
    assert get(port, host="::1") == 200


@BOTH
def test_a_body_is_passed_on_complete(start: Start, server: str) -> None:
    _, port = start(server)
    for size in (0, 1, 1_000_000):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/0", data=b"x" * size)
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.read() == str(size).encode()


@BOTH
def test_requests_in_one_packet_are_answered_in_turn(start: Start, server: str) -> None:
    _, port = start(server)
    request = b"GET /0 HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with closing(send(port, request + request + last)) as connection:
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"200 OK") == 3


@BOTH
def test_a_client_that_waits_for_100_continue_is_answered(start: Start, server: str) -> None:
    _, port = start(server)
    head = b"POST /0 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n"
    with closing(send(port, head + b"Content-Length: 3\r\n\r\n")) as connection:
        assert b"100 Continue" in connection.recv(1000)
        connection.sendall(b"abc")
        assert b"200 OK" in b"".join(iter(lambda: connection.recv(65536), b""))
