"""Metadata of issuers and of service providers."""

import os
import time
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.idp_metadata import build_idp_metadata
from ssoko.saml.signing import certificate_b64, sign_element
from ssoko.saml.sp_metadata.parse import parse_sp_metadata
from ssoko.saml.sp_metadata.values import RequestedAttribute
from ssoko.saml.verify import verify_enveloped
from ssoko.saml.xml import instant

from .conftest import IDP, SP, SSO_URL, make_certificate, make_pair

ACS = f'<md:AssertionConsumerService Binding="{names.BINDING_POST}" index="0" Location="%s"/>'
GOOD_ACS = ACS % "https://sp.example.org/acs"


def entity(*role_children: str, role: str = "SPSSODescriptor", around: str = "", **attributes: str):
    markup = "".join(f' {k}="{v}"' for k, v in ({"entityID": SP} | attributes).items())
    return (
        f'<md:EntityDescriptor xmlns:md="{names.NS_MD}" xmlns:ds="{names.NS_DS}"{markup}>'
        f'<md:{role} protocolSupportEnumeration="{names.PROTOCOL}">{"".join(role_children)}'
        f"</md:{role}>{around}</md:EntityDescriptor>"
    )


def key_descriptor(certificate: str, use: str = "") -> str:
    use = f' use="{use}"' if use else ""
    return (
        f"<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}"
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def refused(xml: str | bytes, now: int) -> str:
    begin = time.process_time()
    with pytest.raises(MessageRefused) as caught:
        parse_sp_metadata(xml.encode() if isinstance(xml, str) else xml, now=now)
    assert time.process_time() - begin < 1
    assert caught.value.fix
    return caught.value.code


@pytest.fixture
def read(now):
    def read(xml: str):
        (metadata,) = parse_sp_metadata(xml.encode(), now=now).providers
        return metadata

    return read


@pytest.fixture
def our_metadata(idp, stranger) -> bytes:
    return build_idp_metadata(
        entity_id=IDP,
        sso_url=SSO_URL,
        slo_url="https://sso.example.com/saml/abc/logout?a=1&b=2",
        certificates=[idp.certificate, stranger.certificate],
        name_id_formats=[names.NAMEID_PERSISTENT, names.NAMEID_EMAIL],
        want_authn_requests_signed=True,
        cache_seconds=7200,
    )


def test_md_06_idp_metadata_is_valid_and_contains_no_secret(our_metadata, metadata_schema):
    assert our_metadata.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<md:')
    root = etree.fromstring(our_metadata)
    metadata_schema.assertValid(root)
    assert root.get("entityID") == IDP
    assert b"PRIVATE" not in our_metadata


def test_idp_metadata_contains_endpoints_certificates_and_formats(our_metadata, idp, stranger):
    (role,) = etree.fromstring(our_metadata)
    tags = [etree.QName(child).localname for child in role]
    assert tags == ["Extensions"] + ["KeyDescriptor"] * 2 + ["SingleLogoutService"] * 2 + [
        "NameIDFormat",
        "NameIDFormat",
        "SingleSignOnService",
        "SingleSignOnService",
    ]
    bindings = [child.get("Binding") for child in role if child.get("Location") == SSO_URL]
    assert bindings == [names.BINDING_REDIRECT, names.BINDING_POST]
    certificates = [e.text for e in role.iter(f"{{{names.NS_DS}}}X509Certificate")]
    assert certificates == [certificate_b64(p.certificate) for p in (idp, stranger)]
    assert role.get("WantAuthnRequestsSigned") == "true"
    assert role.find(f"{{{names.NS_MD}}}NameIDFormat").text == names.NAMEID_PERSISTENT


def test_idp_metadata_lists_the_accepted_algorithms(our_metadata):
    root = etree.fromstring(our_metadata)
    listed = {
        kind: [e.get("Algorithm") for e in root.iter(f"{{{names.NS_ALG}}}{kind}")]
        for kind in ("DigestMethod", "SigningMethod")
    }
    assert listed["DigestMethod"] == [names.SHA256, names.SHA384, names.SHA512]
    assert names.RSA_SHA256 in listed["SigningMethod"]
    assert not any(uri.endswith("sha1") for uris in listed.values() for uri in uris)


def test_python3_saml_reads_the_idp_metadata(our_metadata, idp):
    metadata = OneLogin_Saml2_IdPMetadataParser.parse(our_metadata.decode())["idp"]
    assert metadata["entityId"] == IDP
    assert metadata["singleSignOnService"]["url"] == SSO_URL
    assert metadata["x509certMulti"]["signing"][0] == certificate_b64(idp.certificate)


def test_metadata_without_a_logout_url_has_no_logout_service(idp, metadata_schema):
    xml = build_idp_metadata(
        entity_id="urn:amazon:idp",
        sso_url=SSO_URL,
        slo_url=None,
        certificates=[idp.certificate],
        name_id_formats=[],
    )
    metadata_schema.assertValid(etree.fromstring(xml))
    assert b"SingleLogoutService" not in xml
    with pytest.raises(ValueError, match="certificate"):
        build_idp_metadata(
            entity_id=IDP, sso_url=SSO_URL, slo_url=None, certificates=[], name_id_formats=[]
        )


def test_signed_metadata_is_valid_and_verifies(idp, our_metadata, metadata_schema):
    root = etree.fromstring(our_metadata)
    root.set("ID", "_m1")
    sign_element(root, idp.key, after="")
    signed = etree.fromstring(etree.tostring(root))
    metadata_schema.assertValid(signed)
    assert verify_enveloped(signed, [idp.certificate]) == idp.certificate


def test_metadata_of_python3_saml_is_read(read, sp):
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": SP,
                "assertionConsumerService": {"url": "https://sp.example.org/acs"},
                "singleLogoutService": {"url": "https://sp.example.org/slo"},
                "NameIDFormat": names.NAMEID_PERSISTENT,
                "x509cert": sp.certificate,
                "privateKey": sp.private_pem.decode(),
            },
            "idp": {
                "entityId": IDP,
                "singleSignOnService": {"url": SSO_URL},
                "x509cert": sp.certificate,
            },
            "security": {"authnRequestsSigned": True, "wantAssertionsSigned": True},
        }
    )
    metadata = read(settings.get_sp_metadata().decode())
    assert metadata.entity_id == SP
    assert metadata.acs_urls == ("https://sp.example.org/acs",)
    assert metadata.slo_urls[0][1:] == ("https://sp.example.org/slo", "https://sp.example.org/slo")
    assert metadata.name_id_formats == (names.NAMEID_PERSISTENT,)
    assert metadata.authn_requests_signed
    assert metadata.want_assertions_signed
    assert [x509.load_pem_x509_certificate(p.encode()) for p in metadata.signing_certificates] == [
        x509.load_pem_x509_certificate(sp.certificate.encode())
    ]


