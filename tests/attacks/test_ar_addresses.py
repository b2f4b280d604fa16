"""Requests with another ACS URL, origin, destination, time or issuer (AR-01 to AR-12)."""

import copy
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..e2e.server import ApiError, Workspace
from ..e2e.visitor import Visitor
from . import kit
from .conftest import Applications
from .site import Target, gets_status, posted_response, refused

HOST = "https://test-ar-addresses.example"
LOOK_ALIKES = [
    f"{HOST}/acs/",
    f"{HOST}/acs.evil",
    f"{HOST}/acs?",
    f"{HOST}/acs?x=1",
    f"{HOST}/acs#",
    f"{HOST}/ACS",
    f"{HOST}/%61cs",
    f"{HOST}/x/../acs",
    f"{HOST}//acs",
    f"{HOST}/./acs",
    f"{HOST}:443/acs",
    f"{HOST}:8443/acs",
    f"{HOST}.evil.example/acs",
    f"{HOST}\\@evil.example/acs",
    f"{HOST}@evil.example/acs",
    f"{HOST};@evil.example/acs",
    "https://Test-AR-Addresses.example/acs",
    "HTTPS://test-ar-addresses.example/acs",
    "http://test-ar-addresses.example/acs",
    "https://user@test-ar-addresses.example/acs",
    "https://test-ar-addresses.example.:443/acs",
    "https://evil.example/https://test-ar-addresses.example/acs",
    "//test-ar-addresses.example/acs",
    f" {HOST}/acs",
    f"{HOST}/acs\u200b",
    f"{HOST}/a\u0441s",
    f"{HOST}/acs%00",
    f"{HOST}/acs%0d%0aX: y",
    f"{HOST}/acs\u2028",
]


@pytest.mark.parametrize("url", ["https://evil.example/acs", "javascript:alert(1)", "data:,x", "/"])
def test_ar_01_an_unregistered_acs_url_is_refused(target: Target, url: str) -> None:
    page = refused(target, *target.either_way(target.request(AssertionConsumerServiceURL=url)))
    assert "evil.example" not in page.text and "javascript:" not in page.text


@pytest.mark.parametrize("url", LOOK_ALIKES)
def test_ar_02_a_look_alike_acs_url_is_refused(target: Target, url: str) -> None:
    refused(target, target.by_redirect(target.request(AssertionConsumerServiceURL=url)))


@pytest.mark.parametrize(
    "index", ["1", "7", "65535", "-1", "65536", "9" * 400, "0x0", "1e1", "\u0661"]
)
def test_ar_03_an_unknown_acs_index_is_refused(target: Target, index: str) -> None:
    xml = target.request(AssertionConsumerServiceURL="", AssertionConsumerServiceIndex=index)
    refused(target, *target.either_way(xml))


def test_ar_03_an_acs_index_of_another_url_is_refused(applications: Applications) -> None:
    host = "https://ar-03.example"
    target = applications("ar-03", acs_urls=[f"{host}/acs", f"{host}/other"])
    refused(target, *target.either_way(target.request(AssertionConsumerServiceIndex="1")))
    target.accepts(target.by_redirect(target.request(AssertionConsumerServiceIndex="0")))


def test_ar_03_the_registered_index_is_accepted(target: Target) -> None:
    xml = target.request(AssertionConsumerServiceURL="", AssertionConsumerServiceIndex="0")
    target.accepts(target.by_redirect(xml))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//https://sp.example/",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://sp.example/acs",
        "/acs",
        "//sp.example/acs",
        "acs",
        "https:sp.example/acs",
        "https:///acs",
        "https://",
        "http://sp.example/acs",
        "https://user:pass@sp.example/acs",
        "https://sp.example/acs#fragment",
        "https://sp.example\\@evil.example/acs",
        "https://sp.example/acs x",
        "https://sp.example/acs\x00",
        "https://sp.example:99999/acs",
        "https://[::1/acs",
        "",
    ],
)
def test_ar_04_an_unsafe_acs_url_is_not_saved(target: Target, url: str) -> None:
    api = target.workspace.api
    before = [a["id"] for a in api.items("/applications")]
    settings = {"entity_id": "https://unsafe.example/", "acs_urls": [url]}
    with pytest.raises(ApiError) as new:
        api.post("/applications", integration="custom-saml", name="Unsafe", settings=settings)
    with pytest.raises(ApiError) as changed:
        api.patch(f"/applications/{target.id}", settings={"acs_urls": [target.acs_url, url]})
    assert new.value.status == changed.value.status == 422
    assert "acs_urls" in new.value.problem or "U+0000" in new.value.problem
    assert [a["id"] for a in api.items("/applications")] == before
    target.accepts()


