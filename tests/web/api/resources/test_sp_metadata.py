"""SP metadata over the API: read them, install from them."""

import types
from dataclasses import replace

import pytest
import ssoko_aws
import ssoko_custom_saml
from flask import Flask
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.saml import names

from ..conftest import Api, wiki_plugin

ENTITY = "https://app.example.com/saml/metadata"
ACS = "https://app.example.com/saml/acs"
PORTAL = "https://d-9967a1b2c3.awsapps.com/start"
AWS_ACS = "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-aaaa"
AWS_ISSUER = "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3"


def sp(entity_id: str = ENTITY, acs: str = ACS, around: str = "") -> str:
    return (
        f'<md:EntityDescriptor xmlns:md="{names.NS_MD}" entityID="{entity_id}"{around}>'
        '<md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true"'
        f' protocolSupportEnumeration="{names.PROTOCOL}">'
        f'<md:SingleLogoutService Binding="{names.BINDING_REDIRECT}" Location="{acs}/slo"/>'
        f"<md:NameIDFormat>{names.NAMEID_PERSISTENT}</md:NameIDFormat>"
        f'<md:AssertionConsumerService Binding="{names.BINDING_POST}" index="3"'
        f' Location="{acs}"/>'
        '<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">App'
        '</md:ServiceName><md:RequestedAttribute Name="mail" isRequired="true"/>'
        "</md:AttributeConsumingService></md:SPSSODescriptor></md:EntityDescriptor>"
    )


def several(*entities: str) -> str:
    inner = "".join(entities)
    return f'<md:EntitiesDescriptor xmlns:md="{names.NS_MD}">{inner}</md:EntitiesDescriptor>'


@pytest.fixture
def api(app: Flask, api: Api) -> Api:
    modules: dict[str, types.ModuleType] = {
        "aws": ssoko_aws,
        "custom-saml": ssoko_custom_saml,
        "wiki": wiki_plugin(),
    }
    sources = [PluginSource(slug, lambda m=m: m) for slug, m in modules.items()]
    app.extensions["ssoko"] = replace(app.extensions["ssoko"], registry=Registry.load(sources))
    return api


def errors(answer) -> dict[str, list[str]]:
    assert answer.status_code == 422, answer.text
    return answer.json["errors"]


def test_metadata_are_read_into_profiles(api):
    answer = api(
        "POST", "/applications/metadata", {"xml": sp(around=' validUntil="2090-01-01T00:00:00Z"')}
    )
    assert answer.status_code == 200
    (profile,) = answer.json["items"]
    assert profile == {
        "entity_id": ENTITY,
        "display_name": "App",
        "acs_urls": [ACS],
        "acs_indexes": [{"index": 3, "url": ACS}],
        "slo": [{"binding": "redirect", "url": f"{ACS}/slo", "response_url": f"{ACS}/slo"}],
        "certificates": {"signing": [], "encryption": []},
        "encryption_methods": [],
        "name_id_formats": [names.NAMEID_PERSISTENT],
        "want_assertions_signed": True,
        "authn_requests_signed": False,
        "requested_attributes": [
            {"name": "mail", "name_format": "", "friendly_name": "", "required": True}
        ],
        "valid_until": "2090-01-01T00:00:00Z",
        "warnings": [
            "The service provider requires mail of each user. Check the sources of these "
            "attributes."
        ],
        "unused": [],
    }


def test_reading_writes_nothing_and_needs_an_admin_token(api, make_api):
    api("POST", "/applications/metadata", {"xml": several(sp(), sp("urn:two"))})
    assert api.items("/applications") == []
    reader = make_api(scope="read")
    assert reader("POST", "/applications/metadata", {"xml": sp()}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"xml": "<a/>", "url": "https://example.com/"}, "url"),
        ({"xml": ""}, "xml"),
        ({"xml": "<!DOCTYPE a>" + sp()}, "xml"),
        ({"xml": sp(acs="javascript:x")}, "xml"),
        ({"url": ""}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"xml": sp(), "more": 1}, "more"),
    ],
)
def test_md_01_to_04_what_cannot_be_read_is_named(api, body, field):
    assert list(errors(api("POST", "/applications/metadata", body))) == [field]


