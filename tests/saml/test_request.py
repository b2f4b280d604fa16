"""AuthnRequests: what is read, what is refused, and with which status."""

from dataclasses import replace

import pytest
from ssoko.errors import MessageRefused, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.request import (
    AuthnRequest,
    Party,
    Terms,
    check_authn_request,
    check_name_id_policy,
    choose_authn_context,
    judge,
    parse_authn_request,
)
from ssoko.saml.xml import instant

from .conftest import IDP, SP, SSO_URL

DECLARED = f'xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}"'


def refused(xml: bytes) -> str:
    with pytest.raises(MessageRefused) as caught:
        parse_authn_request(xml)
    assert caught.value.fix
    return caught.value.code


@pytest.fixture
def check(now):
    def check(request: AuthnRequest, **changes):
        arguments = {"now": now, "destination": SSO_URL, "entity_id": IDP} | changes
        check_authn_request(request, **arguments)

    return check


@pytest.fixture
def read(make_request):
    return lambda *children, **attributes: parse_authn_request(
        make_request(*children, **attributes)
    )[0]


def test_everything_that_a_request_says_is_read(read, now):
    request = read(
        "<saml:Subject><saml:NameID Format='f'> asha </saml:NameID></saml:Subject>",
        f'<samlp:NameIDPolicy Format="{names.NAMEID_EMAIL}" SPNameQualifier="q" AllowCreate="1"/>',
        f'<saml:Conditions NotBefore="{instant(now)}" NotOnOrAfter="{instant(now + 60)}">'
        f"<saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction>"
        "</saml:Conditions>",
        '<samlp:RequestedAuthnContext Comparison="minimum">'
        f"<saml:AuthnContextClassRef>{names.AUTHN_PASSWORD}</saml:AuthnContextClassRef>"
        "</samlp:RequestedAuthnContext>",
        f'<samlp:Scoping ProxyCount="2"><samlp:IDPList><samlp:IDPEntry ProviderID="{IDP}"/>'
        "</samlp:IDPList></samlp:Scoping>",
        issuer=f"\n  {SP}\n",
        ForceAuthn="true",
        IsPassive="false",
        ProtocolBinding=names.BINDING_POST,
        ProviderName="Shop",
    )
    assert request == AuthnRequest(
        id="_request1",
        issuer=SP,
        issue_instant=now,
        destination=SSO_URL,
        acs_url="https://sp.example.org/acs",
        protocol_binding=names.BINDING_POST,
        force_authn=True,
        name_id_format=names.NAMEID_EMAIL,
        sp_name_qualifier="q",
        allow_create=True,
        authn_contexts=(names.AUTHN_PASSWORD,),
        authn_comparison="minimum",
        subject="asha",
        subject_format="f",
        proxy_count=2,
        idp_list=(IDP,),
        has_conditions=True,
        conditions_not_before=now,
        conditions_not_on_or_after=now + 60,
        audiences=(SP,),
        provider_name="Shop",
    )


def test_a_plain_request_passes(read, check):
    check(read())
    check(read(Destination=None))


@pytest.mark.parametrize(
    "xml",
    [
        f'<samlp:LogoutRequest {DECLARED} ID="_1" Version="2.0"/>',
        f'<samlp:Response {DECLARED} ID="_1" Version="2.0"/>',
        f'<saml:AuthnRequest {DECLARED} ID="_1" Version="2.0"/>',
        '<AuthnRequest ID="_1" Version="2.0"/>',
        '<samlp:Request xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1"/>',
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" Version="2.0"/>',
        f'<s:Envelope xmlns:s="{names.NS_SOAP}"><s:Body><samlp:AuthnRequest {DECLARED}/></s:Body>'
        "</s:Envelope>",
        "<html/>",
    ],
)
def test_ar_19_another_message_is_refused(xml):
    assert refused(xml.encode()) == "wrong-message"


def test_ar_19_another_version_is_refused(make_request):
    assert refused(make_request(Version="1.1")) == "wrong-version"
    assert refused(make_request(Version="2.1")) == "wrong-version"
    assert refused(make_request(Version=None)) == "wrong-version"


