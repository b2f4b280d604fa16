import base64

import boto3
import pytest
import ssoko_aws_account
from marshmallow import ValidationError
from moto import mock_aws
from ssoko.errors import AccessRefused
from ssoko.plugin import (
    HeldRole,
    NameIdFormat,
    Person,
    SamlAttribute,
    SignInRefused,
    VendorMetadata,
)
from ssoko.plugin.testing import LoadedPlugin, assert_integration
from ssoko.services.access import roles
from ssoko.services.troubleshooting import check

PLUGIN, SLUG = ssoko_aws_account, "aws-account"
ACCOUNT = "123456789012"
LEAST = {"account_id": ACCOUNT, "provider_name": "Ssoko"}
GOOD = {**LEAST, "roles": ["ReadOnly"]}
READ_ONLY = f"arn:aws:iam::{ACCOUNT}:role/ReadOnly,arn:aws:iam::{ACCOUNT}:saml-provider/Ssoko"
PREFIX = "https://aws.amazon.com/SAML/Attributes/"
OTHER = "arn:aws:iam::210987654321:role/team/Dev"


@pytest.fixture(scope="module")
def aws() -> LoadedPlugin:
    return assert_integration(ssoko_aws_account, GOOD)


def person(*held: HeldRole, **changes: str) -> Person:
    values = {
        "id": "u1",
        "username": "amina",
        "email": "amina@acme.test",
        "first_name": "Amina",
        "last_name": "Otieno",
        **changes,
    }
    return Person(application_roles=held or (HeldRole(name="readers"),), **values)


def message(aws: LoadedPlugin, settings: dict, person: Person) -> dict[str, tuple[str, ...]]:
    names = tuple(role.name for role in person.application_roles)
    values = aws.call("saml_attributes", settings, person=person, roles=names)
    assert {attribute.name_format for attribute in values} == {"uri"}
    return {attribute.name.removeprefix(PREFIX): attribute.values for attribute in values}


@pytest.mark.parametrize(
    ("partition", "entity_id", "acs_url"),
    [
        ("aws", "urn:amazon:webservices", "https://signin.aws.amazon.com/saml"),
        (
            "aws-us-gov",
            "urn:amazon:webservices:govcloud",
            "https://signin.amazonaws-us-gov.com/saml",
        ),
        ("aws-cn", "urn:amazon:webservices:cn-north-1", "https://signin.amazonaws.cn/saml"),
        (
            "aws-eusc",
            "urn:amazon:webservices",
            "https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml",
        ),
    ],
)
def test_each_partition_has_its_service_provider(aws, partition, entity_id, acs_url):
    sp = aws.service_provider({**GOOD, "partition": partition})
    assert (sp.entity_id, sp.acs_urls) == (entity_id, (acs_url,))
    assert sp.name_id_format == NameIdFormat.PERSISTENT
    assert sp.sign_assertion
    assert sp.sign_response
    assert sp.launch_url == ""
    assert sp.relay_state.startswith("https://console.")


def test_both_integrations_belong_to_the_same_vendor(aws):
    assert aws.entry.integration.vendor == "AWS"


def test_roles_without_the_attribute_use_the_iam_roles_of_the_form(aws):
    assert message(aws, GOOD, person()) == {
        "Role": (READ_ONLY,),
        "RoleSessionName": ("amina@acme.test",),
    }


def test_each_role_has_its_own_iam_roles(aws):
    held = (
        HeldRole(name="auditors", attributes={"aws_role": "Audit"}),
        HeldRole(name="developers", attributes={"aws_role": ["Audit", OTHER], "x": "y"}),
    )
    assert message(aws, {**GOOD, "session_duration": "7200"}, person(*held)) == {
        "Role": (
            READ_ONLY.replace("ReadOnly", "Audit"),
            f"{OTHER},arn:aws:iam::210987654321:saml-provider/Ssoko",
        ),
        "RoleSessionName": ("amina@acme.test",),
        "SessionDuration": ("7200",),
    }


def test_both_arns_are_accepted_in_either_order(aws):
    role, provider = READ_ONLY.replace("Ssoko", "Other").split(",")
    for text in (f"{role},{provider}", f"{provider}, {role}"):
        holder = person(HeldRole(name="a", attributes={"aws_role": text}))
        assert message(aws, LEAST, holder)["Role"] == (f"{role},{provider}",)


