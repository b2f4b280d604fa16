"""Logout requests and responses over both bindings."""

import copy
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from ssoko.errors import MessageRefused, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import decode_post, decode_redirect, encode_post, encode_redirect
from ssoko.saml.logout import (
    build_logout_request,
    build_logout_response,
    check_logout_request,
    check_logout_response,
    parse_logout_request,
    parse_logout_response,
)
from ssoko.saml.response import NameId
from ssoko.saml.signing import sign_element
from ssoko.saml.verify import verify_enveloped, verify_query
from ssoko.saml.xml import instant

from .conftest import IDP, SP

SLO_URL = "https://sso.example.com/saml/abc/logout"
ASHA = NameId("asha@example.com", names.NAMEID_EMAIL, IDP, SP)


@pytest.fixture
def make_logout(now):
    def make(**changes) -> bytes:
        fields = {
            "request_id": "_l1",
            "issuer": SP,
            "destination": SLO_URL,
            "issue_instant": now,
            "name_id": ASHA,
            "session_indexes": ("_s1", "_s2"),
        }
        return build_logout_request(**(fields | changes))

    return make


@pytest.fixture
def make_logout_response(now):
    def make(**changes) -> bytes:
        fields = {
            "response_id": "_lr1",
            "issuer": SP,
            "destination": SLO_URL,
            "in_response_to": "_l1",
            "issue_instant": now,
        }
        return build_logout_response(**(fields | changes))

    return make


def test_lo_04_logout_request_over_post_is_built_parsed_and_verified(
    make_logout, sp, now, protocol_schema
):
    xml = make_logout(key=sp.key, not_on_or_after=now + 60)
    protocol_schema.assertValid(etree.fromstring(xml))
    inbound = decode_post([("SAMLRequest", encode_post(xml))])
    request, root = parse_logout_request(inbound.xml)
    assert verify_enveloped(root, [sp.certificate]) == sp.certificate
    check_logout_request(request, now=now, destination=SLO_URL)
    assert request.name_id == ASHA
    assert request.session_indexes == ("_s1", "_s2")
    assert (request.issuer, request.not_on_or_after) == (SP, now + 60)


def test_lo_04_logout_request_over_redirect_is_built_parsed_and_verified(make_logout, sp, now):
    url = encode_redirect(SLO_URL, make_logout(), key=sp.key)
    inbound = decode_redirect(urlsplit(url).query.encode())
    request, _ = parse_logout_request(inbound.xml)
    assert verify_query(inbound.raw_query, [sp.certificate]) == sp.certificate
    check_logout_request(request, now=now, destination=SLO_URL, signed=inbound.signed_query)


@pytest.mark.parametrize("partial", [True, False])
def test_logout_response_is_built_parsed_and_verified(
    partial, make_logout_response, idp, now, protocol_schema
):
    xml = make_logout_response(key=idp.key, partial=partial)
    protocol_schema.assertValid(etree.fromstring(xml))
    response, root = parse_logout_response(xml)
    verify_enveloped(root, [idp.certificate])
    check_logout_response(response, now=now, destination=SLO_URL, request_id="_l1")
    assert response.succeeded is not partial
    assert response.statuses[0] == names.STATUS_SUCCESS


def test_failed_logout_has_an_error_status(make_logout_response):
    xml = make_logout_response(status=names.STATUS_UNKNOWN_PRINCIPAL, responder=False)
    response, _ = parse_logout_response(xml)
    assert response.statuses == (names.STATUS_REQUESTER, names.STATUS_UNKNOWN_PRINCIPAL)
    assert not response.succeeded


def test_python3_saml_accepts_the_logout_response(make_logout_response, idp, sp):
    url = "https://sp.example.org/slo"
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": SP,
                "assertionConsumerService": {"url": "https://sp.example.org/acs"},
                "singleLogoutService": {"url": url},
                "x509cert": sp.certificate,
                "privateKey": sp.private_pem.decode(),
            },
            "idp": {
                "entityId": IDP,
                "singleSignOnService": {"url": SLO_URL},
                "singleLogoutService": {"url": SLO_URL},
                "x509cert": idp.certificate,
            },
            "security": {"wantMessagesSigned": True},
        }
    )
    xml = make_logout_response(issuer=IDP, destination=url)
    url_with_response = encode_redirect(url, xml, message="SAMLResponse", key=idp.key)
    fields = decode_redirect(urlsplit(url_with_response).query.encode(), message="SAMLResponse")
    assert verify_query(fields.raw_query, [idp.certificate], message="SAMLResponse")
    get_data = {k: v[0] for k, v in parse_qs(urlsplit(url_with_response).query).items()}
    request = {
        "http_host": "sp.example.org",
        "script_name": "/slo",
        "https": "on",
        "get_data": get_data,
        "query_string": urlsplit(url_with_response).query,
        "post_data": {},
        "validate_signature_from_qs": True,
    }
    response = OneLogin_Saml2_Logout_Response(settings, get_data["SAMLResponse"])
    assert response.is_valid(request, "_l1", raise_exceptions=True)
    assert response.get_status() == names.STATUS_SUCCESS


