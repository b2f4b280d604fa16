"""SAML responses: content, signatures, and libraries that accept them."""

import subprocess
from base64 import b64encode

import pytest
import xmlsec
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from signxml import SignatureConfiguration, XMLVerifier
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from ssoko.saml import names
from ssoko.saml.response import Attribute, NameId, build_response, build_status_response
from ssoko.saml.signing import SigningKey

from .conftest import ACS_URL, IDP, SP

NS = {"saml": names.NS_SAML, "samlp": names.NS_SAMLP, "ds": names.NS_DS}
SIGNED = [(True, True), (True, False), (False, True)]


def find_all(response: bytes, path: str) -> list:
    return etree.fromstring(response).xpath(path, namespaces=NS)


def find(response: bytes, path: str):
    (element,) = find_all(response, path)
    return element


@pytest.fixture(params=["rsa", "p256", "p384"])
def signer(request, idp, ec_p256, ec_p384):
    return {"rsa": idp, "p256": ec_p256, "p384": ec_p384}[request.param]


@pytest.fixture(params=SIGNED, ids=["both", "response", "assertion"])
def signed_response(request, signer, make_sign_in):
    in_response, in_assertion = request.param
    sign_in = make_sign_in(sign_response=in_response, sign_assertion=in_assertion)
    return build_response(sign_in, signer.key)


def test_response_is_valid_against_the_oasis_schema(signed_response, protocol_schema):
    protocol_schema.assertValid(etree.fromstring(signed_response))


@pytest.mark.parametrize(("in_response", "in_assertion"), SIGNED)
def test_only_the_requested_parts_are_signed(in_response, in_assertion, idp, make_sign_in):
    sign_in = make_sign_in(sign_response=in_response, sign_assertion=in_assertion)
    response = build_response(sign_in, idp.key)
    signed = {e.get("ID") for e in find_all(response, "//ds:Signature/..")}
    expected = {"_response1"} if in_response else set()
    expected |= {"_assertion1"} if in_assertion else set()
    assert signed == expected
    references = find_all(response, "//ds:Signature")
    for signature in references:
        assert signature.find(".//ds:Reference", NS).get("URI") == "#" + signature.getparent().get(
            "ID"
        )
        assert etree.QName(signature.getprevious()).localname == "Issuer"


def test_python_xmlsec_accepts_every_signature(signed_response, signer):
    root = etree.fromstring(signed_response)
    xmlsec.tree.add_ids(root, ["ID"])
    signatures = root.xpath("//ds:Signature", namespaces=NS)
    assert signatures
    for signature in signatures:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(
            signer.certificate, xmlsec.constants.KeyDataFormatCertPem
        )
        context.verify(signature)


def test_xmlsec1_command_accepts_every_signature(signed_response, signer, tmp_path):
    certificate = tmp_path / "idp.pem"
    certificate.write_text(signer.certificate)
    document = tmp_path / "response.xml"
    document.write_bytes(signed_response)
    for element in find_all(signed_response, "//ds:Signature/.."):
        place = f"//*[@ID='{element.get('ID')}']/*[local-name()='Signature']"
        ids = [
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:protocol:Response",
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
        ]
        command = ["xmlsec1", "--verify", "--pubkey-cert-pem", str(certificate), *ids]
        done = subprocess.run(
            [*command, "--node-xpath", place, str(document)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_signxml_accepts_every_signature(signed_response, signer):
    methods = {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
    }
    config = SignatureConfiguration(
        signature_methods=frozenset(methods),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384}),
        require_x509=True,
        expect_references=1,
        location="./",
    )
    for element in find_all(signed_response, "//ds:Signature/.."):
        alone = etree.fromstring(etree.tostring(element))
        result = XMLVerifier().verify(
            alone, x509_cert=signer.certificate, id_attribute="ID", expect_config=config
        )
        assert result.signed_xml.get("ID") == element.get("ID")