def test_the_partition_is_part_of_the_arns(aws):
    application = message(aws, {**GOOD, "partition": "aws-cn"}, person())["Role"]
    assert application == (READ_ONLY.replace("arn:aws:", "arn:aws-cn:"),)


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("o'brien+x@acme.test", "o-brien+x@acme.test"),
        ("zoë@acme.test", "zo-@acme.test"),
        ("a" * 60 + "@acme.test", "a" * 60 + "@acm"),
    ],
)
def test_session_name_is_valid_for_aws(aws, email, name):
    assert message(aws, GOOD, person(email=email))["RoleSessionName"] == (name,)


def test_user_without_an_iam_role_is_refused_with_the_fix(aws):
    with pytest.raises(SignInRefused, match="The role readers has no IAM role") as refused:
        message(aws, LEAST, person())
    assert "aws_role:" in refused.value.fix


def test_invalid_iam_role_is_refused_with_the_name_of_the_role(aws):
    held = HeldRole(name="devs", attributes={"aws_role": "arn:aws:iam::1:role/x"})
    with pytest.raises(SignInRefused, match="aws_role of the role devs: .* is not an IAM role"):
        message(aws, GOOD, person(held))


def test_user_without_an_email_address_is_refused(aws):
    with pytest.raises(SignInRefused, match="email of this user is too short"):
        message(aws, GOOD, person(email=""))


def test_hyphens_of_the_account_id_are_removed(aws):
    assert aws.load({**GOOD, "account_id": " 1234-5678-9012 "})["account_id"] == ACCOUNT


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("account_id", "12345", "Enter the 12 digits"),
        ("account_id", "١٢٣٤٥٦٧٨٩٠١٢", "Enter the 12 digits"),
        ("provider_name", "two words", "as in IAM"),
        ("partition", "aws-iso", "Choose aws"),
        ("session_name", "user.email", "Choose email"),
        ("session_duration", "899", "900 to 43200"),
        ("session_duration", "1h", "900 to 43200"),
        ("console_page", "http://console.aws.amazon.com", "https"),
        ("sign_in_url", "signin.aws.amazon.com", "https://"),
        (
            "sign_in_url",
            "https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/1",
            "for IAM Identity Center",
        ),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(aws, field, value, words):
    with pytest.raises(ValidationError) as refused:
        aws.load({**GOOD, field: value})
    assert list(refused.value.messages) == [field]
    assert words in refused.value.messages[field][0]


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        (["Read Only"], "is not an IAM role"),
        ([f"arn:aws:iam::{ACCOUNT}:user/x"], "is not an IAM role"),
        (["a,b"], "is not a pair"),
        ([READ_ONLY.replace(ACCOUNT, "210987654321", 1)], "different accounts"),
        ([READ_ONLY, "a,b,c"], "is not an IAM role"),
    ],
)
def test_iam_roles_of_the_form_must_be_valid(aws, roles, words):
    assert words in aws.problems({**GOOD, "roles": roles})["roles"]


@pytest.mark.parametrize(
    "typed",
    [
        "1234-5678-9012",
        "1234 5678 9012",
        "123456789012\u200b",
        "Account ID: 123456789012",
        "arn:aws:iam::123456789012:root",
        "https://123456789012.signin.aws.amazon.com/console",
    ],
)
def test_account_id_is_read_from_what_the_console_shows(aws, typed):
    assert aws.load({**GOOD, "account_id": typed})["account_id"] == ACCOUNT


def test_provider_name_is_read_from_its_arn(aws):
    arn = f"arn:aws:iam::{ACCOUNT}:saml-provider/Mine"
    assert aws.load({**GOOD, "provider_name": arn})["provider_name"] == "Mine"


def test_entity_id_of_the_metadata_is_used_where_the_partition_has_none(aws):
    url = "https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml"
    found = VendorMetadata(entity_id="urn:amazon:webservices:other", acs_urls=(url,))
    values = aws.from_metadata(found)
    assert values["partition"] == "aws-eusc"
    assert aws.service_provider({**GOOD, **values}).entity_id == "urn:amazon:webservices:other"
    assert "entity_id" in aws.problems({**GOOD, "partition": "aws-eusc"}, level="warning")


def test_endpoint_of_another_partition_is_refused_and_unusual_one_warns(aws):
    gov = {**GOOD, "sign_in_url": "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml"}
    assert aws.problems(gov) == {
        "partition": "The sign-in URL belongs to AWS GovCloud (US). Choose AWS GovCloud (US)"
    }
    odd = {**GOOD, "sign_in_url": "https://signin.example.com/saml"}
    assert not aws.problems(odd)
    assert "looks unusual" in aws.problems(odd, level="warning")["sign_in_url"]
    own = {**GOOD, "sign_in_url": "https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSP1"}
    assert aws.call("check_settings", own) == ()
    assert aws.service_provider(own).acs_urls == (own["sign_in_url"],)