def refused(xml: bytes, now: int, **changes) -> str:
    arguments = {"now": now, "destination": SLO_URL, "signed": True} | changes
    with pytest.raises(MessageRefused) as caught:
        check_logout_request(parse_logout_request(xml)[0], **arguments)
    return caught.value.code


def test_lo_01_unsigned_logout_request_is_refused(make_logout, now):
    assert refused(make_logout(), now, signed=False) == "signature-missing"


def test_lo_01_logout_request_signed_with_another_key_is_refused(make_logout, sp, stranger):
    _, root = parse_logout_request(make_logout(key=stranger.key))
    with pytest.raises(MessageRefused):
        verify_enveloped(root, [sp.certificate])


def test_lo_02_old_and_misdirected_logout_requests_are_refused(make_logout, now):
    assert refused(make_logout(issue_instant=now - 3600), now) == "not-fresh"
    assert refused(make_logout(issue_instant=now + 3600), now) == "not-fresh"
    assert refused(make_logout(not_on_or_after=now - 600), now) == "logout-expired"
    assert refused(make_logout(destination=SLO_URL + "/"), now) == "wrong-destination"
    without = make_logout().replace(f' Destination="{SLO_URL}"'.encode(), b"")
    assert refused(without, now) == "destination-missing"


def test_lo_02_logout_request_with_a_dtd_is_refused(make_logout):
    with pytest.raises(MessageRefused) as caught:
        parse_logout_request(b"<!DOCTYPE a>" + make_logout())
    assert caught.value.code == "xml-dtd"


NAME_ID = b"<saml:NameID"


@pytest.mark.parametrize(
    "edit",
    [
        lambda xml: xml.replace(b"_l1", b"4f-1"),
        lambda xml: xml.replace(b'Version="2.0"', b'Version="2.0" Tenant="7"'),
        lambda xml: xml.replace(b"</samlp:LogoutR", b'<v:x xmlns:v="urn:v"/></samlp:LogoutR'),
        lambda xml: xml.replace(b"<samlp:SessionIndex>_s1</samlp:SessionIndex>", b"").replace(
            NAME_ID, b"<samlp:SessionIndex>_s1</samlp:SessionIndex>" + NAME_ID
        ),
    ],
)
def test_logout_request_with_one_meaning_is_accepted_off_the_schema(edit, make_logout, now):
    request, _ = parse_logout_request(edit(make_logout()))
    check_logout_request(request, now=now, destination=SLO_URL, signed=True)
    assert sorted(request.session_indexes) == ["_s1", "_s2"]


@pytest.mark.parametrize("copies", [0, 2])
def test_logout_request_names_its_user_once(copies, make_logout):
    root = etree.fromstring(make_logout())
    name_id = root.find(f"{{{names.NS_SAML}}}NameID")
    root.remove(name_id)
    for _ in range(copies):
        root.insert(1, copy.deepcopy(name_id))
    with pytest.raises(MessageRefused) as caught:
        parse_logout_request(etree.tostring(root))
    assert caught.value.code == "xml-schema"


def test_encrypted_name_id_is_refused(make_logout, now):
    root = etree.fromstring(make_logout())
    name_id = root.find(f"{{{names.NS_SAML}}}NameID")
    encrypted = etree.fromstring(
        f'<saml:EncryptedID xmlns:saml="{names.NS_SAML}" xmlns:xenc="{names.NS_XENC}">'
        "<xenc:EncryptedData><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedData></saml:EncryptedID>"
    )
    root.replace(name_id, encrypted)
    request, _ = parse_logout_request(etree.tostring(root))
    with pytest.raises(RequestRefused) as caught:
        check_logout_request(request, now=now, destination=SLO_URL, signed=True)
    assert caught.value.status == names.STATUS_REQUEST_UNSUPPORTED


def test_lo_05_unsolicited_logout_response_is_refused(make_logout_response, now):
    response, _ = parse_logout_response(make_logout_response())
    for changes, code in (
        ({"request_id": "_other"}, "logout-unsolicited"),
        ({"signed": False}, "signature-missing"),
        ({"now": now + 3600}, "not-fresh"),
        ({"destination": "https://other.example/"}, "wrong-destination"),
    ):
        arguments = {"now": now, "destination": SLO_URL, "request_id": "_l1", "signed": True}
        with pytest.raises(MessageRefused) as caught:
            check_logout_response(response, **(arguments | changes))
        assert caught.value.code == code


def test_other_kind_of_message_is_refused(make_logout, make_logout_response, make_request):
    for parse, xml in (
        (parse_logout_request, make_logout_response()),
        (parse_logout_request, make_request()),
        (parse_logout_response, make_logout()),
    ):
        with pytest.raises(MessageRefused) as caught:
            parse(xml)
        assert caught.value.code == "wrong-message"


def test_signature_of_a_parsed_element_follows_the_issuer(make_logout, sp):
    root = etree.fromstring(make_logout())
    sign_element(root, sp.key)
    assert etree.QName(root[1]).localname == "Signature"
    assert make_logout(key=sp.key) == etree.tostring(root, method="c14n", exclusive=True)


def test_logout_request_has_the_given_times(make_logout, now):
    assert etree.fromstring(make_logout()).get("IssueInstant") == instant(now)
