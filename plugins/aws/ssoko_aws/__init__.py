"""AWS: sign in to IAM Identity Center (formerly AWS Single Sign-On) and its accounts."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError
from ssoko.plugin import (
    AcceptanceRule,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    Problem,
    ServiceProvider,
    Settings,
    VendorMetadata,
    fields,
    hookimpl,
)

from ssoko_aws import urls
from ssoko_aws.acceptance import RULES

__version__ = "0.1.0"

WHERE = (
    "IAM Identity Center > Settings > Identity source > Actions > Change identity source > "
    "External identity provider"
)
CERTIFICATES = (
    "IAM Identity Center > Settings > Identity source > Actions > Manage authentication > "
    "Manage SAML 2.0 certificates"
)


def _check(field: str) -> Callable[[str], None]:
    """Return the validator that refuses URLs of another kind."""

    def check(text: str) -> None:
        problems = [p for url in text.split() for p in urls.problems(field, url)]
        errors = dict.fromkeys(p.message for p in problems if p.level == "error")
        if errors:
            raise ValidationError(list(errors))

    return check


class Urls(fields.Text):
    """One or more URLs: a list, or text with spaces, commas, semicolons or lines between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, list):
            if not all(isinstance(item, str) for item in value):
                raise ValidationError("Enter each ACS URL as text")
            value = "\n".join(value)
        return super()._deserialize(value, attr, data, **kwargs)

    def clean(self, text: str) -> str:
        urls = (part.strip(",;") for part in re.split(r"[\s]+|[,;]+(?=https?://)", text))
        return "\n".join(dict.fromkeys(filter(None, urls)))


def _texts(label: str, name: str, formerly: str, placeholder: str) -> dict[str, str]:
    return {
        "label": label,
        "help": f"{name}, formerly {formerly}",
        "placeholder": placeholder,
        "where_to_find": f"In AWS: {WHERE}. There: {name}",
    }


class PortalUrl(fields.Text):
    """The URL of an access portal; what follows it in a browser's address is removed."""

    def clean(self, text: str) -> str:
        return urls.portal(text)


class InstallForm(fields.Form):
    """The values that AWS shows under Service provider metadata."""

    sign_in_url = PortalUrl(
        required=True,
        validate=_check("sign_in_url"),
        **_texts(
            "Sign-in URL",
            "AWS access portal sign-in URL",
            "AWS SSO Sign-in URL",
            "https://d-1234567890.awsapps.com/start",
        ),
    )
    acs_url = Urls(
        required=True,
        validate=_check("acs_url"),
        **_texts(
            "ACS URL",
            "IAM Identity Center Assertion Consumer Service (ACS) URL",
            "SSO ACS URL. One URL per line, primary Region first",
            "https://us-east-1.signin.aws/platform/saml/acs/...",
        ),
        multiline=True,
    )
    issuer_url = fields.Text(
        required=True,
        validate=_check("issuer_url"),
        **_texts(
            "Issuer URL",
            "IAM Identity Center issuer URL",
            "AWS SSO Issuer URL",
            "https://us-east-1.signin.aws.amazon.com/platform/saml/d-1234567890",
        ),
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="AWS",
        summary="Sign in to IAM Identity Center and every account behind it",
        vendor="AWS",
        category="Cloud",
        homepage="https://docs.aws.amazon.com/singlesignon/latest/userguide/what-is.html",
        publisher="Ssoko",
        monogram="AWS",
        aliases=(
            "amazon web services",
            "iam identity center",
            "aws single sign-on",
            "aws sso",
            "access portal",
        ),
        requirements=(
            "An AWS account with permission to change the identity source of IAM Identity Center",
            "In IAM Identity Center, a user for each person, whose username is the email address",
        ),
        metadata_hosts=r".*\.(signin\.aws|aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn"
        r"|amazonaws-eusc\.eu|amazonaws\.eu)|urn:amazon:webservices(:.*)?",
        metadata_file="In AWS: Service provider metadata > Download metadata file",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="many",
        certificate_import=f"{CERTIFICATES} > Import certificate. AWS accepts all of them.",
        certificate_removal=f"{CERTIFICATES}: delete the old certificate, and type DELETE.",
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="login_endpoint", paste_into="IdP sign-in URL"),
        MetadataField(key="entity_id", paste_into="IdP issuer URL"),
        MetadataField(
            key="certificate",
            paste_into="IdP certificate",
            help="AWS accepts a file of up to 2,500 characters; this one fits",
        ),
        MetadataField(
            key="metadata_file",
            paste_into="IdP SAML metadata",
            help="Upload it to AWS in place of the three values above",
        ),
        MetadataField(key="metadata_url"),
        MetadataField(
            key="logout_endpoint",
            help="AWS does not ask for it. Signing out of AWS does not end the Ssoko session",
        ),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["issuer_url"],
        acs_urls=tuple(settings["acs_url"].split()),
        # AWS compares the NameID with the username in Identity Center, and accepts no other format.
        name_id_format=NameIdFormat.EMAIL,
    )


@hookimpl
def attribute_mappings() -> tuple[Mapping, ...]:
    # AWS asks for no attribute. Strict service providers expect at least one.
    return (
        Mapping(
            name="urn:oid:0.9.2342.19200300.100.1.3",
            friendly_name="mail",
            name_format="uri",
            source="user.email",
            label="Email",
        ),
    )


@hookimpl
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    """Warn of URLs that look unusual; the form refuses URLs of another kind."""
    problems = (
        problem
        for field in ("sign_in_url", "acs_url", "issuer_url")
        for url in settings[field].split()
        for problem in urls.problems(field, url)
    )
    return tuple(dict.fromkeys(problems))


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    # The metadata does not contain the Sign-in URL; the admin enters it.
    return {"acs_url": "\n".join(metadata.acs_urls), "issuer_url": metadata.entity_id}


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
