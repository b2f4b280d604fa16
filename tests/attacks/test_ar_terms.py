"""Conditions in a request that are met or refused (AR-30 to AR-42)."""

import copy
import http.client
import threading
import time
import urllib.parse

import pytest

from ..e2e.server import Workspace, at_sign_in, sign_in_at
from ..e2e.visitor import Response, Visitor
from . import kit
from .conftest import Applications
from .site import Target, gets_status, posted_response, refused, status_of, stays_here

POLICY = "urn:oasis:names:tc:SAML"


@pytest.mark.parametrize(
    "policy",
    [
        f'Format="{POLICY}:2.0:nameid-format:kerberos"',
        f'Format="{POLICY}:2.0:nameid-format:encrypted"',
        f'Format="{POLICY}:1.1:nameid-format:X509SubjectName"',
        f'Format="{POLICY}:2.0:nameid-format:EmailAddress"',
        'Format="urn:nobody:knows"',
        'Format="&lt;script&gt;"',
        'SPNameQualifier="https://other.example/"',
        'SPNameQualifier="https://test-ar-terms.example/metadata/"',
    ],
)
def test_ar_30_an_unsupported_nameid_policy_gets_its_status(target: Target, policy: str) -> None:
    number = kit.new_id()
    xml = target.request(ID=number, inside=f"<samlp:NameIDPolicy {policy}/>")
    gets_status(target, target.by_redirect(xml), "InvalidNameIDPolicy", request_id=number)


def test_ar_31_is_passive_without_a_session_gets_no_passive(target: Target) -> None:
    xml = target.request(IsPassive="true")
    for send in target.either_way(xml):
        action, root, relay_state = posted_response(send(Visitor()))
        assert (action, relay_state) == (target.acs_url, "r")
        assert status_of(root) == [f"{kit.STATUS}Responder", f"{kit.STATUS}NoPassive"]
        assert not root.xpath("//saml:Assertion", namespaces=kit.NS)
    target.accepts(target.by_redirect(target.request(IsPassive="1")))


def test_ar_31_is_passive_with_force_authn_gets_no_passive(target: Target) -> None:
    number = kit.new_id()
    xml = target.request(ID=number, IsPassive="true", ForceAuthn="true")
    gets_status(target, target.by_redirect(xml), "NoPassive", request_id=number)


def test_ar_32_force_authn_requires_a_new_sign_in(target: Target) -> None:
    visitor = target.workspace.sign_in("amina")
    time.sleep(1.1)  # so that a new AuthnInstant differs
    page = target.by_redirect(target.request(ForceAuthn="true"))(visitor)
    assert at_sign_in(page) and not page.has_assertion()
    # Opening the waiting request in another tab, without signing in, changes nothing.
    waiting = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))["next"]
    again = visitor.get(f"{target.server.url}{waiting}")
    assert not again.has_assertion()
    before = int(time.time())
    _, root, _ = posted_response(sign_in_at(visitor, page, "amina"))
    (authn_instant,) = root.xpath("//saml:AuthnStatement/@AuthnInstant", namespaces=kit.NS)
    assert authn_instant >= kit.instant(before - time.time() - 1)


def test_ar_32_an_earlier_sign_in_does_not_satisfy_force_authn(target: Target) -> None:
    visitor = target.workspace.sign_in("amina")
    page = target.by_redirect(target.request(ForceAuthn="true"))(visitor)
    waiting = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))["next"]
    older = copy.deepcopy(target.person)
    assert not older.get(f"{target.server.url}{waiting}").has_assertion()


RELAY_STATES = [
    "",
    "x" * 80,
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "https://evil.example/?a=1&b=2#c",
    "</textarea></form><form action=https://evil.example>",
    "a+b %20 &amp; &lt; &#x27; \\ \u2028 \u00e9 \u4e2d \U0001f600",
    "{{ 7*191 }} {% raw %} ${7*191} <%= 7*191 %>",
    "line\nbreak",
    "tab\there",
    " spaces ",
    "%00%0d%0a",
    "\u202eabc",
    "e\u0301",
    "x" * 4096,
]


