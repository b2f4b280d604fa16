import pytest
import ssoko_google_workspace
from marshmallow import ValidationError
from ssoko.plugin import NameIdFormat
from ssoko.plugin.testing import LoadedPlugin, assert_integration
from ssoko.services.applications import change
from ssoko.services.sso.saml import sign_in

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


def test_service_provider_meets_the_requirements_of_google(google):
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
def test_usual_urls_pass_without_warning(google, settings):
    assert google.call("check_settings", settings) == ()


@pytest.mark.parametrize(
    "typed",
    [
        "Acme.test",
        "amina@acme.test",
        "https://acme.test/",
        "acme.test/x?y#z",
        "https://mail.google.com/a/acme.test/",
    ],
)
def test_domain_is_read_from_pasted_text(google, typed):
    assert google.load({**GOOD, "domain": typed})["domain"] == "acme.test"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("domain", "", "Enter the primary domain"),
        ("domain", "acme", "such as example.com"),
        ("domain", "https://admin.google.com/ac/security", "Enter your own domain"),
        ("entity_id", f"{PROFILE}/acs", "This is the ACS URL. Paste the entity ID here"),
        ("acs_url", PROFILE, "This is the entity ID. Paste the ACS URL here"),
        ("acs_url", "http://accounts.google.com/samlrp/1/acs", "https"),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(google, field, value, words):
    with pytest.raises(ValidationError) as refused:
        google.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"acs_url": ""}, "acs_url", "Enter the ACS URL too"),
        ({"entity_id": ""}, "entity_id", "Enter the entity ID too"),
        ({"acs_url": LEGACY["acs_url"]}, "acs_url", "belong to different accounts or profiles"),
        ({"entity_id": LEGACY["entity_id"]}, "acs_url", "belong to different accounts or profiles"),
        ({"entity_id": PROFILE + "9"}, "acs_url", "belong to different accounts or profiles"),
    ],
)
def test_values_that_do_not_belong_together_are_refused(google, changes, field, words):
    assert words in google.problems({**GOOD, **changes})[field]


@pytest.mark.parametrize(
    ("field", "value"),
    [("entity_id", "urn:google:sp"), ("acs_url", "https://sso.google.example/acs")],
)
def test_unusual_value_only_warns(google, field, value):
    settings = {**GOOD, field: value}
    assert not google.problems(settings)
    assert "Compare it with the one at Google" in google.problems(settings, level="warning")[field]


def test_application_is_installed_before_google_shows_its_values(visit):
    app = visit.install(EARLY)
    assert [warning.field for warning in app.warnings] == ["entity_id"]
    session = visit.person(app)
    elsewhere = sign_in.launch(visit.services, "acme", app.slug, session=session)
    assert isinstance(elsewhere, sign_in.OpenLaunchUrl)
    app = change.update_application(visit.scope, app.id, settings=GOOD)
    assert app.warnings == ()
    assert visit.ask(app, session).acs_url == GOOD["acs_url"]


def test_response_has_the_email_address_and_no_attributes(visit):
    app = visit.install(GOOD)
    response = visit.ask(app, visit.person(app))
    assert response.acs_url == GOOD["acs_url"]
    assert response.name_id == (NameIdFormat.EMAIL, "amina@acme.test")
    assert response.find("//saml:Audience")[0].text == PROFILE
    assert response.attributes == {}


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"entity_id": PLUGIN.URLS.not_yet}, "addresses"),
        ({"name_id": "amina"}, "name-id-email"),
        ({"encrypted": True}, "not-encrypted"),
        ({"require_signed_requests": True}, "unsigned-requests"),
    ],
)
def test_acceptance_rules_find_what_the_vendor_refuses(google, changes, broken):
    verdicts = google.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
