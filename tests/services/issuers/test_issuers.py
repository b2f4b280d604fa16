"""Issuers and their metadata."""

import pytest
from lxml import etree
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from ssoko.errors import InputError, NotFound
from ssoko.plugin import NameIdFormat
from ssoko.saml.verify import verify_enveloped
from ssoko.saml.xml import parse_instant, parse_xml
from ssoko.services.applications import change, install
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.issuers import issuers
from ssoko.services.issuers.metadata_key import metadata_certificate
from ssoko.store.models.issuers import MetadataKey

from ..conftest import custom


def test_shared_issuer_is_created_with_a_key_and_an_event(site):
    view = issuers.create_issuer(site.scope, name=" Shared ")
    assert (view.name, view.shared, view.application_count) == ("Shared", True, 0)
    assert view.entity_id == f"https://sso.example/saml/{view.id}/metadata"
    assert view.login_endpoint == f"https://sso.example/saml/{view.id}/login"
    assert view.logout_endpoint == f"https://sso.example/saml/{view.id}/logout"
    assert view.key_description == "RSA 2048, SHA-256"
    assert view.certificate_file_name == "shared-certificate.pem"
    assert view == issuers.get_issuer(site.scope, view.id)
    assert site.events(action="issuer.created", target_id=view.id)


def test_an_issuer_takes_over_the_entity_id_of_another_identity_provider(site, saml):
    former = "https://old-idp.example/saml"
    view = issuers.create_issuer(site.scope, name="Moved", entity_id=f" {former} ")
    assert view.entity_id == former
    assert view.metadata_url == f"https://sso.example/saml/{view.id}/metadata"
    xml, _ = issuers.issuer_metadata(site.services, view.id)
    assert etree.fromstring(xml).get("entityID") == former
    app = install.install(
        site.scope,
        integration="custom-saml",
        name="App",
        settings=custom(),
        issuer_id=view.id,
    )
    site.give(app)
    answer = site.begin(app, site.sign_in(), ID="_r")
    saml.accept(app, answer, request_id="_r")
    assert {e.text for e in saml.decoded(answer).iter("{*}Issuer")} == {former}
    declined = site.begin(app, None, inner='<samlp:NameIDPolicy Format="urn:x"/>')
    assert {e.text for e in saml.decoded(declined).iter("{*}Issuer")} == {former}


@pytest.mark.parametrize(
    "entity_id", ["x" * 2000, "with\0nul", "https://sso.example/saml/abc/metadata"]
)
def test_an_entity_id_that_cannot_be_used_is_refused(site, entity_id):
    with pytest.raises(InputError) as error:
        issuers.create_issuer(site.scope, name="Shared", entity_id=entity_id)
    assert set(error.value.errors) == {"entity_id"}


def test_two_issuers_of_a_workspace_cannot_have_one_entity_id(site):
    issuers.create_issuer(site.scope, name="One", entity_id="urn:old")
    with pytest.raises(InputError, match="One"):
        issuers.create_issuer(site.scope, name="Two", entity_id="urn:old")


@pytest.mark.parametrize("name", ["", "   ", "x" * 200, "with\0nul", "bell\a"])
def test_name_with_control_characters_is_refused(site, name):
    with pytest.raises(InputError) as error:
        issuers.create_issuer(site.scope, name=name)
    assert set(error.value.errors) == {"name"}


def test_issuer_of_another_workspace_is_not_found(site):
    view = issuers.create_issuer(site.scope, name="Shared")
    with pytest.raises(NotFound):
        issuers.get_issuer(Scope(site.services, "elsewhere", SYSTEM), view.id)


def test_issuers_are_listed_in_pages(site):
    site.install("Own")
    for name in ("B", "A", "C"):
        issuers.create_issuer(site.scope, name=name)
    page = issuers.list_issuers(site.scope, shared=True, limit=2)
    assert [view.name for view in page.items] == ["A", "B"]
    rest = issuers.list_issuers(site.scope, shared=True, limit=2, cursor=page.next)
    assert [view.name for view in rest.items] == ["C"]
    assert rest.next is None
    everything = issuers.list_issuers(site.scope)
    assert [view.name for view in everything.items] == ["A", "B", "C", "Own"]