def test_metadata_stand_for_the_settings(api):
    made = api.create("/applications", integration="custom-saml", name="App", sp_metadata=sp())
    settings = made["settings"]
    assert settings["entity_id"] == ENTITY
    assert settings["acs_urls"] == [ACS]
    assert settings["acs_indexes"] == [f"3 {ACS}"]
    assert settings["name_id_format"] == names.NAMEID_PERSISTENT
    assert settings["attributes"] == [
        {"name": "mail", "name_format": "unspecified", "source": "user.email"}
    ]


def test_settings_that_are_given_win(api):
    made = api.create(
        "/applications",
        integration="custom-saml",
        name="App",
        sp_metadata=sp(),
        settings={"name_id_format": "emailAddress", "attributes": [], "sign_response": False},
    )
    settings = made["settings"]
    assert settings["entity_id"] == ENTITY
    assert settings["name_id_format"].endswith("emailAddress")
    assert settings["attributes"] == []
    assert settings["sign_response"] is False


def test_aws_takes_metadata_beside_its_sign_in_url(api):
    body = {"integration": "aws", "name": "AWS", "sp_metadata": sp(AWS_ISSUER, AWS_ACS)}
    assert list(errors(api("POST", "/applications", body))) == ["sign_in_url"]
    made = api.create("/applications", **body, settings={"sign_in_url": PORTAL})
    assert made["settings"] == {
        "sign_in_url": PORTAL,
        "acs_url": AWS_ACS,
        "issuer_url": AWS_ISSUER,
    }


def test_one_of_several_is_chosen_by_entity_id(api):
    body = {
        "integration": "custom-saml",
        "name": "App",
        "sp_metadata": several(sp(), sp("urn:two", ACS + "/two")),
    }
    said = errors(api("POST", "/applications", body))
    assert list(said) == ["sp_entity_id"]
    assert ENTITY in said["sp_entity_id"][0]
    assert "urn:two" in said["sp_entity_id"][0]
    assert errors(api("POST", "/applications", {**body, "sp_entity_id": "urn:three"}))
    made = api.create("/applications", **body, sp_entity_id="urn:two")
    assert made["settings"]["acs_urls"] == [ACS + "/two"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"integration": "wiki", "sp_metadata": sp()}, "sp_metadata"),
        ({"integration": "nothing", "sp_metadata": sp()}, "integration"),
        ({"sp_metadata": "<a/>"}, "sp_metadata"),
        ({"sp_metadata": sp(around=' validUntil="2001-01-01T00:00:00Z"')}, "sp_metadata"),
        ({"sp_entity_id": ENTITY}, "sp_entity_id"),
    ],
)
def test_metadata_that_cannot_be_used_install_nothing(api, more, field):
    body = {"integration": "custom-saml", "name": "App", **more}
    assert list(errors(api("POST", "/applications", body))) == [field]
    assert api.items("/applications") == []


def test_an_application_called_metadata_can_still_be_read(api):
    api.create("/applications", integration="custom-saml", name="metadata", sp_metadata=sp())
    assert api("GET", "/applications/metadata").json["slug"] == "metadata"


def test_metadata_refresh_an_application(api):
    made = api.create("/applications", integration="custom-saml", name="App", sp_metadata=sp())
    path = f"/applications/{made['id']}"
    answer = api("PATCH", path, {"sp_metadata": sp(acs=f"{ACS}/new"), "name": "Renamed"})
    assert answer.status_code == 200, answer.text
    assert answer.json["settings"]["acs_urls"] == [f"{ACS}/new"]
    assert answer.json["name"] == "Renamed"
    again = api("PATCH", path, {"sp_metadata": sp(acs=f"{ACS}/new")})
    assert again.status_code == 200
    assert again.json["settings"] == answer.json["settings"]


