"""Google Workspace: sign in to Gmail, Drive and Google Cloud with a third-party SAML profile."""

import re

from marshmallow import ValidationError
from marshmallow.validate import Regexp
from ssoko.plugin import (
    AcceptanceRule,
    Fact,
    Integration,
    MetadataField,
    NameIdFormat,
    Problem,
    ServiceProvider,
    Settings,
    SpUrls,
    acceptance,
    fields,
    hookimpl,
)

__version__ = "0.1.0"

LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
ROTATION = "SSO with third party IdP > the profile > Verification certificate"
SAMLRP = r"https://accounts\.google\.com/samlrp/"
URLS = SpUrls(
    vendor="Google",
    entity_id="Entity ID",
    acs_url="ACS URL",
    where_to_find="In Google: Security > Authentication > SSO with third party IdP > the profile > "
    "SP details",
    patterns=(
        (SAMLRP + r"(?:metadata\?rpid=)?([\w-]+)", SAMLRP + r"(?:acs\?rpid=([\w-]+)|([\w-]+)/acs)"),
        # The legacy SSO profile
        (
            r"(?:https://)?(?:www\.)?google\.com(?:/a/([^/?]+))?",
            r"https://(?:www|accounts)\.google\.com/a/([^/?]+)/acs",
        ),
    ),
    not_yet="https://accounts.google.com/samlrp/not-yet",
)


class Domain(fields.Text):
    """A domain, from itself or an email address in it."""

    def clean(self, text: str) -> str:
        host = fields.host_of(text).rpartition("@")[2]
        # Gmail's URL names the domain: https://mail.google.com/a/example.com
        match = re.search(r"google\.com/a/([a-z0-9.-]+)", text.lower())
        domain = match[1] if match else host
        if re.search(r"(^|\.)google\.com$", domain):
            raise ValidationError(f"{domain} belongs to Google. Enter your own domain")
        return domain


class InstallForm(fields.Form):
    domain = Domain(
        required=True,
        validate=Regexp(
            rf"({LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]\Z",
            error="Enter only the domain, such as example.com",
        ),
        label="Primary domain",
        help="The tile opens Gmail of this domain",
        placeholder="example.com",
        where_to_find="In Google: Account > Domains > Manage domains",
    )
    entity_id = URLS.field("entity_id", placeholder="https://accounts.google.com/samlrp/01abcdef")
    acs_url = URLS.field("acs_url", placeholder="https://accounts.google.com/samlrp/01abcdef/acs")


#: What the texts and values of this plugin rely on.
FACTS = (
    Fact(
        claim="The two URLs have the ID in the path, or after rpid=",
    ),
    Fact(
        claim="The texts of the errors",
    ),
)


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Google Workspace",
        summary="Sign in to Gmail, Drive and Google Cloud",
        vendor="Google",
        category="Productivity",
        homepage="https://knowledge.workspace.google.com/admin/apps/sso-assertion-requirements",
        publisher="Ssoko",
        monogram="G",
        aliases=("gmail", "g suite", "google apps", "drive", "calendar", "google cloud"),
        requirements=(
            "An account of a super administrator of Google Workspace",
            "In Google, a user for each person, with the same primary email address",
        ),
        facts=FACTS,
        api="1.0",
        tested_with="0.1",
        certificates_accepted="many",
        certificate_import=ROTATION,
        certificate_removal=ROTATION,
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    two = "As a file. Google keeps two, so that you can rotate them without downtime"
    return (
        MetadataField(key="entity_id", paste_into="IdP entity ID"),
        MetadataField(key="login_endpoint", paste_into="Sign-in page URL"),
        MetadataField(key="certificate", paste_into="Verification certificate", help=two),
        MetadataField(key="metadata_url"),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["entity_id"] or URLS.not_yet,
        acs_urls=(settings["acs_url"] or f"{URLS.not_yet}/acs",),
        name_id_format=NameIdFormat.EMAIL,
        # Google accepts responses to its own requests only; Gmail sends one.
        launch_url=f"https://mail.google.com/a/{settings['domain']}",
    )


@hookimpl
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    return URLS.problems(settings)


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return (
        URLS.rule(),
        *acceptance.usual(
            NameIdFormat.EMAIL,
            no_encryption="Google cannot decrypt assertions",
            no_signed_requests="Google does not sign its requests",
            acs_https=True,
        ),
        acceptance.vendor_knows(
            "NameID equals the primary email address of a user",
            "Compare it in the Admin console, Users. Super administrators never sign in with SSO.",
        ),
    )