@pytest.mark.parametrize("relay_state", RELAY_STATES, ids=lambda r: repr(r[:30]))
def test_ar_36_relay_state_is_returned_unchanged(target: Target, relay_state: str) -> None:
    for send in (
        target.by_redirect(target.request(), relay_state),
        target.by_post(target.request(), relay_state),
    ):
        page = send(target.person)
        action, _, returned_state = posted_response(page)
        assert action == target.acs_url
        assert (returned_state or "") == relay_state
        # Nothing that was sent became an element.
        assert len(page.document().forms) == 1
        assert len(page.document().xpath("//script")) == 1
        assert "1337" not in page.text


@pytest.mark.parametrize("size", [4097, 20_000, 100_000])
def test_ar_36_too_long_relay_state_is_never_truncated(target: Target, size: int) -> None:
    refused(target, target.by_post(target.request(), "x" * size), statuses=(400, 413))


@pytest.mark.parametrize("value", ["%00", "%ff", "%c0%af", "%ed%a0%80", "a%00b"])
def test_ar_36_relay_state_that_is_not_text_is_refused(target: Target, value: str) -> None:
    message = kit.query(SAMLRequest=kit.deflated(target.request()))
    refused(target, target.by_query(f"{message}&RelayState={value}"))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "HEAD", "OPTIONS", "FOO"])
@pytest.mark.parametrize("place", ["login", "logout"])
def test_ar_38_other_http_methods_are_rejected(target: Target, method: str, place: str) -> None:
    address = target.login.removesuffix("login") + place
    message = kit.query(SAMLRequest=kit.deflated(target.request()))
    page = target.person.open(method, f"{address}?{message}")
    assert page.status == 405
    allowed = {m.strip() for m in page.headers["allow"].split(",")}
    assert {"GET", "POST"} <= allowed <= {"GET", "POST", "HEAD"}
    assert not page.has_assertion()
    target.accepts()


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "multipart/form-data; boundary=x", "text/xml",
     "application/x-www-form-urlencodedx", "", "\u00e9", "application/soap+xml"],
)  # fmt: skip
def test_ar_38_a_body_that_is_not_a_form_is_refused(target: Target, content_type: str) -> None:
    message = kit.query(SAMLRequest=kit.posted(target.request()))
    headers = {"Content-Type": content_type.encode("latin-1")} if content_type else {}

    def send(visitor: Visitor) -> Response:
        body = message.encode()
        return visitor.open("POST", target.login, body=body, headers=headers, cookies=False)

    refused(target, send)


def test_ar_38_a_form_field_in_the_query_string_is_ignored(target: Target) -> None:
    message = kit.query(SAMLRequest=kit.posted(target.request()))
    refused(target, lambda v: v.post(f"{target.login}?{message}", {"RelayState": "r"}))


@pytest.mark.parametrize(
    "parameters",
    [
        "{message}&{message}",
        "{message}&RelayState=a&RelayState=b",
        "{message}&SAMLResponse=x",
        "{message}&SAML%52equest=x",
        "{message}&SAMLEncoding=urn:x",
        "SAMLRequest=",
        "SAMLRequest",
        "SAMLRequest=&SAMLRequest=",
        "SAMLResponse=x",
    ],
)
def test_ar_38_duplicate_or_missing_parameters_are_refused(target: Target, parameters: str) -> None:
    message = kit.query(SAMLRequest=kit.deflated(target.request()))
    refused(target, target.by_query(parameters.format(message=message)))