@pytest.mark.parametrize(
    "body",
    [
        {"sp_metadata": "<a/>"},
        {"sp_metadata": sp("urn:another")},
        {"sp_metadata": sp(acs=f"{ACS}/new"), "service_provider": {"lifetime": 1}},
    ],
)
def test_a_refresh_with_an_error_changes_nothing(api, body):
    made = api.create("/applications", integration="custom-saml", name="App", sp_metadata=sp())
    path = f"/applications/{made['id']}"
    assert errors(api("PATCH", path, body))
    assert api("GET", path).json["settings"]["acs_urls"] == [ACS]


def test_what_is_not_used_is_reported_with_the_installed_application(api):
    xml = sp().replace("</md:SPSSODescriptor>", "<md:ManageNameIDService/></md:SPSSODescriptor>")
    made = api.create("/applications", integration="custom-saml", name="App", sp_metadata=xml)
    messages = {w["message"] for w in made["warnings"] if w["field"] == "sp_metadata"}
    assert any("ManageNameIDService" in text for text in messages)
    (unused,) = made["sp_metadata"]["unused"]
    assert unused == {
        "what": "ManageNameIDService",
        "why": "Ssoko does not change NameIDs after a sign-in",
    }
    assert api("GET", f"/applications/{made['id']}").json["sp_metadata"] == made["sp_metadata"]


def test_unusable_entities_are_listed_with_their_reason(api):
    plain = sp("urn:plain", "http://plain.example/acs")
    answer = api("POST", "/applications/metadata", {"xml": several(sp(), plain)})
    (unusable,) = answer.json["unusable"]
    assert unusable["entity_id"] == "urn:plain"
    assert "Use https" in unusable["reason"]


def test_nothing_is_installed_from_a_list_before_somebody_chose(api):
    plain = sp("urn:plain", "http://plain.example/acs")
    body = {"integration": "custom-saml", "name": "App", "sp_metadata": several(sp(), plain)}
    assert ENTITY in errors(api("POST", "/applications", body))["sp_entity_id"][0]
    refused = errors(api("POST", "/applications", {**body, "sp_entity_id": "urn:plain"}))
    assert "Use https" in refused["sp_entity_id"][0]
    assert api.items("/applications") == []
    made = api.create("/applications", **body, sp_entity_id=ENTITY)
    assert made["settings"]["entity_id"] == ENTITY


def test_expired_metadata_is_used_only_on_request(api):
    expired = sp(around=' validUntil="2001-01-01T00:00:00Z"')
    body = {"integration": "custom-saml", "name": "App", "sp_metadata": expired}
    assert "accept_expired" in errors(api("POST", "/applications", body))["sp_metadata"][0]
    made = api.create("/applications", **body, accept_expired=True)
    assert "expired on 01 Jan 2001" in made["sp_metadata"]["warnings"][0]
    change = {"sp_metadata": expired}
    path = f"/applications/{made['id']}"
    assert list(errors(api("PATCH", path, change))) == ["sp_metadata"]
    assert api("PATCH", path, {**change, "accept_expired": True}).status_code == 200


def test_what_was_removed_from_pasted_values_is_reported(api):
    made = api.create(
        "/applications",
        integration="custom-saml",
        name="App",
        settings={"entity_id": f'"{ENTITY}"', "acs_urls": [f"{ACS}\u200b"]},
    )
    assert made["settings"]["entity_id"] == ENTITY
    assert made["settings"]["acs_urls"] == [ACS]
    cleaned = {w["field"]: w["message"] for w in made["warnings"]}
    assert cleaned == {
        "entity_id": "Removed quotes",
        "acs_urls": "Removed zero width space (U+200B)",
    }
    changed = api(
        "PATCH", f"/applications/{made['id']}", {"settings": {"entity_id": f"Entity ID: {ENTITY}"}}
    )
    assert {"field": "entity_id", "message": "Removed the label Entity ID"} in changed.json[
        "warnings"
    ]
