"""Forged, replayed and valid logout messages (LO-01 to LO-07)."""

import base64
import time
import urllib.parse
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from ..e2e.server import PASSWORD, Workspace, at_sign_in
from ..e2e.visitor import Response, Visitor
from . import kit
from .conftest import Applications, Listener
from .site import Send, Target, refused, status_of

REQUEST, RESPONSE = "SAMLRequest", "SAMLResponse"


class Session:
    """A user's browser, signed in to one or more applications."""

    def __init__(self, workspace: Workspace, *targets: Target) -> None:
        self.workspace = workspace
        self.visitor = workspace.sign_in("amina")
        self.names: dict[str, etree._Element] = {}
        for target in targets:
            page = target.by_redirect(target.request())(self.visitor)
            text = page.form(RESPONSE).values[RESPONSE]
            self.names[target.id] = etree.fromstring(base64.b64decode(text))

    @property
    def alive(self) -> bool:
        """Whether the dashboard opens."""
        return not at_sign_in(self.visitor.get(f"{self.workspace.url}/dashboard"))

    def inside(self, target: Target) -> str:
        """Return the NameID and session index for a LogoutRequest."""
        root = self.names[target.id]
        (name_id,) = root.xpath("//saml:Subject/saml:NameID", namespaces=kit.NS)
        (index,) = root.xpath("//@SessionIndex")
        attributes = "".join(f' {k}="{kit.escape(v)}"' for k, v in name_id.items())
        return (
            f"<saml:NameID{attributes}>{kit.escape(name_id.text)}</saml:NameID>"
            f"<samlp:SessionIndex>{index}</samlp:SessionIndex>"
        )

    def request(self, target: Target, **changes: str) -> str:
        """Return a valid unsigned LogoutRequest with the changes applied."""
        usual = {
            "name": "LogoutRequest",
            "issuer": target.entity_id,
            "Destination": endpoint(target),
            "NotOnOrAfter": kit.instant(300),
            "inside": self.inside(target),
        }
        return kit.authn_request(**usual | changes)


def endpoint(target: Target) -> str:
    """Return the logout endpoint."""
    return target.application["metadata"]["logout_endpoint"]


def by_query(target: Target, text: str) -> Send:
    """Return what sends a query string to the logout endpoint."""
    return lambda visitor: visitor.get(f"{endpoint(target)}?{text}", follow=False)


def by_post(target: Target, xml: str, field: str = REQUEST) -> Send:
    """Return what posts a message to the logout endpoint, from the SP's page."""
    form = {field: kit.posted(xml), "RelayState": "r"}
    return lambda visitor: visitor.post(
        endpoint(target), form, cookies=False, follow=False, sent_by="https://sp.example/"
    )


def signed(target: Target, xml: str, signer: kit.Identity, field: str = REQUEST) -> Send:
    """Return what sends a message with a signed query string."""
    parameters = {field: kit.deflated(xml), "RelayState": "r"}
    return by_query(target, kit.signed_query(signer, **parameters))


@pytest.fixture(scope="module")
def victim(applications: Applications, sp: kit.Identity) -> Target:
    """Return an application with a logout URL."""
    slo = "https://lo-victim.example/slo"
    return applications("lo-victim", certificates=[sp.certificate], logout_url=slo)


@pytest.fixture(scope="module")
def session(workspace: Workspace, victim: Target) -> Session:
    """Return a session that no message of these tests may end."""
    return Session(workspace, victim)


def nothing_ends(session: Session, target: Target, *sends: Send) -> None:
    """Check that each message gets an error page and the session continues."""
    refused(target, *sends)
    for send in sends:
        send(session.visitor)
    assert session.alive


def test_lo_01_an_unsigned_logout_request_is_refused(session: Session, victim: Target) -> None:
    xml = session.request(victim)
    message = kit.query(SAMLRequest=kit.deflated(xml))
    nothing_ends(session, victim, by_query(victim, message), by_post(victim, xml))


