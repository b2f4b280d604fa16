import pytest
import ssoko_slack
from marshmallow import ValidationError
from ssoko.plugin import NameIdFormat
from ssoko.plugin.testing import LoadedPlugin, assert_integration

PLUGIN, SLUG = ssoko_slack, "slack"
GOOD = {"workspace": "acme.slack.com"}


@pytest.fixture(scope="module")
def slack() -> LoadedPlugin:
    return assert_integration(ssoko_slack, GOOD)


@pytest.mark.parametrize(
    ("typed", "acs_url"),
    [
        ("acme", "https://acme.slack.com/sso/saml"),
        ("Acme.slack.com", "https://acme.slack.com/sso/saml"),
        (" https://acme.slack.com/admin/auth ", "https://acme.slack.com/sso/saml"),
        (
            "https://acme.slack.com/sign_in_with_password?redir=%2F#x",
            "https://acme.slack.com/sso/saml",
        ),
        ("<https://acme.slack.com/>", "https://acme.slack.com/sso/saml"),
        ("acme.enterprise.slack.com", "https://acme.enterprise.slack.com/sso/saml"),
        ("acme.slack-gov.com", "https://acme.slack-gov.com/sso/saml"),
    ],
)
def test_pasted_url_is_reduced_to_the_acs_url(slack, typed, acs_url):
    assert slack.service_provider({"workspace": typed}).acs_urls == (acs_url,)
    assert slack.call("check_settings", {"workspace": typed}) == ()


def test_service_provider_meets_the_requirements_of_slack(slack):
    sp = slack.service_provider(GOOD)
    assert sp.entity_id == "https://slack.com"
    assert sp.name_id_format == NameIdFormat.PERSISTENT
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.require_signed_requests
    assert sp.slo_url == ""


def test_one_of_several_workspaces_uses_its_own_url(slack):
    own = {**GOOD, "issuer": "https://acme.slack.com"}
    assert slack.service_provider(own).entity_id == "https://acme.slack.com"
    assert slack.call("check_settings", own) == ()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("workspace", "", "Enter the workspace URL"),
        ("workspace", "app.slack.com", "does not belong to one account. Enter your own host"),
        ("workspace", "https://slack.com/signin", "does not belong to one account"),
        ("workspace", "two words", "such as acme.slack.com"),
        ("workspace", "acme.slack.com:8443", "such as acme.slack.com"),
        ("workspace", "amina@acme.slack.com", "such as acme.slack.com"),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(slack, field, value, words):
    with pytest.raises(ValidationError) as refused:
        slack.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


def test_an_empty_issuer_is_the_usual_one(slack):
    assert slack.service_provider({**GOOD, "issuer": ""}).entity_id == "https://slack.com"


@pytest.mark.parametrize(
    ("field", "value"),
    [("workspace", "chat.acme.example"), ("issuer", "https://other.slack.com")],
)
def test_unusual_value_only_warns(slack, field, value):
    settings = {**GOOD, field: value}
    assert not slack.problems(settings)
    assert "Compare it with" in slack.problems(settings, level="warning")[field]


def test_response_has_the_attributes_for_slack(visit):
    app = visit.install(GOOD)
    session = visit.person(app)
    response = visit.ask(app, session)
    assert response.acs_url == "https://acme.slack.com/sso/saml"
    assert response.attributes == {
        ("User.Email", "basic"): ["amina@acme.test"],
        ("User.Username", "basic"): ["amina"],
        ("first_name", "basic"): ["Amina"],
        ("last_name", "basic"): ["Otieno"],
    }
    format_, value = response.name_id
    assert format_ == NameIdFormat.PERSISTENT
    assert visit.launch(app, session).name_id == (format_, value)
    assert len(response.find("//*[local-name()='Signature']")) == 2


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        (
            {"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
            "name-id-format",
        ),
        ({"sign_assertion": False}, "one-assertion"),
    ],
)
def test_acceptance_rules_find_what_the_vendor_refuses(slack, changes, broken):
    verdicts = slack.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