def test_metadata_has_the_values_for_a_service_provider(site):
    app = site.install(name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    xml, etag = issuers.issuer_metadata(site.services, app.issuer.id)
    idp = OneLogin_Saml2_IdPMetadataParser.parse(xml)
    assert idp["idp"]["entityId"] == app.issuer.entity_id
    assert idp["idp"]["singleSignOnService"]["url"] == app.issuer.login_endpoint
    body = "".join(app.issuer.certificate.splitlines()[1:-1])
    assert idp["idp"]["x509cert"] == body
    assert idp["sp"]["NameIDFormat"] == app.service_provider.name_id_format
    assert b"PRIVATE" not in xml
    assert issuers.issuer_metadata(site.services, app.issuer.id) == (xml, etag)


def test_metadata_states_whether_requests_must_be_signed(site, sp_key):
    app = site.install(certificates=[sp_key.certificate], require_signed_requests=True)
    xml, etag = issuers.issuer_metadata(site.services, app.issuer.id)
    assert b'WantAuthnRequestsSigned="true"' in xml
    change.update_application(
        site.scope,
        app.id,
        settings={"require_signed_requests": False},
    )
    changed, other = issuers.issuer_metadata(site.services, app.issuer.id)
    # Absent means false; python3-saml stops signing when it reads "false".
    assert b"WantAuthnRequestsSigned" not in changed
    assert other != etag


def test_first_format_of_a_shared_issuer_suits_all_its_applications(site):
    shared = issuers.create_issuer(site.scope, name="Shared")

    def formats():
        metadata = etree.fromstring(issuers.issuer_metadata(site.services, shared.id)[0])
        return [e.text for e in metadata.iter("{*}NameIDFormat")]

    for name, word, expected in (
        ("One", NameIdFormat.EMAIL, [NameIdFormat.EMAIL]),
        ("Two", NameIdFormat.EMAIL, [NameIdFormat.EMAIL]),
        (
            "Three",
            NameIdFormat.PERSISTENT,
            [NameIdFormat.UNSPECIFIED, NameIdFormat.EMAIL, NameIdFormat.PERSISTENT],
        ),
    ):
        settings = custom(entity_id=f"urn:{name}", name_id_format=word.value)
        install.install(
            site.scope,
            integration="custom-saml",
            name=name,
            settings=settings,
            issuer_id=shared.id,
        )
        assert formats() == expected


def test_signed_metadata_have_a_signature_and_an_end(site, metadata_schema):
    app = site.install()
    xml, etag = issuers.issuer_metadata(site.services, app.issuer.id, signed=True)
    root = parse_xml(xml)
    assert metadata_schema.validate(root), metadata_schema.error_log
    certificate = metadata_certificate(site.services, app.issuer.id)
    assert verify_enveloped(root, [certificate]) == certificate
    end = parse_instant(root.get("validUntil"))
    assert 13 * 86_400 < end - site.clock() <= 14 * 86_400
    # Never the key that signs responses.
    assert certificate not in app.issuer.certificates
    assert issuers.issuer_metadata(site.services, app.issuer.id, signed=True) == (xml, etag)
    plain = parse_xml(issuers.issuer_metadata(site.services, app.issuer.id)[0])
    assert plain.get("validUntil") is plain.get("ID") is None


def test_a_workspace_has_one_key_for_its_metadata(site):
    first, second = site.install("One"), site.install("Two", entity_id="urn:two")
    certificates = {metadata_certificate(site.services, app.issuer.id) for app in (first, second)}
    assert len(certificates) == MetadataKey.select().count() == 1
    with pytest.raises(NotFound):
        metadata_certificate(site.services, "nobody")
    with pytest.raises(NotFound):
        issuers.issuer_metadata(site.services, "nobody", signed=True)


def test_disabled_application_has_metadata(site):
    app = site.install()
    before = issuers.issuer_metadata(site.services, app.issuer.id)
    change.update_application(site.scope, app.id, enabled=False)
    assert issuers.issuer_metadata(site.services, app.issuer.id) == before


def test_unknown_issuer_has_no_metadata(site):
    with pytest.raises(NotFound):
        issuers.issuer_metadata(site.services, "nobody")
