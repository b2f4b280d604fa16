import pytest
import ssoko_github_enterprise_cloud
from marshmallow import ValidationError
from ssoko.plugin import NameIdFormat, VendorMetadata
from ssoko.plugin.testing import LoadedPlugin, assert_integration

PLUGIN, SLUG = ssoko_github_enterprise_cloud, "github-enterprise-cloud"
ORG = "https://github.com/orgs/acme-inc"
GOOD = {"address": ORG}
ENTERPRISE = {"address": "https://github.com/enterprises/acme"}


@pytest.fixture(scope="module")
def github() -> LoadedPlugin:
    return assert_integration(PLUGIN, GOOD)


@pytest.mark.parametrize(
    ("typed", "entity_id"),
    [
        ("acme-inc", ORG),
        (" https://GitHub.com/acme-inc ", ORG),
        ("github.com/acme-inc/", ORG),
        ("https://github.com/orgs/acme-inc/people", ORG),
        ("https://github.com/organizations/acme-inc/settings/security", ORG),
        ("https://github.com/enterprises/acme/sso", "https://github.com/enterprises/acme"),
        ("acme.ghe.com", "https://acme.ghe.com/enterprises/acme"),
        ("https://acme.ghe.com/", "https://acme.ghe.com/enterprises/acme"),
        ("https://acme.ghe.com/orgs/red", "https://acme.ghe.com/orgs/red"),
    ],
)
def test_the_service_provider_comes_from_what_people_paste(github, typed, entity_id):
    sp = github.service_provider({"address": typed})
    assert sp.entity_id == entity_id
    assert sp.acs_urls == (f"{entity_id}/saml/consume",)
    assert github.call("check_settings", {"address": typed}) == ()


def test_the_service_provider_is_what_github_takes(github):
    sp = github.service_provider(GOOD)
    assert sp.name_id_format == NameIdFormat.PERSISTENT
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.require_signed_requests
    assert not sp.encrypt_assertions
    # GitHub ends its own session with it; without, it keeps the session for a day.
    assert sp.session_lifetime == 0


@pytest.mark.parametrize(
    "typed", ["", "https://github.com", "https://github.com/orgs/", "our org", "a/b c", "-acme"]
)
def test_what_is_no_address_is_refused_with_an_example(github, typed):
    with pytest.raises(ValidationError) as refused:
        github.load({"address": typed})
    said = refused.value.messages["address"][0]
    assert "such as https://github.com/orgs/acme" in said or said == "Fill this in"


def test_an_unknown_shape_only_warns(github):
    odd = {"address": "https://git.acme.example/orgs/red"}
    assert not github.problems(odd)
    assert "Compare it with" in github.problems(odd, level="warning")["address"]


def test_the_metadata_file_fills_the_address(github):
    metadata = VendorMetadata(entity_id=ORG, acs_urls=(f"{ORG}/saml/consume",))
    assert github.from_metadata(metadata) == GOOD


@pytest.mark.parametrize(
    ("settings", "attributes"),
    [
        (GOOD, {}),
        (
            ENTERPRISE,
            {("emails", "basic"): ["amina@acme.test"], ("full_name", "basic"): ["Amina Otieno"]},
        ),
    ],
)
def test_the_answer_says_what_github_reads(visit, settings, attributes):
    app = visit.install(settings)
    session = visit.person(app)
    answer = visit.ask(app, session)
    assert answer.acs_url == f"{settings['address']}/saml/consume"
    assert answer.find("//saml:Audience")[0].text == settings["address"]
    assert answer.attributes == attributes
    assert answer.name_id[0] == NameIdFormat.PERSISTENT
    assert visit.launch(app, session).name_id == answer.name_id
    assert not answer.find("//@SessionNotOnOrAfter")


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"name_id_formats": ()}, "name-id-format"),
        ({"require_signed_requests": True}, "unsigned-requests"),
        ({"encrypted": True}, "not-encrypted"),
    ],
)
def test_preflight_names_what_would_be_refused(github, changes, broken):
    verdicts = github.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
