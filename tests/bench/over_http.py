"""Measure sign-ins over HTTP beside a hello world and beside bare RSA-2048 signatures.

``python -m tests.bench.over_http [--rounds 25] [--requests 80]``

The server as shipped: one process on the first core, session present, SP-initiated by Redirect,
event written. The three take turns in short rounds and the medians of CPU time are compared, since
a machine's speed wanders. Every answer is checked, one in each round down to its signature.
"""

import argparse
import base64
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.etree
import lxml.html
import xmlsec
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tests.e2e.server import Server, Workspace, free_port, wait_for

CONNECTIONS = 4
ENTITY_ID, ACS_URL = "urn:example:bench", "http://127.0.0.1:9/acs"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
AUTHN_REQUEST = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
    'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" '
    'IssueInstant="{instant}" Destination="{destination}" AssertionConsumerServiceURL="{acs_url}" '
    'ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST">'
    "<saml:Issuer>{entity_id}</saml:Issuer></samlp:AuthnRequest>"
)


@dataclass(frozen=True, slots=True)
class Round:
    """What one short round took: seconds of CPU and of the clock, for one thing."""

    cpu: float
    clock: float


@dataclass(frozen=True, slots=True)
class Target:
    """A server under load."""

    port: int
    process: subprocess.Popen[bytes]


def cpu_seconds(process: int) -> float:
    """Return the CPU time that a process and its children have used until now."""
    used = 0.0
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that ended meanwhile
            used += int((task / "schedstat").read_text().split()[0]) / 1e9
            used += sum(cpu_seconds(int(c)) for c in (task / "children").read_text().split())
    return used


def exchange(target: Target, paths: list[str], cookie: str) -> list[tuple[int, bytes]]:
    """Send requests over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    headers = {"Host": f"localhost:{target.port}"} | ({"Cookie": cookie} if cookie else {})
    answers = []
    for path in paths:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        answers.append((response.status, response.read()))
    connection.close()
    return answers


def load(target: Target, paths: list[str], cookie: str = "") -> tuple[Round, list[tuple]]:
    """Send requests over a few connections at once and return what one of them took."""
    shares = [paths[i::CONNECTIONS] for i in range(CONNECTIONS)]
    before, start = cpu_seconds(target.process.pid), time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answers = list(pool.map(lambda share: exchange(target, share, cookie), shares))
    clock = time.perf_counter() - start
    cpu = cpu_seconds(target.process.pid) - before
    asked = [path for share in shares for path in share]
    got = [answer for share in answers for answer in share]
    return Round(cpu / len(paths), clock / len(paths)), list(zip(asked, got, strict=True))


def sign(key: rsa.RSAPrivateKey, times: int) -> Round:
    """Measure bare signatures on the server's core."""
    with on_core(SERVER_CORE):
        cpu, clock = time.process_time(), time.perf_counter()
        for _ in range(times):
            key.sign(b"x" * 500, padding.PKCS1v15(), SHA256())
        return Round((time.process_time() - cpu) / times, (time.perf_counter() - clock) / times)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Stay on one core for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def requests(application: dict[str, Any], name: str, count: int) -> list[str]:
    """Return the addresses of fresh AuthnRequests; each ID is also the RelayState."""
    destination = application["metadata"]["login_endpoint"]
    paths = []
    for number in range(count):
        request_id = f"_{name}-{number}"
        xml = AUTHN_REQUEST.format(
            id=request_id,
            instant=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            destination=destination,
            acs_url=ACS_URL,
            entity_id=ENTITY_ID,
        )
        message = base64.b64encode(zlib.compress(xml.encode(), wbits=-15))
        query = urllib.parse.urlencode({"SAMLRequest": message, "RelayState": request_id})
        paths.append(f"{urllib.parse.urlsplit(destination).path}?{query}")
    return paths


