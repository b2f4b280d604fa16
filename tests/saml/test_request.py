"""AuthnRequests: what is read, what is refused, and with which status."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
import xmlsec
from lxml import etree
from ssoko.errors import MessageRefused, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound, encode_post
from ssoko.saml.request import (
    AuthnRequest,
    Party,
    Terms,
    check_authn_request,
    choose_authn_context,
    choose_name_id_format,
    judge,
    parse_authn_request,
)
from ssoko.saml.signing import sign_element
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


def test_all_parts_of_a_request_are_parsed(read, now):
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


def test_simple_request_is_accepted(read, check):
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


def test_request_without_issuer_is_refused(make_request):
    assert refused(make_request(issuer=None)) == "issuer-missing"
    assert refused(make_request(issuer=" ")) == "issuer-missing"
    with_format = make_request().replace(b"<saml:Issuer>", b'<saml:Issuer Format="x:y">')
    assert refused(with_format) == "issuer-missing"


def test_comment_does_not_truncate_the_issuer(read):
    assert read(issuer=f"{SP}<!-- -->.evil.example").issuer == f"{SP}.evil.example"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"ID": None}, "xml-schema"),
        ({"ID": "1 2"}, "xml-schema"),
        ({"ID": "&lt;b&gt;"}, "xml-schema"),
        ({"ID": "x" * 1025}, "xml-schema"),
        ({"IssueInstant": None}, "xml-instant"),
        ({"IssueInstant": "yesterday"}, "xml-instant"),
        ({"AssertionConsumerServiceIndex": "x"}, "xml-number"),
        ({"AssertionConsumerServiceIndex": "0" * 5000 + "1"}, "xml-number"),
    ],
)
def test_ar_03_what_names_the_request_or_the_acs_url_must_be_readable(
    attributes, code, make_request
):
    assert refused(make_request(**attributes)) == code


POLICY = f'<samlp:NameIDPolicy Format="{names.NAMEID_EMAIL}" AllowCreate="true"/>'
CONTEXT = (
    "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>"
    f"{names.AUTHN_PASSWORD}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
)
OFF_THE_SCHEMA = {
    "ID with a digit first": ([], {"ID": "4f1c"}),
    "ID with a colon": ([], {"ID": "urn:uuid:1"}),
    "booleans of .NET": ([], {"ForceAuthn": "False", "IsPassive": "FALSE"}),
    "empty attributes": (
        [],
        {
            "ProtocolBinding": "",
            "ForceAuthn": "",
            "AssertionConsumerServiceIndex": "",
            "Destination": "",
        },
    ),
    "white space around values": (
        [],
        {"ProtocolBinding": f" {names.BINDING_POST} ", "Destination": f"{SSO_URL} "},
    ),
    "unknown attribute": ([], {"uiType": "0"}),
    "attribute of the vendor": ([], {"xmlns:v": "urn:vendor", "v:tenant": "7"}),
    "element of the vendor": (['<v:tenant xmlns:v="urn:vendor">7</v:tenant>'], {}),
    "text in NameIDPolicy": ([POLICY.replace("/>", ">\n </samlp:NameIDPolicy>")], {}),
    "Format empty": (['<samlp:NameIDPolicy Format="" AllowCreate="True"/>'], {}),
    "order": ([CONTEXT, POLICY, "<samlp:Extensions/>"], {}),
    "Comparison in uppercase": (
        [CONTEXT.replace("Context>", 'Context Comparison="Exact">', 1)],
        {},
    ),
    "Subject without a name": (["<saml:Subject/>"], {}),
    "an empty Scoping": (["<samlp:Scoping><samlp:IDPList/></samlp:Scoping>"], {}),
}


@pytest.mark.parametrize("name", OFF_THE_SCHEMA)
def test_request_with_one_meaning_is_accepted_off_the_schema(name, read, check):
    children, attributes = OFF_THE_SCHEMA[name]
    request = read(*children, **attributes)
    check(request)
    assert not (request.force_authn or request.is_passive)
    assert request.name_id_format in (None, names.NAMEID_EMAIL)
    assert request.authn_contexts in ((), (names.AUTHN_PASSWORD,))


AMBIGUOUS = {
    "ForceAuthn maybe": ([], {"ForceAuthn": "maybe"}),
    "another spelling of ForceAuthn": ([], {"forceAuthn": "true"}),
    "two policies": ([POLICY, POLICY], {}),
    "a policy in no namespace": (['<NameIDPolicy Format="x:y"/>'], {}),
    "an unknown element of SAML": (["<samlp:Other/>"], {}),
    "an unknown comparison": (
        [CONTEXT.replace("Context>", 'Context Comparison="same">', 1)],
        {},
    ),
    "a time that cannot be read": (['<saml:Conditions NotBefore="now"/>'], {}),
    "two subjects": (
        ["<saml:Subject><saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID></saml:Subject>"],
        {},
    ),
    "a number that cannot be read": ([f'<samlp:Scoping ProxyCount="{"0" * 5000}"/>'], {}),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_part_with_no_meaning_or_two_is_declined_with_a_status(name, judge_request):
    children, attributes = AMBIGUOUS[name]
    with pytest.raises(RequestRefused) as caught:
        judge_request(PARTY, *children, **attributes)
    assert caught.value.status == names.STATUS_REQUEST_UNSUPPORTED
    assert caught.value.acs_url == ACS_URL


def test_two_issuers_are_refused(make_request):
    assert refused(make_request(f"<saml:Issuer>{SP}</saml:Issuer>")) == "issuer-missing"
    nested = make_request().replace(b"<saml:Issuer>", b"<saml:Issuer><b/>")
    assert refused(nested) == "issuer-missing"


def test_ar_03_index_beside_the_url_must_mean_the_same(judge_request):
    assert judge_request(AssertionConsumerServiceIndex="0").acs_url == ACS_URL
    # One that has no meaning here does not contradict the URL.
    assert judge_request(AssertionConsumerServiceIndex="7").acs_url == ACS_URL
    by_index = {"AssertionConsumerServiceURL": None, "ProtocolBinding": names.BINDING_POST}
    assert judge_request(AssertionConsumerServiceIndex="1", **by_index).acs_url == f"{ACS_URL}2"
    with pytest.raises(MessageRefused) as caught:
        judge_request(AssertionConsumerServiceIndex="1")
    assert (caught.value.code, caught.value.acs_url) == ("acs-conflict", "")
    for unknown in ("7", "-1", "65536"):
        with pytest.raises(MessageRefused) as caught:
            judge_request(AssertionConsumerServiceIndex=unknown, **by_index)
        assert caught.value.code == "acs-index-unknown"


def test_ar_05_request_for_another_endpoint_is_refused(read, check):
    for other in (SSO_URL + "/", SSO_URL.upper(), SSO_URL + "x", "https://evil.example/"):
        with pytest.raises(MessageRefused) as caught:
            check(read(Destination=other))
        assert caught.value.code == "wrong-destination"
        assert caught.value.expected == SSO_URL


def test_ar_06_signed_request_requires_a_destination(read, check):
    with pytest.raises(MessageRefused) as caught:
        check(read(Destination=None), signed=True)
    assert caught.value.code == "destination-missing"
    check(read(), signed=True)


@pytest.mark.parametrize("offset", [-86_400, -3600, -600, -301, 301, 600, 3600, 86_400])
def test_ar_07_old_or_future_request_is_refused(offset, read, check, now):
    with pytest.raises(MessageRefused) as caught:
        check(read(IssueInstant=instant(now + offset)))
    assert caught.value.code == "not-fresh"


@pytest.mark.parametrize("offset", [-240, -60, 0, 60, 240])
def test_ar_07_small_clock_skew_is_allowed(offset, read, check, now):
    check(read(IssueInstant=instant(now + offset)))


@pytest.mark.parametrize(
    "binding",
    [names.BINDING_ARTIFACT, names.BINDING_REDIRECT, names.BINDING_PAOS, names.BINDING_SOAP, "x:y"],
)
def test_other_response_binding_is_refused(binding, read, check):
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
def test_subject_with_more_than_a_name_id_is_refused(child, read, check):
    body = f"<saml:Subject>{child}</saml:Subject>"
    with pytest.raises(RequestRefused) as caught:
        check(read(body))
    assert caught.value.status == names.STATUS_REQUEST_UNSUPPORTED


def test_ar_40_list_of_other_identity_providers_is_refused(read, check):
    entry = '<samlp:IDPEntry ProviderID="{}"/>'
    scoping = "<samlp:Scoping><samlp:IDPList>{}</samlp:IDPList></samlp:Scoping>"
    other = entry.format("https://other.example")
    with pytest.raises(RequestRefused) as caught:
        check(read(scoping.format(other)))
    assert caught.value.status == names.STATUS_NO_SUPPORTED_IDP
    check(read(scoping.format(other + entry.format(IDP))))


def test_ar_40_proxy_count_of_zero_is_accepted(read, check):
    request = read('<samlp:Scoping ProxyCount="0"/>')
    assert request.proxy_count == 0
    check(request)


def test_ar_40_conditions_for_another_time_are_refused(read, check, now):
    for times in (
        f'NotOnOrAfter="{instant(now - 600)}"',
        f'NotBefore="{instant(now + 600)}"',
    ):
        with pytest.raises(RequestRefused) as caught:
            check(read(f"<saml:Conditions {times}/>"))
        assert caught.value.status == names.STATUS_REQUEST_DENIED
    check(read(f'<saml:Conditions NotOnOrAfter="{instant(now + 60)}"/>'))


def test_ar_40_assertion_for_another_audience_is_refused(read, check):
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


def choose_format(request: AuthnRequest, recorded: str) -> str:
    return choose_name_id_format(request, recorded=recorded, sp_entity_ids=[SP])


OTHER_EMAIL = names.NAMEID_EMAIL.replace("1.1", "2.0")
OTHER_UNSPECIFIED = names.NAMEID_UNSPECIFIED.replace("1.1", "2.0")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Format": ""},
        {"Format": names.NAMEID_UNSPECIFIED},
        {"Format": OTHER_UNSPECIFIED},
        {"Format": names.NAMEID_EMAIL},
        {"SPNameQualifier": SP},
    ],
)
def test_request_for_the_recorded_format_or_none_gets_the_recorded_one(asked, read):
    assert choose_format(read(policy(**asked)), names.NAMEID_EMAIL) == names.NAMEID_EMAIL


@pytest.mark.parametrize("recorded", [names.NAMEID_UNSPECIFIED, OTHER_UNSPECIFIED])
@pytest.mark.parametrize(
    "asked", [names.NAMEID_EMAIL, OTHER_EMAIL, names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT]
)
def test_open_format_on_record_leaves_the_choice_to_the_request(asked, recorded, read):
    assert choose_format(read(policy(Format=asked)), recorded) == asked
    assert choose_format(read(), recorded) == recorded


@pytest.mark.parametrize(
    "recorded",
    [
        names.NAMEID_X509_SUBJECT,
        names.NAMEID_WINDOWS,
        names.NAMEID_KERBEROS,
        names.NAMEID_ENTITY,
        "urn:example:employee-number",
    ],
)
def test_any_recorded_format_can_be_asked_for(recorded, read):
    assert choose_format(read(policy(Format=recorded)), recorded) == recorded


def test_format_is_answered_as_the_request_spells_it(read):
    assert choose_format(read(policy(Format=OTHER_EMAIL)), names.NAMEID_EMAIL) == OTHER_EMAIL
    assert choose_format(read(policy(Format=names.NAMEID_EMAIL)), OTHER_EMAIL) == names.NAMEID_EMAIL


@pytest.mark.parametrize("recorded", [names.NAMEID_UNSPECIFIED, names.NAMEID_EMAIL])
@pytest.mark.parametrize(
    "asked",
    [
        {"Format": names.NAMEID_ENCRYPTED},
        {"Format": names.NAMEID_KERBEROS},
        {"Format": "urn:unknown"},
        {"Format": OTHER_EMAIL.replace("email", "Email")},
        {"SPNameQualifier": "https://other.example"},
    ],
)
def test_ar_30_name_id_that_cannot_be_made_is_declined(asked, recorded, read):
    with pytest.raises(RequestRefused) as caught:
        choose_format(read(policy(**asked)), recorded)
    assert caught.value.status == names.STATUS_INVALID_NAMEID_POLICY


def test_ar_30_another_format_than_the_recorded_one_is_declined(read):
    with pytest.raises(RequestRefused) as caught:
        choose_format(read(policy(Format=names.NAMEID_PERSISTENT)), names.NAMEID_EMAIL)
    assert caught.value.expected == names.NAMEID_EMAIL


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
def test_rs_14_context_class_matches_the_sign_in(comparison, asked, answer):
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
def test_rs_14_context_class_that_is_not_met_is_refused(comparison, asked):
    with pytest.raises(RequestRefused) as caught:
        choose_authn_context(contexts(comparison, *asked), satisfied=PASSWORD_OVER_TLS)
    assert caught.value.status == names.STATUS_NO_AUTHN_CONTEXT


def test_most_specific_context_class_is_the_default():
    assert choose_authn_context(None, satisfied=PASSWORD_OVER_TLS) == PASSWORD_OVER_TLS[0]
    assert choose_authn_context(contexts("exact"), satisfied=("a", "b")) == "a"


def test_declaration_reference_is_refused(read):
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
    def judge_request(party: Party = PARTY, *children: str, **attributes: str | None) -> Terms:
        xml = make_request(*children, **attributes)
        request, root = parse_authn_request(xml)
        return judge(request, root, Inbound(xml, "", names.BINDING_POST), party, now=now)

    return judge_request


def test_judge_returns_acs_url_signature_and_context_class(judge_request):
    assert judge_request() == Terms(
        acs_url=ACS_URL,
        signed=False,
        name_id_format=names.NAMEID_UNSPECIFIED,
        authn_context=names.AUTHN_PASSWORD_PROTECTED,
    )


def test_judge_sends_no_status_to_an_unregistered_acs_url(judge_request):
    with pytest.raises(MessageRefused) as caught:
        judge_request(AssertionConsumerServiceURL="https://evil.example/acs")
    assert (caught.value.code, caught.value.step) == ("acs-not-registered", "acs")
    assert caught.value.acs_url == ""


def test_judge_checks_the_signature_before_the_acs_url(judge_request):
    party = replace(PARTY, require_signed_requests=True)
    with pytest.raises(MessageRefused) as caught:
        judge_request(party, AssertionConsumerServiceURL="https://evil.example/acs")
    assert (caught.value.code, caught.value.step) == ("signature-required", "signature")


def test_judge_returns_the_acs_url_for_the_status_of_a_refused_request(judge_request):
    with pytest.raises(RequestRefused) as caught:
        judge_request(AssertionConsumerServiceURL=f"{ACS_URL}2", ProtocolBinding="urn:x")
    assert (caught.value.code, caught.value.step) == ("binding-unsupported", "terms")
    assert caught.value.acs_url == f"{ACS_URL}2"


def signed_with_sha_1(xml: bytes, pair) -> bytes:
    root = etree.fromstring(xml)
    signature = xmlsec.template.create(
        root, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha1, ns="ds"
    )
    root.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, xmlsec.constants.TransformSha1, uri=f"#{root.get('ID')}"
    )
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pair.private_pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.sign(signature)
    return etree.tostring(root)


@pytest.mark.parametrize("algorithm", [f"{names.NS_DS}rsa-sha1", "urn:x", ""])
@pytest.mark.parametrize("required", [False, True])
def test_ar_26_signature_that_proves_nothing_counts_as_none(
    algorithm, required, make_request, now, sp
):
    xml = make_request(Destination=None)
    raw = urlencode({"SAMLRequest": encode_post(xml), "SigAlg": algorithm, "Signature": "AAAA"})
    inbound = Inbound(xml, "", names.BINDING_REDIRECT, raw.encode(), signed_query=True)
    party = replace(PARTY, certificates=(sp.certificate,), require_signed_requests=required)
    request, root = parse_authn_request(xml)
    if not required:
        assert not judge(request, root, inbound, party, now=now).signed
        return
    with pytest.raises(MessageRefused) as caught:
        judge(request, root, inbound, party, now=now)
    assert caught.value.code == "signature-algorithm"


def test_ar_26_enveloped_sha_1_signature_counts_as_none(make_request, now, sp):
    xml = signed_with_sha_1(make_request(), sp)
    request, root = parse_authn_request(xml)
    inbound = Inbound(xml, "", names.BINDING_POST)
    party = replace(PARTY, certificates=(sp.certificate,))
    assert not judge(request, root, inbound, party, now=now).signed
    with pytest.raises(MessageRefused):
        judge(request, root, inbound, replace(party, require_signed_requests=True), now=now)


def test_ar_22_signature_by_another_key_is_never_ignored(make_request, now, sp, stranger):
    root = etree.fromstring(make_request())
    sign_element(root, stranger.key)
    xml = etree.tostring(root)
    request, root = parse_authn_request(xml)
    inbound = Inbound(xml, "", names.BINDING_POST)
    with pytest.raises(MessageRefused) as caught:
        judge(request, root, inbound, replace(PARTY, certificates=(sp.certificate,)), now=now)
    assert caught.value.code == "signature-wrong"


def test_signature_may_be_the_last_child(make_request, now, sp):
    root = etree.fromstring(make_request(POLICY))
    sign_element(root, sp.key)
    root.append(root[1])
    # The place is not signed: an enveloped signature leaves itself out.
    xml = etree.tostring(root)
    request, parsed = parse_authn_request(xml)
    party = replace(PARTY, certificates=(sp.certificate,), require_signed_requests=True)
    assert judge(request, parsed, Inbound(xml, "", names.BINDING_POST), party, now=now).signed