def test_ar_39_a_disabled_application_is_refused(applications: Applications) -> None:
    target = applications("ar-39")
    api, mine = target.workspace.api, f"/applications/{target.id}"
    target.accepts()
    api.patch(mine, enabled=False)
    for send in target.either_way(target.request()):
        for visitor in (Visitor(), target.person):
            page = send(visitor)
            assert page.status == 403
            stays_here(target, page)
            assert target.events(1)[0]["outcome"] == "refused"
    assert target.person.get(target.application["launch_url"]).status == 403
    api.patch(mine, enabled=True)
    target.accepts()


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        ('<samlp:Scoping><samlp:IDPList><samlp:IDPEntry ProviderID="https://o.example/"/>'
         "</samlp:IDPList></samlp:Scoping>", "NoSupportedIDP"),
        ('<saml:Conditions NotOnOrAfter="2020-01-01T00:00:00Z"/>', "RequestDenied"),
        ('<saml:Conditions NotBefore="2999-01-01T00:00:00Z"/>', "RequestDenied"),
        ("<saml:Conditions><saml:AudienceRestriction><saml:Audience>https://o.example/"
         "</saml:Audience></saml:AudienceRestriction></saml:Conditions>", "RequestUnsupported"),
        ("<saml:Subject><saml:NameID>somebody@else.example</saml:NameID></saml:Subject>",
         "UnknownPrincipal"),
        ('<saml:Subject><saml:SubjectConfirmation Method="urn:x"/></saml:Subject>',
         "RequestUnsupported"),
        ("<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>"
         "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard</saml:AuthnContextClassRef>"
         "</samlp:RequestedAuthnContext>", "NoAuthnContext"),
        ('<samlp:RequestedAuthnContext Comparison="better"><saml:AuthnContextClassRef>'
         "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard</saml:AuthnContextClassRef>"
         "</samlp:RequestedAuthnContext>", "NoAuthnContext"),
    ],
)  # fmt: skip
def test_ar_40_unsupported_conditions_get_their_status(
    target: Target, inside: str, status: str
) -> None:
    number = kit.new_id()
    xml = target.request(ID=number, inside=inside)
    gets_status(target, target.by_redirect(xml), status, request_id=number)


def test_ar_40_a_proxy_count_of_zero_is_accepted(target: Target) -> None:
    xml = target.request(inside='<samlp:Scoping ProxyCount="0"/>')
    target.accepts(target.by_redirect(xml))


def test_ar_41_a_request_signed_by_the_second_of_two_keys_is_accepted(
    signed: Target, sp: kit.Identity, next_sp: kit.Identity
) -> None:
    for signer in (sp, next_sp):
        signed.accepts(signed.by_post(kit.sign_xml(signed.request(), signer)))
        message = kit.signed_query(signer, SAMLRequest=kit.deflated(signed.request()))
        signed.accepts(signed.by_query(message))


def hostile_queries(target: Target) -> list[str]:
    """Return messages that are the most expensive to refuse."""
    laughs = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};">' for n in range(1, 20))
    texts = [
        f"<!DOCTYPE r [<!ENTITY a0 'x'>{laughs}]>" + target.request(),
        target.request(inside=f"<samlp:Extensions>{'<a>' * 20_000}</samlp:Extensions>"),
        "\0" * 3_000_000,
        target.request(AssertionConsumerServiceURL="https://evil.example/"),
        target.request(IssueInstant=kit.instant(-9999)),
    ]
    return [kit.query(SAMLRequest=kit.deflated(text)) for text in texts]


def test_ar_42_fifty_hostile_requests_do_not_stop_valid_sign_ins(
    applications: Applications, workspace: Workspace
) -> None:
    target = applications("ar-42")
    hostile = hostile_queries(target)
    over = threading.Event()
    statuses: list[int] = []

    def attack(number: int) -> None:
        while not over.is_set():
            text = hostile[number % len(hostile)]
            number += 1
            try:
                statuses.append(Visitor().get(f"{target.login}?{text}").status)
            except (OSError, http.client.HTTPException):
                statuses.append(0)

    attackers = [threading.Thread(target=attack, args=(n,)) for n in range(50)]
    for attacker in attackers:
        attacker.start()
    took: list[float] = []
    try:
        for _ in range(15):  # three seconds, five a second
            began = time.monotonic()
            target.accepts()
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, 0.2 - took[-1]))
    finally:
        over.set()
        for attacker in attackers:
            attacker.join(30)
    assert len(statuses) >= 50
    assert set(statuses) <= {400, 413, 503}, set(statuses)
    assert sorted(took)[-2] < 3, took
    target.accepts()