def check(path: str, status: int, body: bytes) -> lxml.etree._Element:
    """Return the response that answers a request; anything else raises."""
    expected = urllib.parse.parse_qs(path.partition("?")[2])["RelayState"][0]
    assert status == 200, f"{status}: {body[:500]!r}"
    form = lxml.html.document_fromstring(body).forms[0]
    fields = dict(form.form_values())
    assert form.action == ACS_URL and fields["RelayState"] == expected
    root = lxml.etree.fromstring(base64.b64decode(fields["SAMLResponse"]))
    assert root.get("InResponseTo") == expected
    assert root.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode").get("Value") == SUCCESS
    assert len(root.findall(f"{ASSERTION}Assertion")) == 1
    return root


def verify(root: lxml.etree._Element, certificate: str) -> None:
    """Check the signature of the assertion with a library that did not make it."""
    assertion = root.find(f"{ASSERTION}Assertion")
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate.encode(), xmlsec.KeyFormat.CERT_PEM)
    context.verify(assertion.find("{http://www.w3.org/2000/09/xmldsig#}Signature"))


def prepare(workspace: Workspace) -> tuple[dict[str, Any], str]:
    """Return an application and the cookie of a person who may use it."""
    application = workspace.application(
        "Bench",
        give_to=(workspace.person("amina")["id"],),
        entity_id=ENTITY_ID,
        acs_urls=[ACS_URL],
        attributes=[
            {"name": "mail", "source": "user.email"},
            {"name": "groups", "source": "user.groups"},
        ],
    )
    cookies = workspace.sign_in("amina").cookies["localhost"]
    return application, "; ".join(f"{name}={value}" for name, value in cookies.items())


@contextmanager
def hello_world(directory: Path) -> Iterator[Target]:
    """Run the hello world as Ssoko is run."""
    port = free_port()
    server = [sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}", "--threads=4"]
    with (directory / "hello.log").open("ab") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *server, "tests.bench.hello:app"],
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[2],
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/", process, directory / "hello.log")
        yield Target(port, process)
    finally:
        process.terminate()
        process.wait(timeout=10)


def measure(server: Server, hello: Target, *, rounds: int, count: int) -> dict[str, list[Round]]:
    """Let the three take turns."""
    application, cookie = prepare(server.workspace("bench"))
    assert server.process is not None
    ssoko = Target(server.port, server.process)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    taken: dict[str, list[Round]] = {"RSA-2048 signature": [], "hello world": [], "sign-in": []}
    load(ssoko, requests(application, "warm", 20), cookie)
    for number in range(rounds):
        taken["RSA-2048 signature"].append(sign(key, count))
        taken["hello world"].append(load(hello, ["/"] * count)[0])
        one, answers = load(ssoko, requests(application, f"r{number}", count), cookie)
        taken["sign-in"].append(one)
        roots = [check(path, status, body) for path, (status, body) in answers]
        verify(roots[number % count], application["metadata"]["certificate"])
    return taken


def table(taken: dict[str, list[Round]]) -> str:
    """Draw the medians: CPU milliseconds, what one core could do, and ratios of one run."""
    medians = {name: statistics.median(r.cpu for r in rounds) for name, rounds in taken.items()}
    rsa_cpu, hello_cpu = medians["RSA-2048 signature"], medians["hello world"]
    lines = ["| | CPU ms | per s of CPU | per s, seen | x RSA rate | x hello rate |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for name, rounds in taken.items():
        cpu, seen = medians[name], 1 / statistics.median(r.clock for r in rounds)
        ratios = f"{rsa_cpu / cpu:.2f} | {hello_cpu / cpu:.2f}"
        lines.append(f"| {name} | {cpu * 1000:.3f} | {1 / cpu:,.0f} | {seen:,.0f} | {ratios} |")
    return "\n".join(lines)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--requests", type=int, default=80, help="in each round")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ssoko-bench-") as folder:
        server = Server(Path(folder))
        server.init()
        server.start("taskset", "-c", str(SERVER_CORE))
        try:
            with hello_world(Path(folder)) as hello, on_core(CLIENT_CORE):
                taken = measure(server, hello, rounds=chosen.rounds, count=chosen.requests)
        finally:
            server.stop()
    sys.stdout.write(
        f"{table(taken)}\n{chosen.rounds} rounds of {chosen.requests}, all answers as expected\n"
    )


if __name__ == "__main__":
    main()
