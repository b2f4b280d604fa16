import pytest
import ssoko_salesforce
from marshmallow import ValidationError
from ssoko.plugin import LogoutEndpoint, NameIdFormat, VendorMetadata
from ssoko.plugin.testing import LoadedPlugin, assert_integration

PLUGIN, SLUG = ssoko_salesforce, "salesforce"
ORG = "https://acme.my.salesforce.com"
GOOD = {"my_domain": "acme.my.salesforce.com"}
PROFILE = "00e000000000001AAA"


@pytest.fixture(scope="module")
def salesforce() -> LoadedPlugin:
    return assert_integration(PLUGIN, GOOD)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("Acme", "acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com/home", "acme.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/setup/x", "acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com?so=00D000000000001", "acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com/secur/frontdoor.jsp#x", "acme.my.salesforce.com"),
        ("acme.my.salesforce-setup.com", "acme.my.salesforce.com"),
        ("acme--dev.sandbox", "acme--dev.sandbox.my.salesforce.com"),
        ("acme--dev.sandbox.lightning.force.com", "acme--dev.sandbox.my.salesforce.com"),
    ],
)
def test_the_service_provider_comes_from_my_domain(salesforce, typed, host):
    sp = salesforce.service_provider({"my_domain": typed})
    assert (sp.entity_id, sp.acs_urls) == (f"https://{host}", (f"https://{host}",))
    assert sp.slo_url == f"https://{host}/services/auth/sp/saml2/logout"
    assert salesforce.call("check_settings", {"my_domain": typed}) == ()


def test_service_provider_meets_the_requirements_of_salesforce(salesforce):
    sp = salesforce.service_provider(GOOD)
    assert sp.name_id_format == NameIdFormat.UNSPECIFIED
    assert sp.name_id_source == "user.email"
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.require_signed_requests


def test_values_shown_by_salesforce_replace_the_defaults(salesforce):
    shown = {
        "entity_id": "https://saml.salesforce.com",
        "login_url": f"{ORG}?so=00D000000000001",
        "logout_url": f"{ORG}/other",
        "federation_id": "user.id",
    }
    sp = salesforce.service_provider({**GOOD, **shown})
    assert (sp.entity_id, sp.acs_urls) == (shown["entity_id"], (shown["login_url"],))
    assert (sp.slo_url, sp.name_id_source) == (shown["logout_url"], "user.id")
    assert salesforce.call("check_settings", {**GOOD, **shown}) == ()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("my_domain", "", "Enter the My Domain"),
        (
            "my_domain",
            "https://login.salesforce.com",
            "does not belong to one account. Enter your own host",
        ),
        ("my_domain", "our org", "such as acme.my.salesforce.com"),
        ("federation_id", "user.groups", "Choose user.email"),
        ("login_url", "acme.my.salesforce.com", "https://"),
        ("logout_url", "http://acme.my.salesforce.com", "https"),
        ("entity_id", "a\nb", "line breaks"),
        ("profile_id", "Standard User", "starts with 00e"),
        ("profile_id", "00e12", "starts with 00e"),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(salesforce, field, value, words):
    with pytest.raises(ValidationError) as refused:
        salesforce.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("my_domain", "crm.acme.example"),
        ("login_url", "https://acme.my.site.com/login"),
        ("login_url", f"{ORG}.acme.example"),
        ("logout_url", "https://other.my.salesforce.com/out"),
    ],
)
def test_unusual_value_only_warns(salesforce, field, value):
    settings = {**GOOD, field: value}
    assert not salesforce.problems(settings)
    assert "Compare it with" in salesforce.problems(settings, level="warning")[field]


def test_metadata_file_fills_in_the_form(salesforce):
    out = f"{ORG}/services/auth/sp/saml2/logout"
    values = salesforce.from_metadata(
        VendorMetadata(
            entity_id=ORG,
            acs_urls=(f"{ORG}?so=00D000000000001",),
            slo=(
                LogoutEndpoint(binding="post", url=f"{out}?post", response_url=""),
                LogoutEndpoint(binding="redirect", url=out, response_url=""),
            ),
        )
    )
    sp = salesforce.service_provider(values)
    assert (sp.entity_id, sp.acs_urls) == (ORG, (f"{ORG}?so=00D000000000001",))
    assert sp.slo_url == out
    assert values["my_domain"] == GOOD["my_domain"]


def test_response_has_only_the_federation_id(visit):
    app = visit.install(GOOD)
    session = visit.person(app)
    for response in (visit.ask(app, session), visit.launch(app, session)):
        assert response.acs_url == ORG
        assert response.name_id == (NameIdFormat.UNSPECIFIED, "amina@acme.test")
        assert response.attributes == {}


def test_response_has_the_attributes_for_user_provisioning(visit):
    app = visit.install({**GOOD, "profile_id": PROFILE, "federation_id": "user.username"})
    response = visit.ask(app, visit.person(app))
    assert response.name_id[1] == "amina"
    assert response.attributes == {
        ("User.Username", "basic"): ["amina@acme.test"],
        ("User.Email", "basic"): ["amina@acme.test"],
        ("User.LastName", "basic"): ["Otieno"],
        ("User.FirstName", "basic"): ["Amina"],
        ("User.FederationIdentifier", "basic"): ["amina"],
        ("User.ProfileId", "basic"): [PROFILE],
    }


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
def test_acceptance_rules_find_what_the_vendor_refuses(salesforce, changes, broken):
    verdicts = salesforce.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
