import pytest
import ssoko_atlassian_cloud
from marshmallow import ValidationError
from ssoko.plugin import NameIdFormat
from ssoko.plugin.testing import LoadedPlugin, assert_integration
from ssoko.services.applications import change
from ssoko.services.sso.saml import sign_in

PLUGIN, SLUG = ssoko_atlassian_cloud, "atlassian-cloud"
ID = "7d2f0c1e-1b2c-4d5e-8f90-a1b2c3d4e5f6"
ENTITY = f"https://auth.atlassian.com/saml/{ID}"
ACS = f"https://auth.atlassian.com/login/callback?connection=saml-{ID}"
GOOD = {"entity_id": ENTITY, "acs_url": ACS}
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


@pytest.fixture(scope="module")
def atlassian() -> LoadedPlugin:
    return assert_integration(PLUGIN, GOOD)


def test_service_provider_meets_the_requirements_of_atlassian(atlassian):
    sp = atlassian.service_provider(GOOD)
    assert (sp.entity_id, sp.acs_urls) == (ENTITY, (ACS,))
    assert sp.name_id_format == NameIdFormat.EMAIL
    assert sp.name_id_source == "user.email"
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.require_signed_requests
    assert (sp.launch_url, sp.relay_state, sp.slo_url) == ("", "", "")
    assert atlassian.call("check_settings", GOOD) == ()


@pytest.mark.parametrize(
    "typed", ["acme", "Acme.atlassian.net", " https://acme.atlassian.net/jira/your-work "]
)
def test_tile_opens_the_site(atlassian, typed):
    sp = atlassian.service_provider({**GOOD, "site": typed})
    assert sp.relay_state == "https://acme.atlassian.net"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("entity_id", ACS, "Paste the service provider entity URL here"),
        ("acs_url", ENTITY, "Paste the service provider assertion consumer service URL here"),
        ("acs_url", "http://auth.atlassian.com/login", "https"),
        ("acs_url", "auth.atlassian.com/login", "https://"),
        ("site", "our site", "such as acme.atlassian.net"),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(atlassian, field, value, words):
    with pytest.raises(ValidationError) as refused:
        atlassian.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"acs_url": ""}, "acs_url", "consumer service URL too"),
        ({"entity_id": ""}, "entity_id", "entity URL too"),
        ({"entity_id": f"{ENTITY}0"}, "acs_url", "belong to different accounts or profiles"),
    ],
)
def test_values_that_do_not_belong_together_are_refused(atlassian, changes, field, words):
    assert words in atlassian.problems({**GOOD, **changes})[field]


@pytest.mark.parametrize(
    ("field", "value"),
    [("entity_id", "urn:atlassian:sp"), ("acs_url", "https://sso.atlassian.example/acs")],
)
def test_unusual_value_only_warns(atlassian, field, value):
    settings = {**GOOD, field: value}
    assert not atlassian.problems(settings)
    assert "Compare it with" in atlassian.problems(settings, level="warning")[field]


def test_application_is_installed_before_atlassian_shows_its_values(visit):
    app = visit.install({"site": "acme"})
    assert [warning.field for warning in app.warnings] == ["entity_id"]
    session = visit.person(app)
    elsewhere = sign_in.launch(visit.services, "acme", app.slug, session=session)
    assert elsewhere == sign_in.OpenLaunchUrl(
        url="https://acme.atlassian.net", application_name="Ours"
    )
    app = change.update_application(visit.scope, app.id, settings={**GOOD, "site": "acme"})
    assert app.warnings == ()
    assert visit.launch(app, session).relay_state == "https://acme.atlassian.net"


def test_response_has_the_attributes_for_atlassian(visit):
    app = visit.install(GOOD)
    session = visit.person(app)
    response = visit.ask(app, session)
    assert response.acs_url == ACS
    assert response.name_id == (NameIdFormat.EMAIL, "amina@acme.test")
    assert response.find("//saml:Audience")[0].text == ENTITY
    assert response.attributes == {
        (f"{CLAIMS}name", "uri"): [session.user.id],
        (f"{CLAIMS}givenname", "uri"): ["Amina"],
        (f"{CLAIMS}surname", "uri"): ["Otieno"],
    }


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"entity_id": PLUGIN.URLS.not_yet}, "addresses"),
        ({"name_id": "amina"}, "name-id-email"),
        ({"acs_url": "http://atlassian.example/acs"}, "acs-https"),
    ],
)
def test_acceptance_rules_find_what_the_vendor_refuses(atlassian, changes, broken):
    verdicts = atlassian.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
