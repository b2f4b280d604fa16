"""The install form: the account, the provider in IAM, and the session."""

import re

from marshmallow import ValidationError
from marshmallow.validate import Regexp
from ssoko.plugin import checks, fields

from ssoko_aws_account.arns import PARTITIONS


class AccountId(fields.Text):
    """Twelve digits, also with hyphens or spaces, in an ARN or in a sign-in URL."""

    def clean(self, text: str) -> str:
        digits = re.sub(r"[\s-]", "", text)
        if match := re.match(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):", text):
            return match[1]
        if match := re.match(r"(?:https?://)?(\d{12})\.signin\.", text):
            return match[1]
        return digits


class ProviderName(fields.Text):
    """The name of the identity provider in IAM, also from its ARN."""

    def clean(self, text: str) -> str:
        return text.rpartition(":saml-provider/")[2]


def _check_provider(text: str) -> None:
    if not re.fullmatch(r"[\w.-]{1,128}", text, re.ASCII):
        raise ValidationError("Use up to 128 letters, digits and . _ - as in IAM")


def _check_duration(text: str) -> None:
    if not (re.fullmatch(r"[0-9]{3,5}", text) and 900 <= int(text) <= 43200):
        raise ValidationError("Enter seconds from 900 to 43200, or leave the field empty")


def _check_sign_in_url(text: str) -> None:
    if "/platform/saml/" in text:
        raise ValidationError(
            "This URL is for IAM Identity Center. Install AWS to use it. "
            "For account federation, leave the field empty"
        )
    checks.check_url(text)


class InstallForm(fields.Form):
    """One AWS account, or the first of several with the same provider."""

    account_id = AccountId(
        required=True,
        validate=Regexp(
            r"[0-9]{12}\Z",
            error="Enter the 12 digits of the account, from the console's top right",
        ),
        label="AWS account ID",
        help="The account of IAM roles that are entered by name",
        placeholder="123456789012",
        where_to_find="In AWS: at the top right, below your name",
    )
    provider_name = ProviderName(
        required=True,
        validate=_check_provider,
        label="Provider name",
        help="The name of the identity provider in IAM, in the same case",
        placeholder="Ssoko",
        where_to_find="In AWS: IAM > Identity providers > Add provider",
    )
    roles = fields.Lines(
        fields.Text(),
        load_default=list,
        label="IAM roles",
        help="One per line, by name or ARN. Used for roles in Ssoko without the attribute aws_role",
        placeholder="ReadOnly",
        where_to_find="In AWS: IAM > Roles",
        multiline=True,
    )
    partition = fields.Choice(
        {name: partition.label for name, partition in PARTITIONS.items()},
        load_default="aws",
        label="Partition",
        help="The AWS partition of the account",
    )
    sign_in_url = fields.Text(
        load_default="",
        validate=checks.optional(_check_sign_in_url),
        label="Sign-in URL",
        help="Only for the endpoint of a Region or of the provider. Otherwise leave it empty",
        placeholder="https://signin.aws.amazon.com/saml",
        where_to_find="In AWS: IAM > Identity providers > the provider",
    )
    entity_id = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_entity_id),
        label="Entity ID",
        help="Only if the metadata file of AWS has another one than the partition's",
        placeholder="urn:amazon:webservices",
    )
    session_name = fields.Choice(
        {"email": "Email", "username": "Username", "id": "ID"},
        load_default="email",
        label="Session name",
        help="The name of the user in CloudTrail. Characters that AWS refuses become hyphens",
    )
    session_duration = fields.Text(
        load_default="",
        validate=checks.optional(_check_duration),
        label="Session duration",
        help="Seconds in the console, 900 to 43200 and no more than the IAM role allows",
        placeholder="3600",
    )
    console_page = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_url),
        label="Console page",
        help="The first page after the sign-in. Leave it empty for the console's home",
        placeholder="https://eu-west-1.console.aws.amazon.com/ec2/home",
    )
