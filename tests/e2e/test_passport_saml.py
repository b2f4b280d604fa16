"""Sign-in and logout at passport-saml 3, with its defaults.

It asks for the NameID format emailAddress and for PasswordProtectedTransport, deflates what it
posts, and signs with SHA-1 by default.
"""

import itertools
import json
import shutil
import subprocess
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from .mellon import make_certificate
from .server import Workspace
from .service_providers import EMAIL
from .three_kinds import response_on
from .visitor import Response, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

PROVIDER = Path(__file__).with_name("passport_sp.js")
PACKAGE = "passport-saml@3.2.4"
SHA256 = {"signatureAlgorithm": "sha256", "digestAlgorithm": "sha256"}


@dataclass
class Passport:
    """A provider in its folder, with a key.

    :param options: of passport-saml, without the identity provider.
    """

    home: Path
    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def entity_id(self) -> str:
        return f"urn:example:passport:{self.name}"

    @property
    def acs_url(self) -> str:
        return f"http://127.0.0.1:9/{self.name}/acs"

    @property
    def logout_url(self) -> str:
        return f"http://127.0.0.1:9/{self.name}/logout"

    @property
    def certificate(self) -> str:
        return (self.home / "certificate.pem").read_text()

    def trust(self, metadata: dict[str, str]) -> None:
        """Configure the identity provider with what the Metadata tab shows."""
        self.options |= {
            "entryPoint": metadata["login_endpoint"],
            "logoutUrl": metadata["logout_endpoint"],
            "cert": metadata["certificate"],
        }

    def call(self, call: str, argument: Any = None) -> Any:
        """Call passport-saml; its errors raise AssertionError."""
        options = {
            "issuer": self.entity_id,
            "callbackUrl": self.acs_url,
            "logoutCallbackUrl": self.logout_url,
            "entryPoint": "http://localhost/",
            "cert": "AAAA",
        } | self.options
        message = {"options": options, "call": call, "argument": argument}
        done = subprocess.run(
            ["node", PROVIDER.name],
            input=json.dumps(message),
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.home,
            check=True,
        )
        answer = json.loads(done.stdout)
        assert "problem" not in answer, answer["problem"]
        return answer.get("result")

    def start_sign_in(self, visitor: Visitor, binding: str) -> Response:
        """Start a sign-in and return the page that Ssoko shows."""
        if binding == "redirect":
            return visitor.get(self.call("redirect"))
        (form,) = lxml.html.document_fromstring(self.call("post")).forms
        values = dict(form.form_values())
        return visitor.post(form.action, values, cookies=False, sent_by="http://127.0.0.1:9/")

    def receive(self, page: Response) -> dict[str, Any]:
        """Validate the response on a page and return the profile."""
        return self.call("response", page.form("SAMLResponse").values["SAMLResponse"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with passport-saml and a key."""
    assert shutil.which("npm"), "npm is missing: apt-get install nodejs npm"
    folder = tmp_path_factory.mktemp("passport")
    shutil.copy(PROVIDER, folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    make_certificate(folder)
    return folder


Connect = Callable[..., Passport]


@pytest.fixture(scope="module")
def connect(workspace: Workspace, home: Path, person: str) -> Connect:
    """Return a function that registers a provider in Ssoko and Ssoko at the provider."""
    numbers = itertools.count(1)

    def connect(
        *, options: dict[str, Any] | None = None, imported: bool = False, **settings: Any
    ) -> Passport:
        provider = Passport(home, f"app-{next(numbers)}", dict(options or {}))
        if imported:
            body: dict[str, Any] = {"sp_metadata": provider.call("metadata")}
        else:
            known = {"entity_id": provider.entity_id, "acs_urls": [provider.acs_url]}
            body = {"settings": known | settings}
        application = workspace.api.post(
            "/applications", integration="custom-saml", name=provider.name, **body
        )
        role = application["default_role"]["id"]
        workspace.api.post(f"/users/{person}/roles", role=role)
        provider.trust(application["metadata"])
        return provider

    return connect


def private_key(home: Path) -> dict[str, str]:
    """Return the options that make passport-saml sign."""
    return {"privateKey": (home / "key.pem").read_text()}


def assert_amina(provider: Passport, page: Response) -> None:
    profile = provider.receive(page)
    assert (profile["nameID"], profile["nameIDFormat"]) == ("amina@passport-saml.test", EMAIL)


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("imported", [False, True])
def test_user_signs_in_with_the_defaults_of_both_sides(
    connect: Connect, signed_in: Visitor, binding: str, imported: bool
) -> None:
    provider = connect(imported=imported)
    page = provider.start_sign_in(signed_in, binding)
    if "SAMLResponse" not in page.text:  # a POST without the cookie, which a GET then has
        page = signed_in.get(page.url)
    assert_amina(provider, page)


def test_sha_1_by_default_counts_as_unsigned(
    connect: Connect, signed_in: Visitor, home: Path
) -> None:
    certificate = (home / "certificate.pem").read_text()
    provider = connect(options=private_key(home), certificates=[certificate])
    assert_amina(provider, provider.start_sign_in(signed_in, "redirect"))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_required_signatures_need_sha_256(
    connect: Connect, signed_in: Visitor, home: Path, algorithm: str
) -> None:
    provider = connect(
        options=private_key(home) | (SHA256 if algorithm == "sha256" else {}),
        certificates=[(home / "certificate.pem").read_text()],
        require_signed_requests=True,
    )
    page = provider.start_sign_in(signed_in, "redirect")
    if algorithm == "sha256":
        assert_amina(provider, page)
    else:
        assert page.status == 400 and "not accepted" in page.words()


def test_provider_signs_the_user_out(
    connect: Connect, workspace: Workspace, home: Path, person: str
) -> None:
    browser = workspace.sign_in("amina")
    provider = connect(
        options=private_key(home) | SHA256,
        certificates=[(home / "certificate.pem").read_text()],
        logout_url="http://127.0.0.1:9/logout",
    )
    page = provider.start_sign_in(browser, "redirect")
    assert response_on(page).get("InResponseTo")
    profile = provider.receive(page)
    user = {k: profile[k] for k in ("nameID", "nameIDFormat", "sessionIndex")}
    answer = browser.get(provider.call("logout", user), follow=False)
    assert answer.status == 303
    location = urllib.parse.urlsplit(answer.headers["location"])
    assert provider.call("logout-response", location.query) is True
    again = provider.start_sign_in(browser, "redirect")
    assert not again.has_assertion()
