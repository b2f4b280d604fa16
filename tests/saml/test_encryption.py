"""Encrypted assertions: only the SP can decrypt them."""

from base64 import b64decode, b64encode

import pytest
import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from ssoko.saml import names
from ssoko.saml.encryption import Encryption
from ssoko.saml.response import build_response
from ssoko.saml.verify import verify_enveloped

from .conftest import IDP, SP

NS = {"saml": names.NS_SAML, "ds": names.NS_DS, "xenc": names.NS_XENC}
METHODS = [names.AES256_GCM, names.AES128_GCM, names.AES256_CBC, names.AES128_CBC]


def decrypted(response: bytes, private_pem: bytes) -> etree._Element:
    """Decrypt with xmlsec, like many SPs."""
    root = etree.fromstring(response)
    (data,) = root.xpath("//xenc:EncryptedData", namespaces=NS)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(private_pem, xmlsec.constants.KeyDataFormatPem))
    return xmlsec.EncryptionContext(manager).decrypt(data)


@pytest.mark.parametrize("method", METHODS)
def test_rs_06_sp_decrypts_the_assertion(method, idp, sp, make_sign_in, protocol_schema):
    encryption = Encryption(sp.certificate, method, recipient=SP)
    response = build_response(make_sign_in(), idp.key, encrypt=encryption)
    protocol_schema.assertValid(etree.fromstring(response))
    for secret in (b"asha", b"_assertion1", b"admin"):
        assert secret not in response
    assertion = decrypted(response, sp.private_pem)
    assert assertion.get("ID") == "_assertion1"


def test_rs_06_assertion_decrypts_to_a_complete_document(idp, sp, make_sign_in):
    response = build_response(make_sign_in(), idp.key, encrypt=Encryption(sp.certificate))
    root = etree.fromstring(response)
    values = root.xpath("//xenc:CipherValue/text()", namespaces=NS)
    wrapped, data = (b64decode(v) for v in values)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303  for interop
    key = sp.key.private_key.decrypt(wrapped, oaep)
    assert len(key) == 32
    alone = etree.fromstring(AESGCM(key).decrypt(data[:12], data[12:], None))
    assert verify_enveloped(alone, [idp.certificate]) == idp.certificate


@pytest.mark.parametrize("in_response", [True, False])
def test_rs_06_response_with_encrypted_assertion_is_always_signed(
    in_response, idp, sp, make_sign_in
):
    sign_in = make_sign_in(sign_response=in_response)
    response = build_response(sign_in, idp.key, encrypt=Encryption(sp.certificate))
    verify_enveloped(etree.fromstring(response), [idp.certificate])


def test_rs_06_each_encryption_has_a_new_key_and_iv(idp, sp, make_sign_in):
    encryption = Encryption(sp.certificate)
    values = set()
    for _ in range(5):
        root = etree.fromstring(build_response(make_sign_in(), idp.key, encrypt=encryption))
        wrapped, data = root.xpath("//xenc:CipherValue/text()", namespaces=NS)
        values |= {wrapped, b64decode(data)[:12]}
    assert len(values) == 10


@pytest.mark.parametrize("method", METHODS)
def test_python3_saml_in_strict_mode_accepts_the_encrypted_assertion(method, idp, sp, make_sign_in):
    url = "https://sp.example.org/acs"
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": SP,
                "assertionConsumerService": {"url": url},
                "x509cert": sp.certificate,
                "privateKey": sp.private_pem.decode(),
            },
            "idp": {
                "entityId": IDP,
                "singleSignOnService": {"url": "https://sso.example.com/login"},
                "x509cert": idp.certificate,
            },
            "security": {
                "wantAssertionsEncrypted": True,
                "wantAssertionsSigned": True,
                "wantMessagesSigned": True,
            },
        }
    )
    xml = build_response(
        make_sign_in(acs_url=url), idp.key, encrypt=Encryption(sp.certificate, method)
    )
    response = OneLogin_Saml2_Response(settings, b64encode(xml).decode())
    request = {"http_host": "sp.example.org", "script_name": "/acs", "https": "on"}
    request |= {"get_data": {}, "post_data": {}}
    assert response.is_valid(request, "_request1", raise_exceptions=True)
    assert response.get_nameid() == "asha@example.com"


def test_rs_12_unsuitable_certificate_or_method_is_refused(sp, ec_p256):
    with pytest.raises(ValueError, match="only RSA"):
        Encryption(ec_p256.certificate)
    with pytest.raises(ValueError, match="not a supported encryption method"):
        Encryption(sp.certificate, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc")
    with pytest.raises(ValueError, match="BEGIN CERTIFICATE"):
        Encryption("no certificate")
