"""Key rotation during sign-ins: sign-ins keep working, whenever a provider refreshes metadata."""

import base64
import copy
import secrets
import threading
import time
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import xmlsec
from lxml import etree

from .server import Workspace
from .visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

RATE = 20
SECONDS = 9
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
NS = {"saml": SAML, "samlp": SAMLP, "ds": "http://www.w3.org/2000/09/xmldsig#"}

#: Times in seconds from the start. The last provider refreshes its metadata only after the switch
#: is rolled back.
NEXT, SWITCH, UNDO, AGAIN = 1, 4, 5.5, 7
REFRESHES = {"early": 1.5, "middle": 2.5, "late": 3.5, "asleep": 6.5}


@dataclass(slots=True)
class Provider:
    """A service provider that trusts the certificates in the metadata it fetched last."""

    name: str
    metadata_url: str
    login: str = ""
    trusted: list[str] = field(default_factory=list)

    @property
    def entity_id(self) -> str:
        return f"urn:example:{self.name}"

    @property
    def acs_url(self) -> str:
        return f"http://127.0.0.1:9/{self.name}/acs"

    def refresh(self) -> None:
        """Fetch the metadata."""
        with urllib.request.urlopen(self.metadata_url, timeout=30) as response:
            root = etree.fromstring(response.read())
        self.login = root.xpath(
            "string(//*[local-name()='SingleSignOnService'][contains(@Binding,'Redirect')]/@Location)"
        )
        self.trusted = [
            "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n"
            for text in root.xpath("//ds:X509Certificate/text()", namespaces=NS)
        ]

    def request(self, request_id: str) -> str:
        """Return an AuthnRequest."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{request_id}" '
            f'Version="2.0" IssueInstant="{now}" AssertionConsumerServiceURL="{self.acs_url}">'
            f"<saml:Issuer>{self.entity_id}</saml:Issuer></samlp:AuthnRequest>"
        )

    def accepts(self, saml_response: str, request_id: str) -> bool:
        """Return whether both signatures are trusted. The response must belong to this request."""
        root = etree.fromstring(base64.b64decode(saml_response))
        xmlsec.tree.add_ids(root, ["ID"])
        assert root.get("InResponseTo") == request_id
        assert root.findtext(f"{{{SAML}}}Issuer") == self.metadata_url
        signatures = root.xpath("/samlp:Response/ds:Signature", namespaces=NS) + root.xpath(
            "/samlp:Response/saml:Assertion/ds:Signature", namespaces=NS
        )
        assert len(signatures) == 2
        return all(
            any(_verifies(signature, pem) for pem in self.trusted) for signature in signatures
        )


def _verifies(signature: etree._Element, pem: str) -> bool:
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in: start, end, and whether the provider accepted the response."""

    provider: str
    started: float
    ended: float
    accepted: bool


@dataclass(slots=True)
class Crowd:
    """A user who signs in to all providers continuously."""

    visitor: Visitor
    providers: dict[str, Provider]
    attempts: list[Attempt] = field(default_factory=list)

    def sign_in(self, provider: Provider) -> None:
        """Sign in with HTTP-Redirect and record whether the provider accepts the response."""
        started, request_id = time.monotonic(), f"_{secrets.token_hex(16)}"
        deflated = zlib.compress(provider.request(request_id).encode(), wbits=-15)
        query = urllib.parse.urlencode({"SAMLRequest": base64.b64encode(deflated).decode()})
        page = copy.deepcopy(self.visitor).get(f"{provider.login}?{query}")
        form = page.form("SAMLResponse")
        assert form.action == provider.acs_url
        accepted = provider.accepts(form.values["SAMLResponse"], request_id)
        self.attempts.append(Attempt(provider.name, started, time.monotonic(), accepted))

    def run(self, start: float) -> None:
        """Sign in to the providers in turn at a constant rate, however long responses take."""
        with ThreadPoolExecutor(16) as pool:
            futures = []
            for number, provider in enumerate(self._turns()):
                time.sleep(max(0.0, start + number / RATE - time.monotonic()))
                futures.append(pool.submit(self.sign_in, provider))
            for future in futures:
                future.result()

    def _turns(self) -> Iterator[Provider]:
        listed = list(self.providers.values())
        for number in range(RATE * SECONDS):
            yield listed[number % len(listed)]