def test_a_request_without_sender_is_refused(make_request):
    assert refused(make_request(issuer=None)) == "issuer-missing"
    assert refused(make_request(issuer=" ")) == "issuer-missing"
    with_format = make_request().replace(b"<saml:Issuer>", b'<saml:Issuer Format="x:y">')
    assert refused(with_format) == "issuer-missing"


def test_a_comment_does_not_shorten_the_issuer(read):
    assert read(issuer=f"{SP}<!-- -->.evil.example").issuer == f"{SP}.evil.example"


@pytest.mark.parametrize(
    "attributes",
    [
        {"ID": None},
        {"ID": "1 2"},
        {"IssueInstant": None},
        {"IssueInstant": "yesterday"},
        {"AssertionConsumerServiceIndex": "-1"},
        {"AssertionConsumerServiceIndex": "65536"},
        {"AssertionConsumerServiceIndex": "x"},
        {"ForceAuthn": "yes"},
        {"Unknown": "x"},
    ],
)
def test_ar_03_what_the_schema_forbids_is_refused(attributes, make_request):
    assert refused(make_request(**attributes)) == "xml-schema"


def test_ar_03_an_index_is_read_and_not_mixed_with_a_url(read, make_request):
    request = read(AssertionConsumerServiceURL=None, AssertionConsumerServiceIndex="3")
    assert (request.acs_index, request.acs_url) == (3, None)
    assert refused(make_request(AssertionConsumerServiceIndex="0")) == "acs-conflict"


def test_absurdly_long_numbers_are_refused(make_request):
    zeros = "0" * 5000 + "1"
    by_index = {"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": zeros}
    assert refused(make_request(**by_index)) in {"xml-number", "xml-schema"}
    assert refused(make_request(f'<samlp:Scoping ProxyCount="{zeros}"/>')) in {
        "xml-number",
        "xml-schema",
    }


def test_ar_05_a_request_for_another_endpoint_is_refused(read, check):
    for other in (SSO_URL + "/", SSO_URL.upper(), SSO_URL + "x", "https://evil.example/"):
        with pytest.raises(MessageRefused) as caught:
            check(read(Destination=other))
        assert caught.value.code == "wrong-destination"
        assert caught.value.expected == SSO_URL


def test_ar_06_a_signed_request_says_where_it_goes(read, check):
    with pytest.raises(MessageRefused) as caught:
        check(read(Destination=None), signed=True)
    assert caught.value.code == "destination-missing"
    check(read(), signed=True)


@pytest.mark.parametrize("offset", [-86_400, -3600, -600, -301, 301, 600, 3600, 86_400])
def test_ar_07_a_stale_or_early_request_is_refused(offset, read, check, now):
    with pytest.raises(MessageRefused) as caught:
        check(read(IssueInstant=instant(now + offset)))
    assert caught.value.code == "not-fresh"


@pytest.mark.parametrize("offset", [-240, -60, 0, 60, 240])
def test_ar_07_clocks_may_differ_a_little(offset, read, check, now):
    check(read(IssueInstant=instant(now + offset)))


@pytest.mark.parametrize(
    "binding",
    [names.BINDING_ARTIFACT, names.BINDING_REDIRECT, names.BINDING_PAOS, names.BINDING_SOAP, "x:y"],
)
def test_another_binding_for_the_answer_is_declined(binding, read, check):
    with pytest.raises(RequestRefused) as caught:
        check(read(ProtocolBinding=binding))
    assert caught.value.status == names.STATUS_UNSUPPORTED_BINDING


@pytest.mark.parametrize(
    "child",
    [
        "<saml:BaseID xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'/>",
        "<saml:NameID>asha</saml:NameID><saml:SubjectConfirmation Method='urn:x'/>",
        "<saml:SubjectConfirmation Method='urn:x'/>",
    ],
)
def test_a_subject_beyond_a_name_is_declined(child, read, check, make_request):
    body = f"<saml:Subject>{child}</saml:Subject>"
    if "BaseID" in child:  # abstract: the schema stops it
        assert refused(make_request(body)) == "xml-schema"
        return
    with pytest.raises(RequestRefused) as caught:
        check(read(body))
    assert caught.value.status == names.STATUS_REQUEST_UNSUPPORTED


