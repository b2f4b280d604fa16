import pytest
import ssoko_aws
from marshmallow import ValidationError
from ssoko.plugin import NameIdFormat, VendorMetadata
from ssoko.plugin.testing import LoadedPlugin, assert_integration

SIGN_IN = "https://d-9967a1b2c3.awsapps.com/start"
ACS = "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/7d2f0c1e-1b2c-4d5e-8f90-a1b2c3d4e5f6"
ISSUER = "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3"
GOOD = {"sign_in_url": SIGN_IN, "acs_url": ACS, "issuer_url": ISSUER}


@pytest.fixture(scope="module")
def aws() -> LoadedPlugin:
    return assert_integration(ssoko_aws, GOOD)


def test_form_has_the_three_fields_with_the_labels_of_the_console(aws):
    labels = [field.metadata["label"] for field in aws.entry.form().fields.values()]
    assert labels == ["Sign-in URL", "ACS URL", "Issuer URL"]


def test_service_provider_meets_the_requirements_of_identity_center(aws):
    sp = aws.service_provider(GOOD)
    assert sp.entity_id == ISSUER
    assert sp.acs_urls == (ACS,)
    assert sp.name_id_format == NameIdFormat.EMAIL
    assert sp.name_id_source == "user.email"
    assert sp.sign_assertion
    assert sp.sign_response
    assert not sp.encrypt_assertions
    assert not sp.require_signed_requests
    assert sp.launch_url == ""
    assert sp.slo_url == ""


def test_default_role_has_the_name_of_the_application(aws):
    assert aws.entry.default_role.name == "sso-aws-{name}-role"


def test_certificates_are_rotated_with_the_menus_of_the_console(aws):
    about = aws.entry.integration
    assert about.certificates_accepted == "many"
    for text in (about.certificate_import, about.certificate_removal):
        assert "Actions > Manage authentication > Manage SAML 2.0 certificates" in text
    assert "Import certificate" in about.certificate_import
    assert "DELETE" in about.certificate_removal


def test_values_have_the_labels_of_aws(aws):
    assert {f.key: (f.label, f.paste_into) for f in aws.entry.metadata_fields} == {
        "login_endpoint": ("Login Endpoint", "IdP sign-in URL"),
        "entity_id": ("Entity ID", "IdP issuer URL"),
        "certificate": ("Certificate", "IdP certificate"),
        "metadata_file": ("Metadata file", "IdP SAML metadata"),
        "metadata_url": ("Metadata URL", ""),
        "logout_endpoint": ("Logout Endpoint", ""),
    }


@pytest.mark.parametrize(
    "pasted",
    [
        f"{ACS}\n{ACS}-2\n{ACS}",
        f" {ACS}  {ACS}-2 ",
        f"{ACS}, {ACS}-2;",
        f"{ACS},{ACS}-2",
        [ACS, f"{ACS}-2"],
    ],
)
def test_several_acs_urls_keep_their_order(aws, pasted):
    settings = aws.load({**GOOD, "acs_url": pasted})
    assert settings["acs_url"] == f"{ACS}\n{ACS}-2"
    assert aws.service_provider({**GOOD, "acs_url": pasted}).acs_urls == (ACS, f"{ACS}-2")


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://d-9967a1b2c3.awsapps.com/start/#/?tab=accounts", "awsapps.com/start"),
        ("https://d-9967a1b2c3.awsapps.com/start/console?account_id=1", "awsapps.com/start"),
        ("d-9967a1b2c3.awsapps.com/start", "awsapps.com/start"),
        ("https://d-9967a1b2c3.awsapps.com", "awsapps.com/start"),
        ("AWS access portal URL: https://d-9967a1b2c3.awsapps.com/start", "awsapps.com/start"),
    ],
)
def test_sign_in_url_is_read_from_any_page_of_the_portal(aws, typed, url):
    loaded = aws.load({**GOOD, "sign_in_url": typed})["sign_in_url"]
    assert loaded.rstrip("/") == f"https://d-9967a1b2c3.{url}"
    assert aws.call("check_settings", {**GOOD, "sign_in_url": typed}) == ()


@pytest.mark.parametrize(
    "issuer",
    [
        "https://us-gov-west-1.signin.amazonaws-us-gov.com/platform/saml/d-1",
        "https://cn-north-1.signin.amazonaws.cn/platform/saml/d-1",
        "https://eusc-de-east-1.signin.amazonaws-eusc.eu/platform/saml/d-1",
    ],
)
def test_every_partition_is_usual(aws, issuer):
    acs = issuer.replace("/saml/d-1", "/saml/acs/1-2-3")
    assert aws.call("check_settings", {**GOOD, "issuer_url": issuer, "acs_url": acs}) == ()