@pytest.mark.parametrize(
    "change",
    [
        lambda url: "https://idp.example/saml/login",
        lambda url: f"{url}/",
        lambda url: url.removesuffix("login") + "logout",
        lambda url: url.replace("localhost", "127.0.0.1"),
        lambda url: url.replace("http://", "https://"),
        lambda url: f"{url}?x=1",
        lambda url: f"https://evil.example/?{url}",
        lambda url: url.upper(),
    ],
)
def test_ar_05_another_destination_is_refused(target: Target, change) -> None:
    refused(target, *target.either_way(target.request(Destination=change(target.login))))


def test_ar_05_the_endpoint_of_another_application_is_refused(
    target: Target, applications: Applications
) -> None:
    other = applications("ar-05-other")
    refused(target, target.by_redirect(target.request(Destination=other.login)))


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_ar_06_a_signed_request_without_destination_is_refused(
    signed: Target, sp: kit.Identity, binding: str
) -> None:
    xml = signed.request(Destination="")
    if binding == "post":
        refused(signed, signed.by_post(kit.sign_xml(xml, sp)))
    else:
        refused(signed, signed.by_query(kit.signed_query(sp, SAMLRequest=kit.deflated(xml))))


@pytest.mark.parametrize("seconds", [-86400, -3600, -600, 600, 3600, 86400, 4e9])
def test_ar_07_an_old_or_future_request_is_refused(target: Target, seconds: float) -> None:
    refused(target, *target.either_way(target.request(IssueInstant=kit.instant(seconds))))


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "99999-01-01T00:00:00Z",
     "-0044-03-15T00:00:00Z",
     "2026-02-30T00:00:00Z", "now", "2026-11-24", "2026-11-24T24:00:00Z", "1795511647",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_ar_07_a_malformed_issue_instant_is_refused(target: Target, text: str) -> None:
    refused(target, target.by_redirect(target.request(IssueInstant=text)))


@pytest.mark.parametrize("seconds", [-60, 60])
def test_ar_07_clocks_may_differ_by_a_minute(target: Target, seconds: int) -> None:
    xml = target.request(IssueInstant=kit.instant(seconds))
    for send in target.either_way(xml)[:1]:
        target.accepts(send)


def test_ar_10_an_entity_id_of_another_workspace_is_refused(
    rival: Workspace, target: Target
) -> None:
    foreign = rival.application(
        "Foreign", entity_id="https://foreign.example/", acs_urls=["https://foreign.example/acs"]
    )
    acs_url = "https://foreign.example/acs"
    xml = target.request(issuer="https://foreign.example/", AssertionConsumerServiceURL=acs_url)
    refused(target, *target.either_way(xml))
    # A user of this workspace is unknown at the other workspace's endpoint.
    login = foreign["metadata"]["login_endpoint"]
    xml = kit.authn_request(
        "https://foreign.example/", Destination=login, AssertionConsumerServiceURL=acs_url
    )
    page = target.person.get(f"{login}?{kit.query(SAMLRequest=kit.deflated(xml))}")
    assert not page.has_assertion() and "/w/rival/sign-in" in page.url


@pytest.mark.parametrize("issuer", ["https://nobody.example/", "", " ", "'; DROP TABLE user; --"])
def test_ar_10_an_unknown_entity_id_is_refused(target: Target, issuer: str) -> None:
    refused(target, *target.either_way(target.request(issuer=issuer)))