def test_ar_40_a_list_of_other_identity_providers_is_declined(read, check):
    entry = '<samlp:IDPEntry ProviderID="{}"/>'
    scoping = "<samlp:Scoping><samlp:IDPList>{}</samlp:IDPList></samlp:Scoping>"
    other = entry.format("https://other.example")
    with pytest.raises(RequestRefused) as caught:
        check(read(scoping.format(other)))
    assert caught.value.status == names.STATUS_NO_SUPPORTED_IDP
    check(read(scoping.format(other + entry.format(IDP))))


def test_ar_40_a_proxy_count_of_zero_is_met_as_nothing_is_proxied(read, check):
    request = read('<samlp:Scoping ProxyCount="0"/>')
    assert request.proxy_count == 0
    check(request)


def test_ar_40_conditions_for_another_time_are_declined(read, check, now):
    for times in (
        f'NotOnOrAfter="{instant(now - 600)}"',
        f'NotBefore="{instant(now + 600)}"',
    ):
        with pytest.raises(RequestRefused) as caught:
            check(read(f"<saml:Conditions {times}/>"))
        assert caught.value.status == names.STATUS_REQUEST_DENIED
    check(read(f'<saml:Conditions NotOnOrAfter="{instant(now + 60)}"/>'))


def test_ar_40_an_assertion_for_others_is_declined(read, check):
    conditions = (
        "<saml:Conditions><saml:AudienceRestriction><saml:Audience>{}</saml:Audience>"
        "</saml:AudienceRestriction></saml:Conditions>"
    )
    with pytest.raises(RequestRefused) as caught:
        check(read(conditions.format("https://other.example")))
    assert caught.value.status == names.STATUS_REQUEST_UNSUPPORTED
    check(read(conditions.format(SP)))


def policy(**attributes: str) -> str:
    given = " ".join(f'{k}="{v}"' for k, v in attributes.items())
    return f"<samlp:NameIDPolicy {given}/>"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Format": names.NAMEID_UNSPECIFIED},
        {"Format": names.NAMEID_EMAIL},
        {"SPNameQualifier": SP},
    ],
)
def test_a_name_id_that_is_sent_anyway_may_be_asked_for(asked, read):
    check_name_id_policy(
        read(policy(**asked)), name_id_format=names.NAMEID_EMAIL, sp_entity_ids=[SP]
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"Format": names.NAMEID_PERSISTENT},
        {"Format": names.NAMEID_ENCRYPTED},
        {"Format": "urn:unknown"},
        {"SPNameQualifier": "https://other.example"},
    ],
)
def test_ar_30_another_name_id_is_declined(asked, read):
    with pytest.raises(RequestRefused) as caught:
        check_name_id_policy(
            read(policy(**asked)), name_id_format=names.NAMEID_EMAIL, sp_entity_ids=[SP]
        )
    assert caught.value.status == names.STATUS_INVALID_NAMEID_POLICY


def contexts(comparison: str, *classes: str) -> AuthnRequest:
    return AuthnRequest(
        id="_1", issuer=SP, issue_instant=0, authn_contexts=classes, authn_comparison=comparison
    )


PASSWORD_OVER_TLS = (names.AUTHN_PASSWORD_PROTECTED, names.AUTHN_PASSWORD)


@pytest.mark.parametrize(
    ("comparison", "asked", "answer"),
    [
        ("exact", (names.AUTHN_PASSWORD_PROTECTED,), names.AUTHN_PASSWORD_PROTECTED),
        ("exact", (names.AUTHN_TLS, names.AUTHN_PASSWORD), names.AUTHN_PASSWORD),
        ("exact", (names.AUTHN_UNSPECIFIED,), names.AUTHN_UNSPECIFIED),
        ("minimum", (names.AUTHN_PASSWORD,), names.AUTHN_PASSWORD_PROTECTED),
        ("minimum", (names.AUTHN_UNSPECIFIED,), names.AUTHN_PASSWORD_PROTECTED),
        ("better", (names.AUTHN_PASSWORD,), names.AUTHN_PASSWORD_PROTECTED),
        ("maximum", (names.AUTHN_TLS,), names.AUTHN_PASSWORD_PROTECTED),
        ("maximum", (names.AUTHN_PASSWORD,), names.AUTHN_PASSWORD),
    ],
)
def test_rs_14_the_answer_names_what_happened(comparison, asked, answer):
    chosen = choose_authn_context(contexts(comparison, *asked), satisfied=PASSWORD_OVER_TLS)
    assert chosen == answer