def test_lo_01_a_logout_request_signed_by_another_key_is_refused(
    session: Session, victim: Target, thief: kit.Identity
) -> None:
    xml = session.request(victim)
    enveloped = kit.sign_xml(session.request(victim), thief)
    nothing_ends(session, victim, signed(victim, xml, thief), by_post(victim, enveloped))


def test_lo_01_a_logout_request_of_another_sp_is_refused(
    session: Session, victim: Target, applications: Applications, next_sp: kit.Identity
) -> None:
    slo = "https://lo-other.example/slo"
    other = applications("lo-other", certificates=[next_sp.certificate], logout_url=slo)
    # In the victim's name, at either endpoint; and in its own name about the victim's session.
    xml = session.request(victim)
    nothing_ends(session, victim, signed(victim, xml, next_sp))
    nothing_ends(
        session, victim, signed(victim, session.request(victim, issuer=other.entity_id), next_sp)
    )
    refused(other, signed(other, session.request(victim, Destination=endpoint(other)), next_sp))
    own = session.request(victim, issuer=other.entity_id, Destination=endpoint(other))
    page = signed(other, own, next_sp)(Visitor())
    assert page.status in (303, 400)
    if page.status == 303:
        assert page.headers["location"].startswith(f"{slo}?")
        assert f"{kit.STATUS}Success" not in status_of(response_in(page))
    assert session.alive


def test_lo_01_a_changed_or_wrapped_logout_request_is_refused(
    session: Session, victim: Target, sp: kit.Identity
) -> None:
    good = kit.sign_xml(session.request(victim, inside="<saml:NameID>nobody</saml:NameID>"), sp)
    changed = good.replace("<saml:NameID>nobody</saml:NameID>", session.inside(victim))
    assert changed != good
    root = etree.fromstring(session.request(victim))
    box = etree.Element(f"{{{kit.SAMLP}}}Extensions")
    box.append(etree.fromstring(good))
    root.insert(1, box)
    wrapped = etree.tostring(root).decode()
    nothing_ends(session, victim, by_post(victim, changed), by_post(victim, wrapped))


def test_lo_01_a_sha_1_signature_is_refused(
    session: Session, victim: Target, sp: kit.Identity
) -> None:
    message = kit.deflated(session.request(victim))
    query = kit.signed_query(sp, alg=kit.RSA_SHA1, SAMLRequest=message)
    old = kit.sign_xml(session.request(victim), sp, method="RsaSha1", digest="Sha1")
    nothing_ends(session, victim, by_query(victim, query), by_post(victim, old))


@pytest.mark.parametrize(
    "changes",
    [
        {"IssueInstant": kit.instant(-3600)},
        {"IssueInstant": kit.instant(3600)},
        {"NotOnOrAfter": "2020-01-01T00:00:00Z"},
        {"Destination": ""},
        {"Destination": "https://idp.example/slo"},
        {"Version": "1.1"},
        {"before": "<!DOCTYPE x [<!ENTITY e 'f'>]>"},
        {"name": "AuthnRequest", "NotOnOrAfter": ""},
        {"name": "ManageNameIDRequest", "NotOnOrAfter": ""},
        {"inside": ""},
    ],
    ids=[
        "an hour old",
        "an hour ahead",
        "over",
        "no Destination",
        "another Destination",
        "SAML 1.1",
        "a DTD",
        "AuthnRequest",
        "ManageNameIDRequest",
        "no NameID",
    ],
)
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_lo_02_a_signed_but_wrong_logout_request_is_refused(
    session: Session, victim: Target, sp: kit.Identity, changes: dict[str, str], binding: str
) -> None:
    before = changes.get("before", "")
    xml = session.request(victim, **{k: v for k, v in changes.items() if k != "before"})
    if binding == "redirect":
        send = signed(victim, before + xml, sp)
    else:
        send = by_post(victim, before + kit.sign_xml(xml, sp))
    nothing_ends(session, victim, send)


def test_lo_02_a_replayed_logout_request_is_refused(
    workspace: Workspace, victim: Target, sp: kit.Identity
) -> None:
    gone = Session(workspace, victim)
    send = signed(victim, gone.request(victim), sp)
    assert send(Visitor()).status == 303 and not gone.alive
    refused(victim, send)


