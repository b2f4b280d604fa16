"""Overrides of SAML settings that an admin sets."""

from dataclasses import replace

import pytest
from ssoko.errors import Conflict, InputError
from ssoko.plugin import NameIdFormat
from ssoko.plugin.host.registry import Registry
from ssoko.saml import names
from ssoko.saml.xml import parse_instant
from ssoko.services.applications import change as applications_change
from ssoko.services.applications import mappers as applications_mappers
from ssoko.services.applications import views
from ssoko.services.issuers import issuers
from ssoko.store.models.applications import Application

ACS = "https://app.example.com/saml/acs"


def change(site, app, **more):
    return applications_change.update_application(site.scope, app.id, **more)


def by_hand(site, app, **fields):
    return change(site, app, service_provider=fields)


def test_lifetimes_are_honoured(site, saml):
    app = by_hand(site, site.install(), lifetime=900)
    root = saml.decoded(site.begin(app, site.sign_in()))
    now = parse_instant(root.get("IssueInstant"))
    (end,) = saml.find(root, "//saml:Conditions/@NotOnOrAfter")
    assert parse_instant(end) == now + 900
    assert saml.find(root, "//@SessionNotOnOrAfter") == []
    app = by_hand(site, app, session_lifetime="3600")
    root = saml.decoded(site.begin(app, site.sign_in()))
    (end,) = saml.find(root, "//saml:AuthnStatement/@SessionNotOnOrAfter")
    assert parse_instant(end) == parse_instant(root.get("IssueInstant")) + 3600


@pytest.mark.parametrize(
    ("word", "uri"),
    [
        ("persistent", names.NAMEID_PERSISTENT),
        ("emailAddress", names.NAMEID_EMAIL),
        ("urn:example:staff", "urn:example:staff"),
    ],
)
def test_name_id_format_is_in_responses_and_first_in_the_metadata(site, saml, word, uri):
    app = by_hand(site, site.install(), name_id_format=word)
    (name_id,) = saml.find(saml.decoded(site.begin(app, site.sign_in())), "//saml:NameID")
    assert name_id.get("Format") == uri
    xml, _ = issuers.issuer_metadata(site.services, app.issuer.id)
    assert f"NameIDFormat>{uri}<".encode() in xml


def test_name_id_source_can_have_transformations(site, saml):
    app = by_hand(site, site.install(), name_id_source="user.email|before-at|prefix:acme\\|upper")
    (name_id,) = saml.find(saml.decoded(site.begin(app, site.sign_in())), "//saml:NameID")
    assert name_id.text == "ACME\\AMINA"


def test_override_is_kept_when_the_plugin_proposes_again(site):
    app = by_hand(site, site.install(), lifetime=900, acs_urls=[ACS, "https://b.example/acs"])
    assert app.overrides == {"lifetime": 900, "acs_urls": ["https://b.example/acs"]}
    app = change(site, app, settings={"acs_urls": ["https://new.example/acs"], "relay_state": "x"})
    sp = app.service_provider
    assert (sp.lifetime, sp.relay_state) == (900, "x")
    assert sp.acs_urls == ("https://new.example/acs", "https://b.example/acs")
    assert app.proposed.lifetime == 300


def test_null_goes_back_to_the_proposal(site):
    app = by_hand(site, site.install(), lifetime=900, relay_state="here")
    app = by_hand(site, app, lifetime=None)
    assert app.overrides == {"relay_state": "here"}
    assert app.service_provider.lifetime == 300


def test_value_equal_to_the_proposal_is_not_an_override(site):
    app = by_hand(site, site.install(), lifetime=900)
    app = by_hand(site, app, lifetime=300, sign_response=True)
    assert app.overrides == {}


def test_override_can_be_set_and_reset_without_the_plugin(site, saml):
    app = site.install()
    site.services = replace(site.services, registry=Registry())
    app = by_hand(site, app, sign_response=False)
    assert (app.plugin, app.service_provider.sign_response) == ("missing", False)
    root = saml.decoded(site.begin(app, site.sign_in()))
    assert len(saml.find(root, "//*[local-name() = 'Signature']")) == 1
    app = by_hand(site, app, sign_response=None)
    assert app.service_provider == app.proposed


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_written(site):
    app = site.install()
    with pytest.raises(InputError) as error:
        by_hand(
            site,
            app,
            lifetime=30,
            session_lifetime="soon",
            name_id_source="user.groups",
            name_id_format="word",
            encryption_method="des",
            sign_response=False,
            sign_assertion=False,
            require_signed_requests=True,
            certificates=["text"],
            acs_urls=["https://else.example/acs"],
            entity_id="urn:other",
            nonsense=1,
            slo_url="ftp://x",
        )
    assert {name.removeprefix("service_provider.") for name in error.value.errors} >= {
        "lifetime",
        "session_lifetime",
        "name_id_source",
        "name_id_format",
        "encryption_method",
        "sign_assertion",
        "require_signed_requests",
        "certificates.0",
        "acs_urls",
        "entity_id",
        "nonsense",
        "slo_url",
    }
    assert Application.get_by_id(app.id).overrides == {}
    assert not site.events(action="application.changed")