@pytest.mark.parametrize(("in_response", "in_assertion"), SIGNED)
def test_python3_saml_in_strict_mode_accepts_the_response(
    in_response, in_assertion, idp, make_sign_in
):
    url = "https://sp.example.org/acs"
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": SP, "assertionConsumerService": {"url": url}},
            "idp": {
                "entityId": IDP,
                "singleSignOnService": {"url": "https://sso.example.com/login"},
                "x509cert": idp.certificate,
            },
            "security": {
                "wantMessagesSigned": in_response,
                "wantAssertionsSigned": in_assertion,
                "rejectDeprecatedAlgorithm": True,
            },
        }
    )
    values = ("<b>bold</b> & more", "a<!-- -->b", "line\nline")
    sign_in = make_sign_in(
        acs_url=url,
        sign_response=in_response,
        sign_assertion=in_assertion,
        attributes=(Attribute("note", values),),
    )
    response = OneLogin_Saml2_Response(
        settings, b64encode(build_response(sign_in, idp.key)).decode()
    )
    request = {
        "http_host": "sp.example.org",
        "script_name": "/acs",
        "https": "on",
        "get_data": {},
        "post_data": {},
    }
    assert response.is_valid(request, "_request1", raise_exceptions=True)
    assert response.get_nameid() == "asha@example.com"
    assert response.get_attributes() == {"note": list(values)}
    assert response.get_session_index() == "_session1"


def test_rs_01_response_follows_the_web_browser_sso_profile(idp, make_sign_in, now):
    response = build_response(make_sign_in(), idp.key)
    root = etree.fromstring(response)
    assert root.get("Destination") == ACS_URL
    assert root.get("InResponseTo") == "_request1"
    assert len(find_all(response, "/samlp:Response/saml:Assertion")) == 1
    assert len(find_all(response, "//saml:AuthnStatement")) == 1
    data = find(response, "//saml:SubjectConfirmationData")
    assert data.get("Recipient") == ACS_URL
    assert data.get("InResponseTo") == "_request1"
    assert data.get("NotBefore") is None
    conditions = find(response, "//saml:Conditions")
    assert data.get("NotOnOrAfter") == conditions.get("NotOnOrAfter")
    assert find(response, "//saml:Audience").text == SP
    assert {e.text for e in find_all(response, "//saml:Issuer")} == {IDP}
    methods = {e.get("Algorithm") for e in find_all(response, "//ds:SignatureMethod")}
    assert methods == {names.RSA_SHA256}


@pytest.mark.parametrize(
    "value",
    [
        "</saml:AttributeValue><saml:AttributeValue>admin",
        "admin<!-- -->.evil",
        "<![CDATA[admin]]>",
        "]]>",
        "<?pi admin?>",
        "{{ 7*191 }} ${7*191} {0} %s %(a)s",
        "&lt;admin&gt; &amp;amp; &#x41;",
        "\"'`",
        "a\tb\nc",
        " leading and trailing ",
        "\u0645\u0631\u062d\u0628\u0627 \U0001f600 e\u0301 \u2028",
    ],
)
def test_rs_02_markup_in_a_value_is_escaped(value, idp, make_sign_in, protocol_schema):
    sign_in = make_sign_in(
        name_id=NameId(value, names.NAMEID_UNSPECIFIED),
        attributes=(Attribute("note", (value,), None, value),),
    )
    response = build_response(sign_in, idp.key)
    root = etree.fromstring(response)
    protocol_schema.assertValid(root)
    attribute = find(response, "//saml:Attribute")
    assert [e.text for e in attribute] == [value]
    assert attribute.get("FriendlyName") == value
    name_id = find(response, "//saml:NameID")
    assert name_id.text == value
    assert len(name_id) == 0
    assert not root.xpath("//comment() | //processing-instruction()")


def test_line_ends_of_attribute_values_are_line_feeds(idp, make_sign_in):
    sign_in = make_sign_in(attributes=(Attribute("note", ("a\r\nb\rc\nd",)),))
    assert find(build_response(sign_in, idp.key), "//saml:AttributeValue").text == "a\nb\nc\nd"


def test_control_character_in_a_value_raises_an_error(idp, make_sign_in):
    sign_in = make_sign_in(attributes=(Attribute("note", ("bell \x07",)),))
    with pytest.raises(ValueError, match="U\\+0007"):
        build_response(sign_in, idp.key)


