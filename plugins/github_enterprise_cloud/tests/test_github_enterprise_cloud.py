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
        ("https://github.com/acme-inc?tab=repositories", ORG),
        ("https://github.com/orgs/acme-inc/sso?return_to=%2F#x", ORG),
        ("https://github.com/organizations/acme-inc/settings/security", ORG),
        ("https://github.com/enterprises/acme/sso", "https://github.com/enterprises/acme"),
        ("acme.ghe.com", "https://acme.ghe.com/enterprises/acme"),
        ("https://acme.ghe.com/", "https://acme.ghe.com/enterprises/acme"),
        ("https://acme.ghe.com/orgs/red", "https://acme.ghe.com/orgs/red"),
    ],
)
def test_pasted_url_is_reduced_to_the_service_provider(github, typed, entity_id):
    sp = github.service_provider({"address": typed})
    assert sp.entity_id == entity_id
    assert sp.acs_urls == (f"{entity_id}/saml/consume",)
    assert github.call("check_settings", {"address": typed}) == ()


def test_service_provider_meets_the_requirements_of_github(github):
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
def test_invalid_url_is_refused_with_an_example(github, typed):
    with pytest.raises(ValidationError) as refused:
        github.load({"address": typed})
    message = refused.value.messages["address"][0]
    assert (
        "such as https://github.com/orgs/acme" in message
        or message == "Enter the organization or enterprise"
    )


def test_unusual_value_only_warns(github):
    odd = {"address": "https://git.acme.example/orgs/red"}
    assert not github.problems(odd)
    assert "Compare it with" in github.problems(odd, level="warning")["address"]


def test_metadata_file_fills_in_the_url(github):
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
def test_response_has_the_attributes_for_github(visit, settings, attributes):
    app = visit.install(settings)
    session = visit.person(app)
    response = visit.ask(app, session)
    assert response.acs_url == f"{settings['address']}/saml/consume"
    assert response.find("//saml:Audience")[0].text == settings["address"]
    assert response.attributes == attributes
    assert response.name_id[0] == NameIdFormat.PERSISTENT
    assert visit.launch(app, session).name_id == response.name_id
    assert not response.find("//@SessionNotOnOrAfter")


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"name_id_formats": ()}, "name-id-format"),
        ({"require_signed_requests": True}, "unsigned-requests"),
        ({"encrypted": True}, "not-encrypted"),
    ],
)
def test_acceptance_rules_find_what_the_vendor_refuses(github, changes, broken):
    verdicts = github.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