def response_in(page: Response) -> etree._Element:
    """Return the LogoutResponse that a redirect carries."""
    query = urllib.parse.urlsplit(page.headers["location"]).query
    packed = dict(urllib.parse.parse_qsl(query))[RESPONSE]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))


def is_signed_query(query: str, certificate: str) -> bool:
    """Return whether a query string, unchanged, is signed by this certificate."""
    text, _, signature = query.partition("&Signature=")
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    decoded = base64.b64decode(urllib.parse.unquote(signature))
    key.verify(decoded, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return True


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("who", ["the person's browser", "another browser"])
def test_lo_04_a_valid_logout_request_ends_the_session(
    workspace: Workspace, victim: Target, sp: kit.Identity, binding: str, who: str
) -> None:
    gone = Session(workspace, victim)
    other = Session(workspace, victim)
    number = kit.new_id()
    xml = gone.request(victim, ID=number)
    send = (
        signed(victim, xml, sp) if binding == "redirect" else by_post(victim, kit.sign_xml(xml, sp))
    )
    page = send(gone.visitor if who.startswith("the") else Visitor())
    assert page.status == 303
    address = page.headers["location"]
    assert address.startswith("https://lo-victim.example/slo?")
    query = urllib.parse.urlsplit(address).query
    assert is_signed_query(query, victim.certificate)
    assert dict(urllib.parse.parse_qsl(query))["RelayState"] == "r"
    root = response_in(page)
    assert root.tag == f"{{{kit.SAMLP}}}LogoutResponse"
    assert root.get("InResponseTo") == number
    assert root.get("Destination") == "https://lo-victim.example/slo"
    assert status_of(root) == [f"{kit.STATUS}Success"]
    assert not gone.alive, "the cookie opens nothing any more"
    assert not victim.by_redirect(victim.request())(gone.visitor).has_assertion()
    assert other.alive, "only the session that was named"
    victim.accepts()


def test_lo_04_the_logout_response_is_sent_by_post(
    workspace: Workspace, applications: Applications, sp: kit.Identity
) -> None:
    slo = "https://lo-04.example/slo"
    settings = {"certificates": [sp.certificate], "logout_url": slo, "logout_binding": "post"}
    target = applications("lo-04", **settings)
    gone = Session(workspace, target)
    page = by_post(target, kit.sign_xml(gone.request(target), sp))(Visitor())
    assert page.status == 200 and not gone.alive
    form = page.form(RESPONSE, "RelayState")
    assert (form.action, form.values["RelayState"]) == (slo, "r")
    root = etree.fromstring(base64.b64decode(form.values[RESPONSE]))
    assert kit.is_signed_by(root, target.certificate)
    assert status_of(root) == [f"{kit.STATUS}Success"]


def logout_response(target: Target, request_id: str) -> str:
    """Return a LogoutResponse of success, not signed yet."""
    inside = f'<samlp:Status><samlp:StatusCode Value="{kit.STATUS}Success"/></samlp:Status>'
    return kit.authn_request(
        target.entity_id,
        name="LogoutResponse",
        inside=inside,
        Destination=endpoint(target),
        InResponseTo=request_id,
    )


@pytest.mark.parametrize("request_id", ["", "_nobody", "x' OR '1'='1"])
def test_lo_05_an_unexpected_logout_response_is_refused(
    session: Session, victim: Target, sp: kit.Identity, request_id: str
) -> None:
    xml = logout_response(victim, request_id)
    enveloped = kit.sign_xml(logout_response(victim, request_id), sp)
    by_form = by_post(victim, enveloped, RESPONSE)
    nothing_ends(session, victim, signed(victim, xml, sp, RESPONSE), by_form)


@pytest.mark.parametrize("field", [REQUEST, RESPONSE])
def test_lo_05_bombs_and_entities_are_refused(
    session: Session, victim: Target, sp: kit.Identity, listener: Listener, field: str
) -> None:
    xxe = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{listener.url}">]>' + session.request(victim)
    sends = [signed(victim, text, sp, field) for text in ("\0" * 5_000_000, xxe)]
    xslt = kit.sign_xml(session.request(victim), sp).replace(
        f'"{kit.ENVELOPED}"', '"http://www.w3.org/TR/1999/REC-xslt-19991116"'
    )
    nothing_ends(session, victim, *sends, by_post(victim, xxe, field), by_post(victim, xslt, field))
    assert listener.visits == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_lo_06_another_site_cannot_sign_a_user_out(
    workspace: Workspace, session: Session, method: str
) -> None:
    address = f"{workspace.url}/sign-out"
    if method == "POST":
        page = session.visitor.post(address, {}, sent_by="https://evil.example/", follow=False)
        token = session.visitor.get(f"{workspace.url}/dashboard").form("csrf_token").values
        forged = session.visitor.post(address, token, sent_by="https://evil.example/", follow=False)
        assert forged.status in (400, 403)
    else:
        page = session.visitor.open(method, address, follow=False)
    assert page.status in (400, 403, 404, 405)
    assert session.alive
    assert session.visitor.get(f"{workspace.server.url}/saml/signing-out/nobody").status == 404
    assert session.alive


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil",
     "javascript:alert(1)", "///evil.example", "https:evil.example", "/\t/evil.example", "http:///e"],
)  # fmt: skip
def test_lo_06_a_next_url_of_another_site_is_ignored(workspace: Workspace, address: str) -> None:
    visitor = Visitor()
    page = visitor.get(f"{workspace.url}/sign-in?{kit.query(next=address)}")
    form = page.form("username", "password")
    filled = form.values | {"username": "amina", "password": PASSWORD}
    went = visitor.post(form.action, filled, follow=False, sent_by=page.url)
    assert went.status in (302, 303)
    target = urllib.parse.urljoin(workspace.url, went.headers["location"].replace("\\", "/"))
    assert target.startswith(f"{workspace.server.url}/")
    assert "evil" not in target or target.startswith(f"{workspace.server.url}/%09/")