def test_spaces_around_pasted_values_are_removed(aws):
    assert aws.load({**GOOD, "issuer_url": f"  {ISSUER}\n"})["issuer_url"] == ISSUER


@pytest.mark.parametrize("missing", list(GOOD))
@pytest.mark.parametrize("value", [None, "", "  ", 5, {"a": 1}, "a\x00b"])
def test_each_field_is_required(aws, missing, value):
    with pytest.raises(ValidationError) as caught:
        aws.load({**GOOD, missing: value})
    assert list(caught.value.messages) == [missing]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sign_in_url", SIGN_IN),
        ("sign_in_url", "https://acme.awsapps.com/start/"),
        ("sign_in_url", "https://ssoins-722370a1b2c3d4e5.eu-west-1.portal.amazonaws.com"),
        ("sign_in_url", "https://ssoins-722370a1b2c3d4e5.portal.eu-west-1.app.aws"),
        ("sign_in_url", "https://start.us-gov-home.awsapps.com/directory/acme"),
        ("sign_in_url", "https://start.us-gov-east-1.us-gov-home.awsapps.com/directory/d-1"),
        ("sign_in_url", "https://start.home.awsapps.cn/directory/acme"),
        ("sign_in_url", "https://start.cn-north-1.home.awsapps.cn/directory/acme"),
        ("sign_in_url", "https://ssoins-72a.cn-north-1.portal.amazonaws.com.cn"),
        ("sign_in_url", "https://ssoins-72a.portal.cn-north-1.app.amazonwebservices.com.cn"),
        ("sign_in_url", "https://ssoins-72a.eusc-de-east-1.portal.amazonaws.eu"),
        ("sign_in_url", "https://ssoins-72a.portal.eusc-de-east-1.api.amazonwebservices.eu"),
        ("acs_url", "https://us-east-1.signin.aws/platform/saml/acs/abc-1"),
        ("acs_url", "https://us-east-1.sso.signin.aws/platform/saml/acs/abc-1"),
        ("acs_url", "https://us-gov-west-1.signin.amazonaws-us-gov.com/platform/saml/acs/abc"),
        ("issuer_url", "https://us-gov-west-1.signin.amazonaws-us-gov.com/platform/saml/d-1"),
    ],
)
def test_usual_urls_pass_without_warning(aws, field, value):
    assert aws.call("check_settings", {**GOOD, field: value}) == ()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (
            "acs_url",
            ISSUER,
            "This URL is the Issuer URL. Paste the URL that ends in /acs/ and an ID",
        ),
        ("acs_url", SIGN_IN, "This URL is the Sign-in URL"),
        ("acs_url", "https://signin.aws.amazon.com/saml", "account federation"),
        ("acs_url", "https://us-east-1.signin.aws.amazon.com/saml/acs/SAMLSPX", "federation"),
        ("acs_url", f"{ACS}\n{ISSUER}", "This URL is the Issuer URL"),
        ("acs_url", "http://signin.example.com/acs", "Use https"),
        ("acs_url", "javascript:alert(1)", "Paste the URL that ends in /acs/"),
        ("acs_url", "data:text/html,x", "https://"),
        ("acs_url", "/platform/saml/acs/x", "https://"),
        ("acs_url", f"{ACS}#x", "Remove the #"),
        ("acs_url", ACS.replace("https://", "https://a:b@"), "username"),
        ("issuer_url", ACS, "This URL is an ACS URL. Paste the URL that ends in /platform/saml/"),
        ("issuer_url", SIGN_IN, "This URL is the Sign-in URL"),
        ("issuer_url", "urn:amazon:webservices", "account federation"),
        ("issuer_url", "AWS", "Paste the URL that ends in /platform/saml/"),
        ("sign_in_url", ACS, "This URL is an ACS URL. Paste the AWS access portal sign-in URL"),
        ("sign_in_url", ISSUER, "This URL is the Issuer URL"),
        ("sign_in_url", "https://console.aws.amazon.com/singlesignon", "page of the AWS console"),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(aws, field, value, words):
    with pytest.raises(ValidationError) as refused:
        aws.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sign_in_url", "https://sso.acme.example.com/start", "looks unusual"),
        ("acs_url", "https://us-east-1.signin.example.com/acs/abc", "looks unusual"),
        ("issuer_url", "https://us-east-1.signin.example.com/d-1", "looks unusual"),
        ("acs_url", "http://127.0.0.1:8123/acs", "http works on this machine only"),
        ("acs_url", "http://localhost:8123/acs", "http works on this machine only"),
        ("acs_url", "http://[::1]:8123/acs", "http works on this machine only"),
    ],
)
def test_unusual_value_only_warns(aws, field, value, words):
    settings = {**GOOD, field: value}
    assert not aws.problems(settings)
    assert words in aws.problems(settings, level="warning")[field]