@pytest.fixture(scope="module")
def crowd(workspace: Workspace) -> Crowd:
    """Return a user with the roles of four applications that share an issuer."""
    amina = workspace.create_user("amina")
    issuer = workspace.api.post("/issuers", name="Rotating")
    providers = {}
    for name in REFRESHES:
        provider = Provider(name, issuer["metadata"]["metadata_url"])
        application = workspace.api.post(
            "/applications",
            integration="custom-saml",
            name=name,
            issuer=issuer["id"],
            settings={"entity_id": provider.entity_id, "acs_urls": [provider.acs_url]},
        )
        workspace.api.post(f"/users/{amina['id']}/roles", role=application["default_role"]["id"])
        provider.refresh()
        providers[name] = provider
    return Crowd(workspace.sign_in("amina"), providers)


def test_key_rotation_at_twenty_sign_ins_per_second_fails_no_sign_in(
    workspace: Workspace, crowd: Crowd
) -> None:
    api, asleep = workspace.api, crowd.providers["asleep"]
    (issuer,) = [item for item in api.items("/issuers") if item["name"] == "Rotating"]
    keys = f"/issuers/{issuer['id']}/keys"
    (first,) = api.items(keys)
    new_key: dict[str, str] = {}
    changed: dict[str, tuple[float, float]] = {}

    def activate(key_id: Callable[[], str], name: str) -> None:
        started = time.monotonic()
        api.post(f"{keys}/{key_id()}/activate")
        changed[name] = (started, time.monotonic())

    script = sorted(
        [
            (NEXT, lambda: new_key.update(id=api.post(keys)["id"])),
            (SWITCH, lambda: activate(lambda: new_key["id"], "switch")),
            (UNDO, lambda: activate(lambda: first["id"], "undo")),
            (AGAIN, lambda: activate(lambda: new_key["id"], "again")),
            *((at, crowd.providers[name].refresh) for name, at in REFRESHES.items()),
        ],
        key=lambda line: line[0],
    )
    start = time.monotonic() + 0.2
    running = threading.Thread(target=crowd.run, args=(start,))
    running.start()
    for at, act in script:
        time.sleep(max(0.0, start + at - time.monotonic()))
        act()
    running.join()

    assert len(crowd.attempts) == RATE * SECONDS
    refused = [item for item in crowd.attempts if not item.accepted]
    # The provider with old metadata refuses responses only between the switch and the rollback.
    # This shows that signatures are verified, and that rolling back fixes the problem.
    assert {item.provider for item in refused} == {asleep.name}
    assert all(item.ended > changed["switch"][0] for item in refused)
    assert all(item.started < changed["undo"][1] for item in refused)
    assert [key["state"] for key in api.items(keys)] == ["active", "retired"]
    assert api.items(keys)[0]["id"] == new_key["id"]
    last = {
        name: max(a.started for a in crowd.attempts if a.provider == name) for name in REFRESHES
    }
    assert all(started > changed["again"][1] for started in last.values())


def test_sign_in_started_before_activation_completes_after_it(
    workspace: Workspace, crowd: Crowd
) -> None:
    api, provider = workspace.api, crowd.providers["early"]
    (issuer,) = [item for item in api.items("/issuers") if item["name"] == "Rotating"]
    keys = f"/issuers/{issuer['id']}/keys"
    new_key = api.post(keys)
    provider.refresh()
    request_id = f"_{secrets.token_hex(16)}"
    saml_request = base64.b64encode(provider.request(request_id).encode()).decode()
    redirect = crowd.visitor.post(
        provider.login,
        {"SAMLRequest": saml_request},
        follow=False,
        cookies=False,
        sent_by="https://app.example.com/",
    )
    assert redirect.status == 303
    api.post(f"{keys}/{new_key['id']}/activate")
    page = crowd.visitor.get(urllib.parse.urljoin(provider.login, redirect.headers["location"]))
    assert provider.accepts(page.form("SAMLResponse").values["SAMLResponse"], request_id)