@pytest.mark.parametrize("issuer", ["x" * 64, "nobody", "..%2f..%2f", "%00", "a'b", "\u00e9"])
def test_ar_10_an_unknown_issuer_url_is_not_found(target: Target, issuer: str) -> None:
    address = f"{target.server.url}/saml/{kit.query(x=issuer)[2:]}/login"
    for send in (
        lambda v: v.get(f"{address}?{kit.query(SAMLRequest=kit.deflated(target.request()))}"),
        lambda v: v.post(address, {"SAMLRequest": kit.posted(target.request())}),
        lambda v: v.get(address),
    ):
        for visitor in (Visitor(), target.person):
            page = send(visitor)
            assert page.status == 404 and not page.has_assertion()
    target.accepts()


def test_ar_11_a_user_without_a_role_is_refused(target: Target) -> None:
    target.workspace.create_user("stranger")
    stranger = target.workspace.sign_in("stranger")
    page = target.by_redirect(target.request())(stranger)
    assert page.status == 403 and not page.has_assertion()
    assert target.events(1)[0]["outcome"] == "refused"
    passive = target.request(IsPassive="true")
    action, root, relay_state = posted_response(target.by_redirect(passive)(stranger))
    assert (action, relay_state) == (target.acs_url, "r")
    assert not root.xpath("//saml:Assertion", namespaces=kit.NS)
    target.accepts()


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_ar_12_a_replayed_signed_request_is_refused(
    signed: Target, sp: kit.Identity, binding: str
) -> None:
    xml = signed.request()
    if binding == "post":
        send = signed.by_post(kit.sign_xml(xml, sp))
    else:
        send = signed.by_query(kit.signed_query(sp, SAMLRequest=kit.deflated(xml), RelayState="r"))
    signed.accepts(send)
    refused(signed, send)


def test_ar_12_one_of_ten_concurrent_replays_succeeds(signed: Target, sp: kit.Identity) -> None:
    text = kit.signed_query(sp, SAMLRequest=kit.deflated(signed.request()), RelayState="r")
    browsers = [copy.deepcopy(signed.person) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        pages = list(pool.map(signed.by_query(text), browsers))
    assert sum(page.has_assertion() for page in pages) == 1
    assert {page.status for page in pages} == {200, 400}
    signed.accepts()


def test_ar_12_a_pending_request_is_used_once(target: Target) -> None:
    page = target.by_redirect(target.request())(Visitor())
    waiting = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))["next"]
    address = f"{target.server.url}{waiting}"
    assert target.person.get(address).has_assertion()
    again = target.person.get(address)
    assert again.status == 200 and not again.has_assertion()
    for broken in (
        address[:-1],
        f"{address}x",
        f"{address}/..",
        address.replace("/saml/", "/saml/x"),
    ):
        other = target.person.get(broken)
        assert other.status in (400, 404) and not other.has_assertion()
    target.accepts()


def test_ar_12_the_id_of_a_signed_request_cannot_be_reused(
    signed: Target, sp: kit.Identity
) -> None:
    used = kit.new_id()
    signed.accepts(signed.by_post(kit.sign_xml(signed.request(ID=used), sp)))
    again = signed.request(ID=used, IssueInstant=kit.instant(-5))
    refused(signed, signed.by_post(kit.sign_xml(again, sp)))


def test_ar_12_a_repeated_unsigned_request_gets_a_new_response(target: Target) -> None:
    send = target.by_redirect(target.request())
    first, second = target.accepts(send), target.accepts(send)
    for path in ("@ID", "saml:Assertion/@ID"):
        assert first.xpath(path, namespaces=kit.NS) != second.xpath(path, namespaces=kit.NS)


def test_an_unsupported_binding_gets_its_status(target: Target) -> None:
    number = kit.new_id()
    xml = target.request(ID=number, ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS")
    for send in target.either_way(xml):
        gets_status(target, send, "UnsupportedBinding", request_id=number)
