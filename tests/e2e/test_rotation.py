"""Key rotation while people sign in: nobody is shut out, whenever a provider refreshes."""

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

#: What happens when, in seconds from the start. The last provider trusts what it had at first
#: until the switch is undone.
NEXT, SWITCH, UNDO, AGAIN = 1, 4, 5.5, 7
REFRESHES = {"early": 1.5, "middle": 2.5, "late": 3.5, "asleep": 6.5}


@dataclass(slots=True)
class Provider:
    """A service provider that trusts the certificates of the metadata as it last fetched them."""

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
        with urllib.request.urlopen(self.metadata_url, timeout=30) as answer:
            root = etree.fromstring(answer.read())
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
        """Tell whether the answer is to this request and both its signatures are trusted."""
        root = etree.fromstring(base64.b64decode(saml_response))
        xmlsec.tree.add_ids(root, ["ID"])
        assert root.get("InResponseTo") == request_id
        assert root.findtext(f"{{{SAML}}}Issuer") == self.metadata_url
        signatures = root.xpath("/samlp:Response/ds:Signature", namespaces=NS) + root.xpath(
            "/samlp:Response/saml:Assertion/ds:Signature", namespaces=NS
        )
        assert len(signatures) == 2
        return all(any(_verifies(one, pem) for pem in self.trusted) for one in signatures)


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
    """One sign-in: from when to when, and whether the provider took the answer."""

    provider: str
    began: float
    ended: float
    accepted: bool


@dataclass(slots=True)
class Crowd:
    """A person who signs in to all providers, all the time."""

    visitor: Visitor
    providers: dict[str, Provider]
    attempts: list[Attempt] = field(default_factory=list)

    def sign_in(self, provider: Provider) -> None:
        """Sign in by HTTP-Redirect, from the provider's request to its judgement."""
        began, request_id = time.monotonic(), f"_{secrets.token_hex(16)}"
        deflated = zlib.compress(provider.request(request_id).encode(), wbits=-15)
        query = urllib.parse.urlencode({"SAMLRequest": base64.b64encode(deflated).decode()})
        page = copy.deepcopy(self.visitor).get(f"{provider.login}?{query}")
        form = page.form("SAMLResponse")
        assert form.action == provider.acs_url
        accepted = provider.accepts(form.values["SAMLResponse"], request_id)
        self.attempts.append(Attempt(provider.name, began, time.monotonic(), accepted))

    def run(self, start: float) -> None:
        """Sign in at an even pace, whatever the answers take, to one provider after the other."""
        with ThreadPoolExecutor(16) as pool:
            done = []
            for number, provider in enumerate(self._turns()):
                time.sleep(max(0.0, start + number / RATE - time.monotonic()))
                done.append(pool.submit(self.sign_in, provider))
            for one in done:
                one.result()

    def _turns(self) -> Iterator[Provider]:
        listed = list(self.providers.values())
        for number in range(RATE * SECONDS):
            yield listed[number % len(listed)]


@pytest.fixture(scope="module")
def crowd(workspace: Workspace) -> Crowd:
    """Return a person with the roles of four applications that share an issuer."""
    amina = workspace.person("amina")
    issuer = workspace.api.post("/issuers", name="Rotating")
    providers = {}
    for name in REFRESHES:
        provider = Provider(name, issuer["metadata"]["metadata_url"])
        made = workspace.api.post(
            "/applications",
            integration="custom-saml",
            name=name,
            issuer=issuer["id"],
            settings={"entity_id": provider.entity_id, "acs_urls": [provider.acs_url]},
        )
        workspace.api.post(f"/users/{amina['id']}/roles", role=made["default_role"]["id"])
        provider.refresh()
        providers[name] = provider
    return Crowd(workspace.sign_in("amina"), providers)


def test_no_sign_in_fails_while_the_key_is_rotated_at_twenty_sign_ins_a_second(
    workspace: Workspace, crowd: Crowd
) -> None:
    api, asleep = workspace.api, crowd.providers["asleep"]
    (issuer,) = [one for one in api.items("/issuers") if one["name"] == "Rotating"]
    keys = f"/issuers/{issuer['id']}/keys"
    (first,) = api.items(keys)
    made: dict[str, str] = {}
    changed: dict[str, tuple[float, float]] = {}

    def activate(key_id: Callable[[], str], name: str) -> None:
        began = time.monotonic()
        api.post(f"{keys}/{key_id()}/activate")
        changed[name] = (began, time.monotonic())

    script = sorted(
        [
            (NEXT, lambda: made.update(id=api.post(keys)["id"])),
            (SWITCH, lambda: activate(lambda: made["id"], "switch")),
            (UNDO, lambda: activate(lambda: first["id"], "undo")),
            (AGAIN, lambda: activate(lambda: made["id"], "again")),
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
    refused = [one for one in crowd.attempts if not one.accepted]
    # The one that never refreshed is refused between the switch and its undoing, and only then:
    # the signatures are judged for real, and going back mends it.
    assert {one.provider for one in refused} == {asleep.name}
    assert all(one.ended > changed["switch"][0] for one in refused)
    assert all(one.began < changed["undo"][1] for one in refused)
    assert [key["state"] for key in api.items(keys)] == ["active", "retired"]
    assert api.items(keys)[0]["id"] == made["id"]
    last = {name: max(a.began for a in crowd.attempts if a.provider == name) for name in REFRESHES}
    assert all(began > changed["again"][1] for began in last.values())


def test_a_sign_in_that_was_begun_before_the_switch_is_finished_after_it(
    workspace: Workspace, crowd: Crowd
) -> None:
    api, provider = workspace.api, crowd.providers["early"]
    (issuer,) = [one for one in api.items("/issuers") if one["name"] == "Rotating"]
    keys = f"/issuers/{issuer['id']}/keys"
    made = api.post(keys)
    provider.refresh()
    request_id = f"_{secrets.token_hex(16)}"
    sent = base64.b64encode(provider.request(request_id).encode()).decode()
    held = crowd.visitor.post(
        provider.login,
        {"SAMLRequest": sent},
        follow=False,
        cookies=False,
        sent_by="https://app.example.com/",
    )
    assert held.status == 303
    api.post(f"{keys}/{made['id']}/activate")
    page = crowd.visitor.get(urllib.parse.urljoin(provider.login, held.headers["location"]))
    assert provider.accepts(page.form("SAMLResponse").values["SAMLResponse"], request_id)