def test_complete_metadata_is_read(read, idp, sp):
    metadata = read(
        entity(
            '<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">'
            '<mdui:DisplayName xml:lang="de">Laden</mdui:DisplayName>'
            '<mdui:DisplayName xml:lang="en">Shop</mdui:DisplayName></mdui:UIInfo></md:Extensions>',
            key_descriptor(certificate_b64(idp.certificate), "signing"),
            key_descriptor("\n  ".join(sp.certificate.splitlines()[1:-1]), "encryption"),
            f'<md:SingleLogoutService Binding="{names.BINDING_REDIRECT}" Location="https://a/slo"'
            ' ResponseLocation="https://a/done"/>',
            f'<md:SingleLogoutService Binding="{names.BINDING_SOAP}" Location="https://a/soap"/>',
            f'<md:AssertionConsumerService Binding="{names.BINDING_ARTIFACT}" index="1"'
            ' Location="https://a/artifact" isDefault="true"/>',
            f'<md:AssertionConsumerService Binding="{names.BINDING_POST}" index="2"'
            ' Location="https://a/two" isDefault="false"/>',
            f'<md:AssertionConsumerService Binding="{names.BINDING_POST}" index="3"'
            ' Location="http://localhost:8080/three?x=1"/>',
            f'<md:AssertionConsumerService Binding="{names.BINDING_POST}" index="4"'
            ' Location="https://a/four" isDefault="true"/>',
            '<md:AttributeConsumingService index="1"><md:ServiceName xml:lang="en">S'
            '</md:ServiceName><md:RequestedAttribute Name="mail" isRequired="true"/>'
            '<md:RequestedAttribute Name="n" FriendlyName="f"/></md:AttributeConsumingService>',
        )
    )
    assert metadata.acs_urls == (
        "https://a/four",
        "http://localhost:8080/three?x=1",
        "https://a/two",
    )
    assert dict(metadata.acs_indexes)[3] == "http://localhost:8080/three?x=1"
    assert metadata.slo_urls == ((names.BINDING_REDIRECT, "https://a/slo", "https://a/done"),)
    assert [certificate_b64(p) for p in metadata.signing_certificates] == [
        certificate_b64(idp.certificate)
    ]
    assert [certificate_b64(p) for p in metadata.encryption_certificates] == [
        certificate_b64(sp.certificate)
    ]
    assert metadata.requested_attributes == (
        RequestedAttribute("mail", required=True),
        RequestedAttribute("n", friendly_name="f"),
    )
    assert metadata.display_name == "Shop"


@pytest.mark.parametrize("entity_id", ["urn:amazon:webservices", "Dropbox", "http://localhost:1"])
def test_entity_id_can_be_any_text(entity_id, read):
    assert read(entity(GOOD_ACS, entityID=entity_id)).entity_id == entity_id


