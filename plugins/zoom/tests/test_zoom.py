import pytest
import ssoko_zoom
from marshmallow import ValidationError
from ssoko.plugin import NameIdFormat, VendorMetadata
from ssoko.plugin.testing import LoadedPlugin, assert_integration

PLUGIN, SLUG = ssoko_zoom, "zoom"
GOOD = {"vanity_url": "acme.zoom.us"}


@pytest.fixture(scope="module")
def zoom() -> LoadedPlugin:
    return assert_integration(ssoko_zoom, GOOD)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("acme", "acme.zoom.us"),
        ("ACME.zoom.us", "acme.zoom.us"),
        (" https://acme.zoom.us/signin ", "acme.zoom.us"),
        ("https://acme.zoom.us?x#y", "acme.zoom.us"),
        ("https://acme.zoom.us:443/saml/login?from=desktop#/", "acme.zoom.us"),
        ("Vanity URL: acme.zoom.us", "acme.zoom.us"),
        ("acme.zoomgov.com", "acme.zoomgov.com"),
    ],
)
def test_the_service_provider_comes_from_the_vanity_url(zoom, typed, host):
    sp = zoom.service_provider({"vanity_url": typed})
    assert sp.entity_id == host
    assert sp.acs_urls == (f"https://{host}/saml/SSO",)
    assert sp.slo_url == f"https://{host}/saml/SingleLogout"
    assert sp.slo_binding == "redirect"
    assert zoom.call("check_settings", {"vanity_url": typed}) == ()


def test_service_provider_meets_the_requirements_of_zoom(zoom):
    sp = zoom.service_provider(GOOD)
    assert sp.name_id_format == NameIdFormat.EMAIL
    assert sp.name_id_source == "user.email"
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.require_signed_requests


def test_entity_id_with_https_is_accepted(zoom):
    assert zoom.service_provider({**GOOD, "entity_id": "url"}).entity_id == "https://acme.zoom.us"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("vanity_url", " ", "Enter the vanity URL"),
        (
            "vanity_url",
            "https://zoom.us/profile",
            "does not belong to one account. Enter your own host",
        ),
        ("vanity_url", "our zoom", "such as acme.zoom.us"),
        ("vanity_url", "https://us02web.zoom.us/signin", "Enter your own host"),
        ("entity_id", "https://acme.zoom.us", "Choose host or url"),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(zoom, field, value, words):
    with pytest.raises(ValidationError) as refused:
        zoom.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


def test_unusual_value_only_warns(zoom):
    odd = {"vanity_url": "meet.acme.example"}
    assert not zoom.problems(odd)
    assert (
        "Compare it with the one in Zoom: Account Management > Account Profile"
        in zoom.problems(odd, level="warning")["vanity_url"]
    )


@pytest.mark.parametrize("prefix", ["", "https://"])
def test_metadata_file_fills_in_both_fields(zoom, prefix):
    entity_id = f"{prefix}acme.zoom.us"
    values = zoom.from_metadata(
        VendorMetadata(entity_id=entity_id, acs_urls=("https://acme.zoom.us/saml/SSO",))
    )
    assert zoom.service_provider(values).entity_id == entity_id


def test_response_has_the_attributes_for_zoom(visit):
    app = visit.install(GOOD)
    session = visit.person(app)
    for response in (visit.ask(app, session), visit.launch(app, session)):
        assert response.acs_url == "https://acme.zoom.us/saml/SSO"
        assert response.name_id == (NameIdFormat.EMAIL, "amina@acme.test")
        assert response.find("//saml:Audience")[0].text == "acme.zoom.us"
        assert response.attributes == {
            ("email", "basic"): ["amina@acme.test"],
            ("firstName", "basic"): ["Amina"],
            ("lastName", "basic"): ["Otieno"],
        }


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"name_id": "amina"}, "name-id-email"),
        ({"sign_assertion": False}, "one-assertion"),
        ({"encrypted": True}, "not-encrypted"),
    ],
)
def test_acceptance_rules_find_what_the_vendor_refuses(zoom, changes, broken):
    verdicts = zoom.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
