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
        ("acme.enterprise.slack.com", "https://acme.enterprise.slack.com/sso/saml"),
        ("acme.slack-gov.com", "https://acme.slack-gov.com/sso/saml"),
    ],
)
def test_the_acs_url_comes_from_what_people_paste(slack, typed, acs_url):
    assert slack.service_provider({"workspace": typed}).acs_urls == (acs_url,)
    assert slack.call("check_settings", {"workspace": typed}) == ()


def test_the_service_provider_is_what_slack_takes(slack):
    sp = slack.service_provider(GOOD)
    assert sp.entity_id == "https://slack.com"
    assert sp.name_id_format == NameIdFormat.PERSISTENT
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.require_signed_requests
    assert sp.slo_url == ""


def test_one_of_several_workspaces_goes_by_its_own_address(slack):
    own = {**GOOD, "issuer": "https://acme.slack.com"}
    assert slack.service_provider(own).entity_id == "https://acme.slack.com"
    assert slack.call("check_settings", own) == ()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("workspace", "", "Fill this in"),
        ("workspace", "app.slack.com", "belongs to Slack; paste your workspace's"),
        ("workspace", "https://slack.com/signin", "belongs to Slack"),
        ("workspace", "two words", "such as acme.slack.com"),
        ("workspace", "acme.slack.com:8443", "such as acme.slack.com"),
        ("workspace", "amina@acme.slack.com", "such as acme.slack.com"),
        ("issuer", "", "Give the entity ID"),
    ],
)
def test_a_plain_mistake_is_refused_with_what_to_paste(slack, field, value, words):
    with pytest.raises(ValidationError) as refused:
        slack.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [("workspace", "chat.acme.example"), ("issuer", "https://other.slack.com")],
)
def test_an_unknown_shape_only_warns(slack, field, value):
    settings = {**GOOD, field: value}
    assert not slack.problems(settings)
    assert "Compare it with" in slack.problems(settings, level="warning")[field]


def test_the_answer_says_what_slack_reads(visit):
    app = visit.install(GOOD)
    session = visit.person(app)
    answer = visit.ask(app, session)
    assert answer.acs_url == "https://acme.slack.com/sso/saml"
    assert answer.attributes == {
        ("User.Email", "basic"): ["amina@acme.test"],
        ("User.Username", "basic"): ["amina"],
        ("first_name", "basic"): ["Amina"],
        ("last_name", "basic"): ["Otieno"],
    }
    format_, value = answer.name_id
    assert format_ == NameIdFormat.PERSISTENT
    assert visit.launch(app, session).name_id == (format_, value)
    assert len(answer.find("//*[local-name()='Signature']")) == 2


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
def test_preflight_names_what_would_be_refused(slack, changes, broken):
    verdicts = slack.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
