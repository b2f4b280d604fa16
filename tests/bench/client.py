"""HTTP clients: they sign in with the form, then send requests over persistent connections."""

import http.client
import queue
import threading
import time
import urllib.parse
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import lxml.html

from tests.bench.messages import Request, Response, check, sign_ins
from tests.bench.process import tree_cpu

CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """A server under load. `processes` are the roots of its process trees."""

    name: str
    port: int
    processes: tuple[int, ...]
    destination: str = ""  # the URL of its SSO endpoint; "" for a hello world
    cookies: tuple[str, ...] = ()  # one header value for each session
    certificate: str = ""
    beside: tuple[int, ...] = ()  # processes measured separately, such as those of PostgreSQL

    @property
    def host(self) -> str:
        """Return the value of the Host header."""
        return urllib.parse.urlsplit(self.destination).netloc or f"127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Load:
    """The cost of one request in a short round, in seconds of CPU and of the clock."""

    cpu: float
    beside: float
    clock: float
    responses: tuple[tuple[Request, Response], ...]


def open_session(target: Target, username: str, password: str) -> Target:
    """Sign in on the page that an AuthnRequest leads to and add the session to the target."""
    request = sign_ins(target.destination, 1)[0]
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    url, body, cookies = request.path, None, dict[str, str]()
    base = f"http://{target.host}"
    for _ in range(10):
        headers = {"Host": target.host, "Origin": base}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, url))
        path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        connection.request("POST" if body is not None else "GET", path, body, headers)
        response = connection.getresponse()
        page = response.read()
        _keep(cookies, response)
        if 300 <= response.status < 400:
            url = urllib.parse.urljoin(url, response.headers["Location"])
            body = None
            continue
        if b"SAMLResponse" in page:
            check(request, Response(response.status, page, 0))
            jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
            return replace(target, cookies=(*target.cookies, jar))
        url, body = _filled(page, url, username, password)
    raise RuntimeError(f"{target.name}: no session after ten pages, the last {page[:2000]!r}")


def _keep(cookies: dict[str, str], response: http.client.HTTPResponse) -> None:
    for line in response.headers.get_all("Set-Cookie") or ():
        name, _, value = line.partition(";")[0].partition("=")
        if value and "max-age=0" not in line.lower():
            cookies[name] = value
        else:
            cookies.pop(name, None)


def _filled(page: bytes, url: str, username: str, password: str) -> tuple[str, str]:
    document = lxml.html.document_fromstring(page)
    for form in document.forms:
        secret = form.xpath(".//input[@type='password']/@name")
        named = form.xpath(".//input[@name='username' or @name='user']/@name")
        if secret and named:
            values = dict(form.form_values()) | {named[0]: username, secret[0]: password}
            return urllib.parse.urljoin(url, form.action or url), urllib.parse.urlencode(values)
    raise RuntimeError(f"no sign-in form on {url}: {page[:2000]!r}")


def send_all(target: Target, requests: Sequence[Request]) -> list[Response]:
    """Send requests one after the other over one persistent connection."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    responses = []
    for request in requests:
        start = time.perf_counter()
        status, body = _send(connection, target, request)
        responses.append(Response(status, body, time.perf_counter() - start))
    connection.close()
    return responses


def _send(
    connection: http.client.HTTPConnection, target: Target, request: Request
) -> tuple[int, bytes]:
    headers = {"Host": target.host}
    if target.cookies:
        headers["Cookie"] = target.cookies[zlib.crc32(request.path.encode()) % len(target.cookies)]
    if request.body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(
        "POST" if request.body is not None else "GET", request.path, request.body, headers
    )
    response = connection.getresponse()
    return response.status, response.read()


def load(target: Target, requests: Sequence[Request]) -> Load:
    """Send requests over several connections and return the cost of one request."""
    count = min(CONNECTIONS, len(requests))
    shares = [requests[n::count] for n in range(count)]
    before, beside = tree_cpu(target.processes), tree_cpu(target.beside)
    start = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        jobs = [pool.submit(send_all, target, share) for share in shares]
        responses = [job.result() for job in jobs]
    clock = time.perf_counter() - start
    cpu = tree_cpu(target.processes) - before
    pairs = tuple(
        pair
        for share, received in zip(shares, responses, strict=True)
        for pair in zip(share, received, strict=True)
    )
    beside = tree_cpu(target.beside) - beside
    return Load(cpu / len(requests), beside / len(requests), clock / len(requests), pairs)


def arrive(
    target: Target, requests: Sequence[Request], due: Callable[[int], float], *, connections: int
) -> list[tuple[Request, Response]]:
    """Send each request when it is due, in seconds from the start, whether or not others wait.

    The seconds of a response count from when its request was due, so that they include the wait
    for a free connection.
    """
    waiting: queue.SimpleQueue[tuple[int, Request] | None] = queue.SimpleQueue()
    results: list[tuple[Request, Response]] = []
    start = time.perf_counter() + 0.1

    def visit() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
        while (turn := waiting.get()) is not None:
            number, request = turn
            status, body = _send(connection, target, request)
            seconds = time.perf_counter() - start - due(number)
            results.append((request, Response(status, body, seconds)))
        connection.close()

    visitors = [threading.Thread(target=visit) for _ in range(connections)]
    for visitor in visitors:
        visitor.start()
    for number, request in enumerate(requests):
        time.sleep(max(0.0, start + due(number) - time.perf_counter()))
        waiting.put((number, request))
    for _ in visitors:
        waiting.put(None)
    for visitor in visitors:
        visitor.join()
    if len(results) != len(requests):
        raise RuntimeError(f"{target.name}: {len(requests) - len(results)} requests failed")
    return results