def test_guide_has_the_headings_in_order(aws):
    headings = [line[3:] for line in aws.entry.guide.splitlines() if line.startswith("## ")]
    assert headings == [
        "Before you start",
        "In AWS",
        "In Ssoko",
        "Test",
        "Troubleshoot",
        "Remove",
        "Know more",
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Dashboard** > **Marketplace** > [**SSO Integrations**]",
        "tab **Installation**",
        "**INSTALL**",
        "**AWS access portal sign-in URL** (formerly **AWS SSO Sign-in URL**)",
        "**IAM Identity Center issuer URL** (formerly **AWS SSO Issuer URL**)",
        "formerly **SSO ACS URL**",
        "**Actions** > **Change identity source**",
        "**External identity provider**",
        "**IdP sign-in URL**",
        "**IdP issuer URL**",
        "**DOWNLOAD CERTIFICATE**",
        "**ACCEPT**",
        "**Workspace Admins**",
        "**Roles & Groups**",
        "**List View**",
        "**+ ADD ROLE**",
        "**ADD ROLES**",
        "[**SSO DASHBOARD**]",
        "[Application Details]",
        "[Application Execution]",
    ],
)
def test_guide_uses_the_labels_of_the_console(aws, words):
    assert words in " ".join(aws.entry.guide.split())


def test_guide_shows_each_value_in_its_own_step(aws):
    for name in ("login_endpoint", "entity_id"):
        assert f"\n    {{{{ {name} }}}}\n" in aws.entry.guide


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({}, set()),
        ({"name_id": "amina"}, {"name-id-email"}),
        ({"name_id": ""}, {"name-id-email", "name-id-size"}),
        ({"name_id": f"{'a' * 64}@{'b' * 63}.example"}, {"name-id-size"}),
        ({"name_id_format": NameIdFormat.PERSISTENT.value}, {"name-id-format"}),
        ({"name_id_formats": ("urn:other",)}, {"name-id-format"}),
        ({"assertions": 2}, {"one-assertion"}),
        (
            {"signature_algorithm": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
            {"one-assertion"},
        ),
        ({"sign_assertion": False}, {"one-assertion"}),
        ({"encrypted": True}, {"not-encrypted"}),
        ({"require_signed_requests": True}, {"unsigned-requests"}),
        ({"certificate": "c" * 2501}, {"certificate-size"}),
        ({"metadata_size": 75_001}, {"metadata-size"}),
        ({"acs_url": "http://signin.aws/acs"}, {"acs-https"}),
    ],
)
def test_acceptance_rules_find_what_aws_refuses(aws, changes, broken):
    verdicts = aws.verdicts(GOOD, **changes)
    assert {rule for rule, verdict in verdicts.items() if verdict is False} == broken
    assert verdicts["username"] is None


def test_all_errors_are_reported_together_without_duplicates(aws):
    with pytest.raises(ValidationError) as refused:
        aws.load({"sign_in_url": SIGN_IN, "acs_url": "not an address"})
    assert set(refused.value.messages) == {"acs_url", "issuer_url"}
    assert len(refused.value.messages["acs_url"]) == 1


def test_response_has_one_attribute_for_strict_service_providers(aws):
    (mail,) = aws.call("attribute_mappings", GOOD)
    assert (mail.friendly_name, mail.source) == ("mail", "user.email")


def test_metadata_file_fills_in_all_but_the_sign_in_url(aws):
    acs = tuple(
        f"https://{region}.signin.aws/platform/saml/acs/3f2b"
        for region in ("us-east-1", "eu-west-1")
    )
    metadata = VendorMetadata(entity_id=ISSUER, acs_urls=acs)
    assert aws.from_metadata(metadata) == {"acs_url": "\n".join(acs), "issuer_url": ISSUER}
