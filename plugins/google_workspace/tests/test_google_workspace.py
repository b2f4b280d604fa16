import pytest
import ssoko_google_workspace
from marshmallow import ValidationError
from ssoko.plugin import NameIdFormat
from ssoko.plugin.testing import LoadedPlugin, assert_integration
from ssoko.services.applications import change
from ssoko.services.sso.saml import sign_in
from ssoko_google_workspace import demands as google_demands

PLUGIN, SLUG = ssoko_google_workspace, "google-workspace"
PROFILE = "https://accounts.google.com/samlrp/01abcdef"
GOOD = {"domain": "acme.test", "entity_id": PROFILE, "acs_url": f"{PROFILE}/acs"}
EARLY = {"domain": "acme.test"}
LEGACY = {
    "domain": "acme.test",
    "entity_id": "google.com/a/acme.test",
    "acs_url": "https://www.google.com/a/acme.test/acs",
}


@pytest.fixture(scope="module")
def google() -> LoadedPlugin:
    return assert_integration(PLUGIN, GOOD)


def test_the_service_provider_is_what_google_takes(google):
    sp = google.service_provider(GOOD)
    assert (sp.entity_id, sp.acs_urls) == (PROFILE, (f"{PROFILE}/acs",))
    assert sp.name_id_format == NameIdFormat.EMAIL
    assert sp.name_id_source == "user.email"
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.require_signed_requests
    assert sp.launch_url == "https://mail.google.com/a/acme.test"
    assert sp.slo_url == ""


@pytest.mark.parametrize(
    "settings",
    [
        GOOD,
        LEGACY,
        {**LEGACY, "entity_id": "google.com"},
        {**LEGACY, "acs_url": "https://accounts.google.com/a/acme.test/acs"},
        {
            **GOOD,
            "entity_id": "https://accounts.google.com/samlrp/metadata?rpid=01abcdef",
            "acs_url": "https://accounts.google.com/samlrp/acs?rpid=01abcdef",
        },
    ],
)
def test_the_known_shapes_pass_without_a_word(google, settings):
    assert google.call("check_settings", settings) == ()


@pytest.mark.parametrize("typed", ["Acme.test", "amina@acme.test", "https://acme.test/"])
def test_the_domain_is_found_in_what_people_paste(google, typed):
    assert google.load({**GOOD, "domain": typed})["domain"] == "acme.test"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("domain", "", "Fill this in"),
        ("domain", "acme", "such as example.com"),
        ("domain", "acme.test/x?y", "such as example.com"),
        ("entity_id", f"{PROFILE}/acs", "This is the ACS URL; paste the Entity ID here"),
        ("acs_url", PROFILE, "This is the Entity ID; paste the ACS URL here"),
        ("acs_url", "http://accounts.google.com/samlrp/1/acs", "https"),
    ],
)
def test_a_plain_mistake_is_refused_with_what_to_paste(google, field, value, words):
    with pytest.raises(ValidationError) as refused:
        google.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"acs_url": ""}, "acs_url", "Paste the ACS URL too"),
        ({"entity_id": ""}, "entity_id", "Paste the Entity ID too"),
        ({"acs_url": LEGACY["acs_url"]}, "acs_url", "legacy SSO profile"),
        ({"entity_id": LEGACY["entity_id"]}, "acs_url", "legacy SSO profile"),
        ({"entity_id": PROFILE + "9"}, "acs_url", "different profiles"),
    ],
)
def test_halves_and_mixtures_are_refused(google, changes, field, words):
    assert words in google.problems({**GOOD, **changes})[field]


@pytest.mark.parametrize(
    ("field", "value"),
    [("entity_id", "urn:google:sp"), ("acs_url", "https://sso.google.example/acs")],
)
def test_an_unknown_shape_only_warns(google, field, value):
    settings = {**GOOD, field: value}
    assert not google.problems(settings)
    assert "Compare it with SP details" in google.problems(settings, level="warning")[field]


def test_it_is_installed_before_google_shows_its_values(visit):
    app = visit.install(EARLY)
    assert [warning.field for warning in app.warnings] == ["entity_id"]
    session = visit.person(app)
    elsewhere = sign_in.launch(visit.services, "acme", app.slug, session=session)
    assert isinstance(elsewhere, sign_in.OpenLaunchUrl)
    app = change.update_application(visit.scope, app.id, settings=GOOD)
    assert app.warnings == ()
    assert visit.ask(app, session).acs_url == GOOD["acs_url"]


def test_the_answer_says_the_address_and_nothing_else(visit):
    app = visit.install(GOOD)
    answer = visit.ask(app, visit.person(app))
    assert answer.acs_url == GOOD["acs_url"]
    assert answer.name_id == (NameIdFormat.EMAIL, "amina@acme.test")
    assert answer.find("//saml:Audience")[0].text == PROFILE
    assert answer.attributes == {}


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"entity_id": google_demands.NOT_YET}, "addresses"),
        ({"name_id": "amina"}, "name-id-email"),
        ({"encrypted": True}, "not-encrypted"),
        ({"require_signed_requests": True}, "unsigned-requests"),
    ],
)
def test_preflight_names_what_would_be_refused(google, changes, broken):
    verdicts = google.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