def outgoing(page: Response) -> tuple[str, str]:
    """Return the next URL of a sign-out page, and the ID of its request."""
    (link,) = page.document().xpath("//a[@id='go']/@href")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))
    root = etree.fromstring(zlib.decompress(base64.b64decode(query[REQUEST]), -15))
    return link.partition("?")[0], root.get("ID")


def test_lo_07_one_silent_application_does_not_stop_the_logout(
    workspace: Workspace, applications: Applications, sp: kit.Identity
) -> None:
    def install(name: str) -> Target:
        slo = f"https://{name}.example/slo"
        return applications(name, certificates=[sp.certificate], logout_url=slo)

    targets = [install(f"lo-07-{letter}") for letter in "abc"]
    by_url = {
        f"https://lo-07-{letter}.example/slo": t for letter, t in zip("abc", targets, strict=True)
    }
    asker = targets[0]
    gone = Session(workspace, *targets)
    began = time.monotonic()
    page = signed(asker, gone.request(asker), sp)(gone.visitor)
    assert page.status == 303 and not gone.alive, "the session ends first"
    waiting = f"{workspace.server.url}{urllib.parse.urlsplit(page.headers['location']).path}"
    url, number = outgoing(gone.visitor.get(waiting))
    answering = by_url[url]
    response = signed(answering, logout_response(answering, number), sp, RESPONSE)(gone.visitor)
    assert response.status == 303
    waiting = f"{workspace.server.url}{urllib.parse.urlsplit(response.headers['location']).path}"
    silent, _ = outgoing(gone.visitor.get(waiting))
    assert silent != url
    end = gone.visitor.get(waiting, follow=False)
    assert time.monotonic() - began < 5
    assert end.status == 303
    assert end.headers["location"].startswith("https://lo-07-a.example/slo?")
    root = response_in(end)
    assert status_of(root)[-1] == f"{kit.STATUS}PartialLogout"
    for target in targets:
        assert not target.by_redirect(target.request())(gone.visitor).has_assertion()
