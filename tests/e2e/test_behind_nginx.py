"""Two nodes behind nginx with TLS, configured with the lines of the operator guide."""

import datetime
import http.client
import ipaddress
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .server import ADMIN, COMMAND, PASSWORD, Server, Workspace, free_port, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.release]

GUIDE = Path(__file__).parents[2] / "docs" / "operators.md"
CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    upstream ssoko {{ {nodes} }}
    server {{
        listen 127.0.0.1:{port} ssl;
        listen [::1]:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        {location}
    }}
}}
"""


def certificate(folder: Path) -> None:
    """Write a self-signed certificate for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address(a)) for a in ("127.0.0.1", "::1")]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses]), False)
        .sign(key, SHA256())
    )
    (folder / "certificate.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


@dataclass
class Front(Server):
    """A site whose base URL is that of nginx."""

    host: str = "localhost"
    front: int = field(default_factory=free_port)
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.front}"

    def environment(self) -> dict[str, str]:
        return super().environment() | {"SSOKO_TRUSTED_PROXIES": "1"}

    def start_all(self, kind: str) -> Workspace:
        """Start two nodes and nginx."""
        self.directory.mkdir(exist_ok=True)
        self.init()
        workspace = self.workspace("acme")
        ports = [free_port(), free_port()]
        for port in ports:
            command = [COMMAND, "serve", "--port", str(port), "--server", kind]
            with self.log.open("ab") as log:
                process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment())
            self.nodes.append(process)
            wait_for(f"http://127.0.0.1:{port}/healthz", process, self.log)
        certificate(self.directory)
        guide = GUIDE.read_text("utf-8")
        location = re.search(r"```nginx\n(.*?)```", guide, re.DOTALL)
        assert location is not None
        configuration = CONFIGURATION.format(
            folder=self.directory,
            port=self.front,
            nodes=" ".join(f"server 127.0.0.1:{port};" for port in ports),
            location=location[1].replace("http://127.0.0.1:8000", "http://ssoko"),
        )
        (self.directory / "nginx.conf").write_text(configuration)
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert nginx is not None, "nginx is missing; run .ci/packages"
        with self.log.open("ab") as log:
            self.nodes.append(
                subprocess.Popen(
                    [nginx, "-p", self.directory, "-c", self.directory / "nginx.conf"],
                    stdout=log,
                    stderr=log,
                )
            )
        self._wait_for_nginx()
        return workspace

    def _wait_for_nginx(self) -> None:
        for _ in range(100):
            try:
                Browser(self).get("/livez")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def stop_all(self) -> None:
        for process in self.nodes:
            process.terminate()
        for process in self.nodes:
            process.wait(timeout=30)


class Browser:
    """Keeps cookies, and sends the headers of a browser at the base URL.

    :param address: IPv4 address that it has.
    """

    def __init__(self, site: Front, address: str = "") -> None:
        self.site, self.address = site, address
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> http.client.HTTPResponse:
        return self._send("GET", path)

    def post(self, path: str, **form: str) -> http.client.HTTPResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
        assert token is not None
        return self._send("POST", path, {"csrf_token": token[1], **form})

    def sign_in(self, password: str = PASSWORD) -> int:
        return self.post("/w/acme/sign-in", username=ADMIN, password=password).status

    def _send(self, method: str, path: str, form: dict[str, str] | None = None) -> object:
        site = self.site
        context = ssl.create_default_context(cafile=str(site.directory / "certificate.pem"))
        connection = http.client.HTTPSConnection(
            "127.0.0.1" if self.address else site.host.strip("[]"),
            site.front,
            timeout=30,
            context=context,
            source_address=(self.address, 0) if self.address else None,
        )
        headers = {
            "Host": f"{site.host}:{site.front}",
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
        }
        body = None
        if form is not None:
            headers |= {"Origin": site.url, "Content-Type": "application/x-www-form-urlencoded"}
            body = urllib.parse.urlencode(form)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()  # type: ignore[attr-defined]
        connection.close()
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response


SITES = [("waitress", "localhost"), ("gunicorn", "localhost"), ("waitress", "[::1]")]


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Front]:
    kind, host = request.param
    front = Front(tmp_path / "site", host=host)
    try:
        front.start_all(kind)
        yield front
    finally:
        front.stop_all()


@pytest.mark.parametrize("site", SITES, indirect=True, ids=lambda one: "-".join(one))
def test_users_sign_in_and_send_forms_on_both_nodes(site: Front) -> None:
    browser = Browser(site)
    assert browser.sign_in() == 303
    assert [browser.get("/w/acme/account").status for _ in range(6)] == [200] * 6
    assert any(name.startswith("__Host-") for name in browser.cookies)


@pytest.mark.parametrize("site", SITES[:2], indirect=True, ids=lambda one: one[0])
def test_the_limiter_counts_visitors_apart(site: Front) -> None:
    guesses = [Browser(site, "127.0.0.2").sign_in("a wrong guess 1") for _ in range(25)]
    # Each node counts 10 in its own memory.
    assert 10 <= guesses.count(401) <= 20
    assert guesses[-1] == 429
    assert Browser(site, "127.0.0.3").sign_in() == 303
