"""AWS: sign in to IAM Identity Center (once AWS Single Sign-On) and the accounts behind it."""

from collections.abc import Callable
from collections.abc import Mapping as Settings
from importlib.resources import files
from typing import Any

from marshmallow import Schema, ValidationError
from ssoko.plugin import (
    AcceptanceRule,
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    Problem,
    ServiceProvider,
    Site,
    VendorMetadata,
    fields,
    hookimpl,
)

from ssoko_aws import addresses
from ssoko_aws.demands import RULES

__version__ = "0.1.0"

WHERE = (
    "IAM Identity Center > Settings > Identity source > Actions > Change identity source > "
    "External identity provider"
)
CERTIFICATES = (
    "IAM Identity Center > Settings > Identity source > Actions > Manage authentication > "
    "Manage SAML 2.0 certificates"
)


def _recognised(field: str) -> Callable[[str], None]:
    """Return the check that refuses an address of another kind, once each."""

    def check(text: str) -> None:
        problems = [p for address in text.split() for p in addresses.judge(field, address)]
        errors = dict.fromkeys(p.message for p in problems if p.level == "error")
        if errors:
            raise ValidationError(list(errors))

    return check


class Addresses(fields.Text):
    """One or more addresses: a list, or text with spaces or line breaks between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, list):
            if not all(isinstance(item, str) for item in value):
                raise ValidationError("Give each ACS URL as text")
            value = "\n".join(value)
        text = super()._deserialize(value, attr, data, **kwargs)
        return "\n".join(dict.fromkeys(text.split()))


def _labelled(label: str, aws: str, once: str, placeholder: str, **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "help": f"{aws}, once {once}",
        "placeholder": placeholder,
        "where_to_find": f"In AWS: {WHERE}. There: {aws}",
        **more,
    }


class InstallForm(Schema):
    """What AWS shows under Service provider metadata."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    sign_in_url = fields.Text(
        required=True,
        validate=_recognised("sign_in_url"),
        metadata=_labelled(
            "Sign-in URL",
            "AWS access portal sign-in URL",
            "AWS SSO Sign-in URL",
            "https://d-1234567890.awsapps.com/start",
        ),
    )
    acs_url = Addresses(
        required=True,
        validate=_recognised("acs_url"),
        metadata=_labelled(
            "ACS URL",
            "IAM Identity Center Assertion Consumer Service (ACS) URL",
            "SSO ACS URL. Several may stand one below the other, the primary Region's first",
            "https://us-east-1.signin.aws/platform/saml/acs/...",
            multiline=True,
        ),
    )
    issuer_url = fields.Text(
        required=True,
        validate=_recognised("issuer_url"),
        metadata=_labelled(
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
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
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
            "An account in AWS that may change the identity source of IAM Identity Center",
            "In IAM Identity Center, a user for each person, whose username is the person's e-mail",
        ),
        metadata_file="In AWS: Service provider metadata > Download metadata file",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="many",
        certificate_import=f"{CERTIFICATES} > Import certificate. AWS trusts all that are there.",
        certificate_removal=f"{CERTIFICATES}: delete the old certificate, and type DELETE.",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="login_endpoint", label="Login Endpoint", paste_into="IdP sign-in URL"),
        MetadataField(key="entity_id", label="Entity ID", paste_into="IdP issuer URL"),
        MetadataField(
            key="certificate",
            label="Certificate",
            paste_into="IdP certificate",
            help="AWS takes a file of up to 2,500 characters; this one fits",
        ),
        MetadataField(
            key="metadata_file",
            label="Metadata file",
            paste_into="IdP SAML metadata",
            help="Uploaded to AWS, it stands for the three values above",
        ),
        MetadataField(key="metadata_url", label="Metadata URL"),
        MetadataField(
            key="logout_endpoint",
            label="Logout Endpoint",
            help="AWS does not ask for it; leaving the access portal ends the AWS session only",
        ),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(name="sso-aws-{name}-role", description="May sign in to {name} at AWS")


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["issuer_url"],
        acs_urls=tuple(settings["acs_url"].split()),
        # AWS compares the NameID with the username in Identity Center, and takes no other format.
        name_id_format=NameIdFormat.EMAIL,
        name_id_source="user.email",
        sign_response=True,
        sign_assertion=True,
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    # AWS asks for none and ignores this one; strict service providers want an answer to have one.
    return (
        Mapping(
            name="urn:oid:0.9.2342.19200300.100.1.3",
            friendly_name="mail",
            name_format="uri",
            source="user.email",
            label="E-mail address",
        ),
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Point at addresses that look unusual; those of another kind are refused by the form."""
    found = (
        problem
        for field in ("sign_in_url", "acs_url", "issuer_url")
        for address in settings[field].split()
        for problem in addresses.judge(field, address)
    )
    return tuple(dict.fromkeys(found))


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    # The Sign-in URL is in no metadata; it stays to be typed.
    return {"acs_url": "\n".join(metadata.acs_urls), "issuer_url": metadata.entity_id}


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