@pytest.mark.parametrize(
    ("comparison", "asked"),
    [
        ("exact", (names.AUTHN_TLS,)),
        ("exact", (names.AUTHN_REFEDS_MFA,)),
        ("minimum", (names.AUTHN_TLS,)),
        ("minimum", ("urn:unknown",)),
        ("better", (names.AUTHN_PASSWORD_PROTECTED,)),
        ("better", (names.AUTHN_PASSWORD, "urn:unknown")),
        ("maximum", (names.AUTHN_UNSPECIFIED,)),
    ],
)
def test_rs_14_a_wish_that_did_not_come_true_is_declined(comparison, asked):
    with pytest.raises(RequestRefused) as caught:
        choose_authn_context(contexts(comparison, *asked), satisfied=PASSWORD_OVER_TLS)
    assert caught.value.status == names.STATUS_NO_AUTHN_CONTEXT


def test_without_a_wish_the_most_telling_class_is_named():
    assert choose_authn_context(None, satisfied=PASSWORD_OVER_TLS) == PASSWORD_OVER_TLS[0]
    assert choose_authn_context(contexts("exact"), satisfied=("a", "b")) == "a"


def test_a_declaration_reference_is_never_met(read):
    request = read(
        "<samlp:RequestedAuthnContext><saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef>"
        "</samlp:RequestedAuthnContext>"
    )
    with pytest.raises(RequestRefused):
        choose_authn_context(request, satisfied=PASSWORD_OVER_TLS)


ACS_URL = "https://sp.example.org/acs"
PARTY = Party(
    entity_id=SP,
    acs_urls=(ACS_URL, f"{ACS_URL}2"),
    idp_entity_id=IDP,
    endpoint=SSO_URL,
    satisfied=(names.AUTHN_PASSWORD_PROTECTED, names.AUTHN_PASSWORD),
)


@pytest.fixture
def judge_request(make_request, now):
    def judge_request(party: Party = PARTY, **attributes: str) -> Terms:
        xml = make_request(**attributes)
        request, root = parse_authn_request(xml)
        return judge(request, root, Inbound(xml, "", names.BINDING_POST), party, now=now)

    return judge_request


def test_judge_returns_acs_url_signature_and_context_class(judge_request):
    assert judge_request() == Terms(
        acs_url=ACS_URL, signed=False, authn_context=names.AUTHN_PASSWORD_PROTECTED
    )


def test_judge_sends_no_status_to_an_unregistered_acs_url(judge_request):
    with pytest.raises(MessageRefused) as caught:
        judge_request(AssertionConsumerServiceURL="https://evil.example/acs")
    assert (caught.value.code, caught.value.step) == ("acs-not-registered", "acs")
    assert caught.value.acs_url == ""


def test_judge_requires_the_signature_before_it_looks_at_the_acs_url(judge_request):
    party = replace(PARTY, require_signed_requests=True)
    with pytest.raises(MessageRefused) as caught:
        judge_request(party, AssertionConsumerServiceURL="https://evil.example/acs")
    assert (caught.value.code, caught.value.step) == ("signature-required", "signature")


def test_judge_knows_where_the_status_of_a_declined_request_goes(judge_request):
    with pytest.raises(RequestRefused) as caught:
        judge_request(AssertionConsumerServiceURL=f"{ACS_URL}2", ProtocolBinding="urn:x")
    assert (caught.value.code, caught.value.step) == ("binding-unsupported", "terms")
    assert caught.value.acs_url == f"{ACS_URL}2"