def test_md_08_key_without_use_is_for_signing_and_encryption(read, sp):
    metadata = read(entity(key_descriptor(certificate_b64(sp.certificate)), GOOD_ACS))
    assert metadata.signing_certificates == metadata.encryption_certificates
    assert len(metadata.signing_certificates) == 1


def test_ec_certificate_is_accepted_for_signing(read):
    pair = make_pair(ec.generate_private_key(ec.SECP256R1()))
    metadata = read(entity(key_descriptor(certificate_b64(pair.certificate), "signing"), GOOD_ACS))
    assert len(metadata.signing_certificates) == 1


def test_md_01_metadata_with_a_dtd_is_refused(now):
    doctype = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    assert refused(doctype + entity(GOOD_ACS), now) == "xml-dtd"
    assert refused((doctype + entity(GOOD_ACS)).encode("utf-16"), now) == "xml-dtd"


def test_md_04_expired_metadata_is_refused(now):
    past, future = instant(now - 1), instant(now + 3600)
    assert refused(entity(GOOD_ACS, validUntil=past), now) == "metadata-expired"
    role = entity(GOOD_ACS).replace(
        "<md:SPSSODescriptor ", f'<md:SPSSODescriptor validUntil="{past}" '
    )
    assert refused(role, now) == "metadata-expired"
    (metadata,) = parse_sp_metadata(entity(GOOD_ACS, validUntil=future).encode(), now=now).providers
    assert metadata.valid_until == now + 3600


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "/acs",
        "//sp.example.org/acs",
        "https://",
        "ftp://sp.example.org/acs",
        "http://sp.example.org/acs",
        "http://127.0.0.1.example.org/acs",
        "https://sp.example.org\\@evil.example/",
        "https://sp.example.org/a b",
        "https://:443/acs",
        "https://sp.example.org/" + "x" * 2048,
    ],
)
def test_ar_04_and_md_04_unsafe_acs_url_is_refused(url, now):
    assert refused(entity(ACS % url), now) == "metadata-no-acs"


def test_md_04_files_without_sp_metadata_are_refused(now, our_metadata):
    artifact = GOOD_ACS.replace("HTTP-POST", "HTTP-Artifact")
    assert refused(entity(artifact), now) == "metadata-no-acs"
    assert refused(entity(), now) == "metadata-no-acs"
    assert refused(entity(GOOD_ACS, entityID="x" * 2000), now) == "metadata-entity-id"
    assert refused(entity(GOOD_ACS, entityID=" "), now) == "metadata-entity-id"
    assert refused("<html><body>Sign in</body></html>", now) == "metadata-not-xml"
    assert refused("<samlp:Response/>", now) == "xml-malformed"
    assert refused(b"", now) == "metadata-empty"
    saml1 = entity(GOOD_ACS).replace(names.PROTOCOL, "urn:oasis:names:tc:SAML:1.1:protocol")
    assert refused(saml1, now) == "metadata-no-sp"
    with pytest.raises(MessageRefused, match="identity provider"):
        parse_sp_metadata(our_metadata, now=now)


@pytest.mark.parametrize("certificate", ["", "AAAA", "not base64!", b64encode(b"x" * 99).decode()])
def test_md_04_unreadable_certificate_is_not_used(certificate, read):
    metadata = read(entity(key_descriptor(certificate), GOOD_ACS))
    assert metadata.signing_certificates == ()
    assert len(metadata.unused) == 1


def test_rs_12_short_rsa_key_is_not_used(read):
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  on purpose
    metadata = read(entity(key_descriptor(certificate_b64(make_certificate(key))), GOOD_ACS))
    assert metadata.signing_certificates == ()
    assert "RSA 1024 bits" in metadata.unused[0].what


def test_list_of_entities_returns_the_usable_service_providers(now):
    bad = entity(ACS % "javascript:x", entityID="https://bad.example")
    good = entity(GOOD_ACS), entity(GOOD_ACS, entityID="https://two.example")
    wrapper = f'<md:EntitiesDescriptor xmlns:md="{names.NS_MD}"%s>%s</md:EntitiesDescriptor>'
    xml = wrapper % ("", bad + "".join(good))
    metadata = parse_sp_metadata(xml.encode(), now=now)
    assert [one.entity_id for one in metadata.unusable] == ["https://bad.example"]
    assert [m.entity_id for m in metadata.providers] == [SP, "https://two.example"]
    assert refused(wrapper % ("", bad), now) == "metadata-no-acs"
    expired = f' validUntil="{instant(now - 1)}"'
    assert refused(wrapper % (expired, good[0]), now) == "metadata-expired"


def test_md_03_file_that_is_too_large_is_refused(now):
    assert refused(b"<a>" + os.urandom(3_000_000).hex().encode(), now) == "xml-too-large"