def test_metadata_file_fills_in_partition_and_endpoint(aws):
    gov = VendorMetadata(
        entity_id="urn:amazon:webservices:govcloud",
        acs_urls=("https://signin.amazonaws-us-gov.com/saml",),
    )
    values = aws.from_metadata(gov)
    assert values == {"partition": "aws-us-gov", "sign_in_url": gov.acs_urls[0], "entity_id": ""}
    assert not aws.problems({**GOOD, **values})


@mock_aws
def test_assertion_is_exchanged_for_credentials(visit):
    app = visit.install({**LEAST, "session_duration": "1800"})
    roles.update_role(visit.scope, app.default_role.id, attributes={"aws_role": "Developer"})
    response = visit.launch(app, visit.person(app))
    assert response.acs_url == "https://signin.aws.amazon.com/saml"
    assert response.relay_state == "https://console.aws.amazon.com/"
    ((role, provider),) = (v.split(",") for v in response.attributes[(f"{PREFIX}Role", "uri")])

    credentials = boto3.client("sts", region_name="us-east-1").assume_role_with_saml(
        RoleArn=role, PrincipalArn=provider, SAMLAssertion=response.saml_response
    )

    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/Developer/amina@acme.test"
    assert credentials["AssumedRoleUser"]["Arn"] == who
    keys = credentials["Credentials"]
    caller = boto3.client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    ).get_caller_identity()
    assert (caller["Account"], caller["Arn"]) == (ACCOUNT, who)


def test_response_has_the_attributes_for_aws(visit):
    app = visit.install(GOOD)
    response = visit.ask(app, visit.person(app))
    assert response.attributes == {
        (f"{PREFIX}Role", "uri"): [READ_ONLY],
        (f"{PREFIX}RoleSessionName", "uri"): ["amina@acme.test"],
    }
    assert response.name_id[0] == NameIdFormat.PERSISTENT
    assert response.find("//saml:Audience")[0].text == "urn:amazon:webservices"
    (data,) = response.find("//saml:SubjectConfirmationData")
    assert data.get("Recipient") == "https://signin.aws.amazon.com/saml"
    assert len(base64.b64decode(response.saml_response)) < 100_000


def test_refusal_without_an_iam_role_says_where_to_add_it(visit):
    app = visit.install(LEAST)
    session = visit.person(app)
    with pytest.raises(AccessRefused) as refused:
        visit.launch(app, session)
    assert refused.value.code == "plugin-refused"
    assert "has no IAM role" in refused.value.received
    assert "aws_role:" in refused.value.fix


def test_check_reports_the_missing_iam_role_until_it_is_set(visit):
    app = visit.install(LEAST)
    user_id = visit.person(app).user.id
    report = check.check(visit.scope, app.id, user_id=user_id)
    (finding,) = [item for item in report.general if item.id == "plugin-refused"]
    assert finding.sentence.startswith("The role sso-aws-account-")
    assert "aws_role:" in finding.fix
    roles.update_role(visit.scope, app.default_role.id, attributes={"aws_role": "Developer"})
    report = check.check(visit.scope, app.id, user_id=user_id)
    assert not [item for item in report.general + report.vendor if item.state == "fail"]


def attribute(name: str, *values: str) -> SamlAttribute:
    return SamlAttribute(name=f"{PREFIX}{name}", values=values)


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"attributes": (attribute("Role", "Developer"),)}, "role-pairs"),
        (
            {"attributes": (attribute("Role", READ_ONLY.replace(ACCOUNT, "210987654321", 1)),)},
            "role-pairs",
        ),
        ({"attributes": (attribute("RoleSessionName", "o'brien"),)}, "session-name"),
        ({"attributes": (attribute("RoleSessionName", "amina", "two"),)}, "session-name"),
        ({"attributes": (attribute("PrincipalTag:Team", "a", "b"),)}, "session-tags"),
        ({"attributes": (attribute("PrincipalTag:Team", "a" * 257),)}, "session-tags"),
    ],
)
def test_acceptance_rules_find_what_the_vendor_refuses(aws, changes, broken):
    verdicts = aws.verdicts(GOOD, **changes)
    assert [rule for rule, verdict in verdicts.items() if verdict is False] == [broken]