@pytest.mark.parametrize("lifetime", [59, 3601, True, "1e3", -1, [], "9" * 5000])
def test_lifetime_is_a_number_from_60_to_3600(site, lifetime):
    app = site.install()
    with pytest.raises(InputError) as error:
        by_hand(site, app, lifetime=lifetime)
    assert list(error.value.errors) == ["service_provider.lifetime"]


def test_settings_that_do_not_go_with_what_was_set_by_hand_are_refused(site):
    app = by_hand(site, site.install(), sign_response=False)
    with pytest.raises(InputError) as error:
        change(site, app, settings={"sign_assertion": False})
    assert list(error.value.errors) == ["service_provider.sign_assertion"]


def test_event_names_the_changed_fields(site):
    app = by_hand(site, site.install(), lifetime=900)
    assert site.events(action="application.changed")[0].detail == {"changed": ["lifetime"]}
    by_hand(site, app, lifetime=900)
    assert len(site.events(action="application.changed")) == 1


def test_values_of_get_can_be_sent_back_unchanged(site):
    app = site.install()
    recorded = Application.get_by_id(app.id).service_provider
    assert by_hand(site, app, **recorded).overrides == {}


@pytest.mark.parametrize(
    ("method", "uri"),
    [("aes128-gcm", names.AES128_GCM), ("aes256-cbc", names.AES256_CBC)],
)
def test_encryption_method_is_the_recorded_one_and_cbc_is_warned_of(
    site, saml, sp_key, method, uri
):
    app = by_hand(
        site,
        site.install(),
        encrypt_assertions=True,
        encryption_method=method,
        encryption_certificates=[sp_key.certificate],
    )
    assert any("CBC" in one.message for one in app.warnings) == method.endswith("cbc")
    answer = site.begin(app, site.sign_in(), ID="_r")
    root = saml.decoded(answer)
    data = "//*[local-name() = 'EncryptedData']/*[local-name() = 'EncryptionMethod']/@Algorithm"
    assert saml.find(root, data) == [uri]
    opened = saml.accept(
        app,
        answer,
        request_id="_r",
        private_key=sp_key.private_pem.decode(),
        certificate=sp_key.certificate,
    )
    assert opened.get_nameid() == "amina@acme.test"


def test_change_of_an_outdated_version_is_refused(site):
    app = site.install()
    change(site, app, name="Renamed")
    with pytest.raises(Conflict, match="Someone else changed"):
        applications_mappers.set_mappers(
            site.scope,
            app.id,
            [{"name": "a", "source": "user.id"}],
            seen=app.updated_at,
        )
    assert Application.get_by_id(app.id).mappers != [{"name": "a", "source": "user.id"}]
    assert not site.events(action="mappers.changed")


# Mappings


def set_mappers(site, app, *mappers):
    return applications_mappers.set_mappers(site.scope, app.id, list(mappers))


def test_mappings_go_back_to_the_proposal(site):
    app = site.install(attributes=[{"name": "mail", "source": "user.email"}])
    assert not app.mappers_edited
    set_mappers(site, app, {"name": "x", "source": "user.id"})
    view = views.get_application(site.scope, app.id)
    assert view.mappers_edited
    back = applications_mappers.reset_mappers(site.scope, app.id)
    assert [one.name for one in back] == ["mail"]
    view = views.get_application(site.scope, app.id)
    assert not view.mappers_edited


def test_mappers_with_one_name_have_one_format(site):
    app = site.install()
    with pytest.raises(InputError) as error:
        set_mappers(
            site,
            app,
            {"name": "a", "source": "user.id", "name_format": "basic"},
            {"name": "a", "source": "user.email", "name_format": "uri"},
        )
    assert list(error.value.errors) == ["mappers.1.name_format"]


def test_attribute_of_the_plugin_is_merged_with_a_mapper_of_the_same_name(make_site, saml):
    from ssoko.plugin import SamlAttribute

    from ..sso.saml.test_assertion import federation

    more = (SamlAttribute(name="team", values=("b",), name_format="uri"),)
    site, app, _ = federation(make_site, more)
    set_mappers(site, app, {"name": "team", "source": "constant:a", "name_format": "basic"})
    root = saml.decoded(site.begin(app, site.sign_in()))
    assert len(saml.find(root, "//saml:Attribute")) == 1
    assert saml.find(root, "//saml:AttributeValue/text()") == ["a", "b"]


def test_persistent_format_never_uses_the_source(site, saml):
    app = by_hand(site, site.install(), name_id_format=NameIdFormat.PERSISTENT.value)
    (name_id,) = saml.find(saml.decoded(site.begin(app, site.sign_in())), "//saml:NameID")
    assert "amina" not in name_id.text
