"""The install form: the account, the provider there, and what a session is like."""

import re
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.validate import OneOf
from ssoko.plugin import checks, fields

from ssoko_aws_account.arns import PARTITIONS

SESSION_NAMES = {"email": "E-mail address", "username": "User name", "id": "Id"}


class AccountId(fields.Text):
    """Twelve digits; the console shows them with hyphens, which go."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).replace("-", "")


def _check_account(text: str) -> None:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise ValidationError("Paste the 12 digits of the account, from the console's top right")


def _check_provider(text: str) -> None:
    name = text.rpartition(":saml-provider/")[2]
    if name != text:
        raise ValidationError(f"Paste the name alone, without the ARN: {name}")
    if not re.fullmatch(r"[\w.-]{1,128}", text, re.ASCII):
        raise ValidationError("Use up to 128 letters, digits and . _ - as IAM does")


def _check_duration(text: str) -> None:
    if text and not (re.fullmatch(r"[0-9]{3,5}", text) and 900 <= int(text) <= 43200):
        raise ValidationError("Write seconds from 900 to 43200, or leave it empty")


def _check_sign_in_url(text: str) -> None:
    if "/platform/saml/" in text:
        raise ValidationError(
            "This address is for IAM Identity Center; install AWS for it. "
            "For account federation leave the field empty"
        )
    if text:
        checks.check_url(text)


def _check_console(text: str) -> None:
    if text:
        checks.check_url(text)


class InstallForm(Schema):
    """One AWS account, or the first of several with the same provider."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    account_id = AccountId(
        required=True,
        validate=_check_account,
        metadata={
            "label": "AWS account ID",
            "help": "Where IAM roles are that are written by name",
            "placeholder": "123456789012",
            "where_to_find": "In AWS: at the top right, below your name",
        },
    )
    provider_name = fields.Text(
        required=True,
        validate=_check_provider,
        metadata={
            "label": "Provider name",
            "help": "What the identity provider is called in IAM, in the same case",
            "placeholder": "Ssoko",
            "where_to_find": "In AWS: IAM > Identity providers > Add provider",
        },
    )
    roles = fields.Lines(
        fields.Text(),
        load_default=list,
        metadata={
            "label": "IAM roles",
            "help": "One a line, by name or ARN: for people whose roles have no attribute aws_role",
            "placeholder": "ReadOnly",
            "where_to_find": "In AWS: IAM > Roles",
            "multiline": True,
        },
    )
    partition = fields.Text(
        load_default="aws",
        validate=OneOf(PARTITIONS, error="Choose aws, aws-us-gov or aws-cn"),
        metadata={
            "label": "Partition",
            "help": "Which of the separate AWS clouds the account is in",
            "choices": {name: partition.label for name, partition in PARTITIONS.items()},
        },
    )
    sign_in_url = fields.Text(
        load_default="",
        validate=_check_sign_in_url,
        metadata={
            "label": "Sign-in URL",
            "help": "Only for a Region's own endpoint, or that of the provider; else empty",
            "placeholder": "https://signin.aws.amazon.com/saml",
            "where_to_find": "In AWS: IAM > Identity providers > the provider",
        },
    )
    session_name = fields.Text(
        load_default="email",
        validate=OneOf(SESSION_NAMES, error="Choose email, username or id"),
        metadata={
            "label": "Session name",
            "help": "What CloudTrail calls people; signs that AWS refuses become hyphens",
            "choices": SESSION_NAMES,
        },
    )
    session_duration = fields.Text(
        load_default="",
        validate=_check_duration,
        metadata={
            "label": "Session duration",
            "help": "Seconds in the console, 900 to 43200 and no more than the IAM role allows",
            "placeholder": "3600",
        },
    )
    console_page = fields.Text(
        load_default="",
        validate=_check_console,
        metadata={
            "label": "Console page",
            "help": "Where people land; empty for the console's home",
            "placeholder": "https://eu-west-1.console.aws.amazon.com/ec2/home",
        },
    )