def test_rs_10_unsolicited_response_has_no_in_response_to(idp, make_sign_in, protocol_schema):
    response = build_response(make_sign_in(in_response_to=None), idp.key)
    protocol_schema.assertValid(etree.fromstring(response))
    assert find_all(response, "//@InResponseTo") == []


def test_without_attributes_there_is_no_attribute_statement(idp, make_sign_in, protocol_schema):
    response = build_response(make_sign_in(attributes=()), idp.key)
    protocol_schema.assertValid(etree.fromstring(response))
    assert find_all(response, "//saml:AttributeStatement") == []


def test_rs_13_attribute_with_a_thousand_values_is_complete(idp, make_sign_in):
    roles = tuple(f"role-{i:04}-{'x' * 200}" for i in range(1000))
    response = build_response(make_sign_in(attributes=(Attribute("roles", roles),)), idp.key)
    assert tuple(e.text for e in find_all(response, "//saml:AttributeValue")) == roles
    assert len(b64encode(response)) < 2_000_000


def test_response_without_any_signature_is_not_possible(make_sign_in):
    with pytest.raises(ValueError, match="sign the response"):
        make_sign_in(sign_response=False, sign_assertion=False)


def test_element_with_an_id_that_xml_does_not_allow_cannot_be_signed(idp, make_sign_in):
    with pytest.raises(ValueError, match="XML ID"):
        build_response(make_sign_in(assertion_id="1\"'"), idp.key)


@pytest.mark.parametrize(
    ("status", "responder", "codes"),
    [
        (names.STATUS_NO_PASSIVE, True, [names.STATUS_RESPONDER, names.STATUS_NO_PASSIVE]),
        (
            names.STATUS_INVALID_NAMEID_POLICY,
            False,
            [names.STATUS_REQUESTER, names.STATUS_INVALID_NAMEID_POLICY],
        ),
        (names.STATUS_REQUESTER, False, [names.STATUS_REQUESTER]),
        (names.STATUS_VERSION_MISMATCH, False, [names.STATUS_VERSION_MISMATCH]),
    ],
)
def test_rs_11_error_response_has_a_status_but_no_assertion_and_no_signature(
    status, responder, codes, protocol_schema, now
):
    response = build_status_response(
        response_id="_r1",
        issuer=IDP,
        destination=ACS_URL,
        in_response_to="_request1",
        issue_instant=now,
        status=status,
        responder=responder,
        message="Not <here> & not now",
    )
    protocol_schema.assertValid(etree.fromstring(response))
    assert [e.get("Value") for e in find_all(response, "//samlp:StatusCode")] == codes
    assert find(response, "//samlp:StatusMessage").text == "Not <here> & not now"
    assert find_all(response, "//saml:Assertion | //ds:Signature") == []


def test_key_of_the_wrong_type_or_size_is_refused(idp, ec_p256, stranger):
    with pytest.raises(ValueError, match="not an algorithm for this key"):
        SigningKey(idp.key.private_key, idp.key.certificate_b64, names.ECDSA_SHA256)
    with pytest.raises(ValueError, match="not an algorithm for this key"):
        SigningKey(
            idp.key.private_key,
            idp.key.certificate_b64,
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        )
    with pytest.raises(ValueError, match="another key"):
        SigningKey.from_pem(idp.private_pem, stranger.certificate)


def test_repr_of_a_key_contains_no_key_material(idp):
    assert "certificate" not in repr(idp.key)
    assert "PrivateKey" not in repr(idp.key)


@pytest.mark.parametrize("algorithm", [names.RSA_SHA384, names.RSA_SHA512])
def test_signatures_with_longer_hashes_verify(algorithm, idp, make_sign_in):
    key = SigningKey(idp.key.private_key, idp.key.certificate_b64, algorithm)
    response = build_response(make_sign_in(), key)
    root = etree.fromstring(response)
    xmlsec.tree.add_ids(root, ["ID"])
    for signature in root.xpath("//ds:Signature", namespaces=NS):
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(idp.certificate, xmlsec.constants.KeyDataFormatCertPem)
        context.verify(signature)
