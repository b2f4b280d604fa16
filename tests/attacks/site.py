"""The application under attack, and the outcomes that each attack must have."""

import base64
import re
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from ..e2e.server import Server, Workspace
from ..e2e.visitor import Response, Visitor
from . import kit

#: Seconds that a refusal may take on a machine that does other things as well.
PATIENCE = 3.0

INTERNALS = re.compile(
    r"Traceback|lxml|xmlsec|werkzeug|peewee|sqlite|/ssoko/|\.py\b|SELECT \S+ FROM|root:x:|WEREWOLF",
    re.I,
)

Send = Callable[[Visitor], Response]


@dataclass(slots=True)
class Target:
    """One application, a user with access, and ways to send any message to it."""

    server: Server
    workspace: Workspace
    application: dict[str, Any]
    person: Visitor
    signer: kit.Identity | None = None

    @property
    def id(self) -> str:
        return self.application["id"]

    @property
    def entity_id(self) -> str:
        return self.application["settings"]["entity_id"]

    @property
    def acs_url(self) -> str:
        return self.application["settings"]["acs_urls"][0]

    @property
    def login(self) -> str:
        return self.application["metadata"]["login_endpoint"]

    @property
    def certificate(self) -> str:
        return self.application["metadata"]["certificate"]

    def request(self, **changes: str) -> str:
        """Return a valid request with the changes applied."""
        usual = {"Destination": self.login, "AssertionConsumerServiceURL": self.acs_url}
        return kit.authn_request(**{"issuer": self.entity_id, **usual, **changes})

    def by_redirect(self, xml: str | bytes, relay_state: str = "r") -> Send:
        """Return what sends *xml* in the query string."""
        parameters = {"SAMLRequest": kit.deflated(xml), "RelayState": relay_state}
        return self.by_query(kit.query(**parameters))

    def by_query(self, text: str) -> Send:
        """Return what sends a query string as it is."""
        return lambda visitor: visitor.get(f"{self.login}?{text}")

    def by_post(self, xml: str | bytes, relay_state: str = "r") -> Send:
        """Return what sends *xml* in a form."""
        return self.by_form({"SAMLRequest": kit.posted(xml), "RelayState": relay_state})

    def by_form(self, form: dict[str, str]) -> Send:
        """Return what sends a form without cookies, as SameSite=Lax does."""
        return lambda visitor: visitor.post(
            self.login, form, cookies=False, sent_by="https://sp.example/"
        )

    def either_way(self, xml: str | bytes) -> tuple[Send, Send]:
        """Return what sends *xml* by each binding."""
        return self.by_redirect(xml), self.by_post(xml)

    def events(self, count: int = 3) -> list[dict[str, Any]]:
        """Return the newest events of the application."""
        return self.workspace.api.get(f"/events?application={self.id}&limit={count}")["items"]

    def accepts(self, send: Send | None = None) -> etree._Element:
        """Check that a valid request gets an assertion, and return the response."""
        if send is None and self.signer is None:
            send = self.by_redirect(self.request())
        elif send is None:
            send = self.by_post(kit.sign_xml(self.request(), self.signer))
        page = send(self.person)
        assert page.status == 200, f"{page.status}: {page.words()}"
        action, root, _ = posted_response(page)
        assert action == self.acs_url
        assert status_of(root) == [f"{kit.STATUS}Success"]
        return root


def posted_response(page: Response) -> tuple[str, etree._Element, str | None]:
    """Return where a page posts its response, the response and RelayState."""
    form = page.form("SAMLResponse")
    assert form.method == "POST"
    root = etree.fromstring(base64.b64decode(form.values["SAMLResponse"], validate=True))
    return form.action, root, form.values.get("RelayState")


def status_of(root: etree._Element) -> list[str]:
    """Return the status codes of a response, outermost first."""
    return [
        e.get("Value", "")
        for e in root.find("samlp:Status", kit.NS).iter(f"{{{kit.SAMLP}}}StatusCode")
    ]


def refused(target: Target, *sends: Send, statuses: tuple[int, ...] = (400, 403)) -> Response:
    """Check that each message gets a local error page, signed in or not, and nothing else happens.

    No response, no URL outside, no internals, one log entry, within the time limit; and
    afterwards the session is unchanged and a valid request gets its response.
    """
    assert sends
    newest = target.events(1)
    for send in sends:
        for visitor in (Visitor(), target.person):
            started = time.monotonic()
            page = send(visitor)
            took = time.monotonic() - started
            assert page.status in statuses, f"{page.status} {page.url}: {page.words()}"
            assert took < PATIENCE, f"{took:.1f} s"
            stays_here(target, page)
            if page.status in (400, 403):
                before, newest = newest, target.events(2)
                assert newest[0]["outcome"] == "refused"
                assert newest[0]["reference"] in page.text
                assert newest[1:] == before[:1], "one entry in the log, no more and no less"
    target.accepts()
    return page


def stays_here(target: Target, page: Response) -> None:
    """Check that a page links nowhere else and reveals no internals."""
    here = urllib.parse.urlsplit(target.server.url).netloc
    for address in (page.url, *page.hops):
        assert urllib.parse.urlsplit(address).netloc == here, address
    document = page.document()
    assert not document.xpath("//*[@name='SAMLResponse']"), page.words()
    for element, attribute, link, _ in document.iterlinks():
        place = urllib.parse.urlsplit(urllib.parse.urljoin(page.url, link))
        assert place.netloc == here and place.scheme == "http", f"{element.tag} {attribute} {link}"
    assert not document.xpath("//meta[translate(@http-equiv, 'REFSH', 'refsh') = 'refresh']")
    leak = INTERNALS.search(page.words())
    assert not leak, f"{leak.group()}: {page.words()}"


def gets_status(
    target: Target, send: Send, status: str, *, relay_state: str = "r", request_id: str = ""
) -> etree._Element:
    """Check that the SP gets *status* without an assertion, at its registered ACS URL."""
    before = target.events(1)
    page = send(target.person)
    assert page.status == 200, f"{page.status}: {page.words()}"
    action, root, returned_state = posted_response(page)
    assert action == target.acs_url == root.get("Destination")
    assert returned_state == relay_state
    assert status_of(root)[-1] == f"{kit.STATUS}{status}"
    assert not root.xpath("//saml:Assertion | //saml:EncryptedAssertion", namespaces=kit.NS)
    if request_id:
        assert root.get("InResponseTo") == request_id
    newest, *older = target.events(2)
    assert newest["outcome"] == "refused" and older[:1] == before
    target.accepts()
    return root


def memory(server: Server) -> int:
    """Return the resident memory of the server, in bytes."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) * 1024
