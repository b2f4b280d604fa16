"""Salesforce: sign in to an org through its My Domain."""

import re
from typing import Any
from urllib.parse import urlsplit

from marshmallow.validate import Regexp
from ssoko.plugin import (
    AcceptanceRule,
    Fact,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    Problem,
    ServiceProvider,
    Settings,
    VendorMetadata,
    acceptance,
    checks,
    fields,
    hookimpl,
)

__version__ = "0.1.0"

SETUP = "In Salesforce: Setup > Single Sign-On Settings"
SUFFIX = ".my.salesforce.com"
VENDOR_HOSTS = ("login.salesforce.com", "test.salesforce.com", "www.salesforce.com")
SOURCES = {"user.email": "Email", "user.username": "Username", "user.id": "ID, which never changes"}


class MyDomain(fields.Host):
    """The host of a My Domain, from its name or any URL of the org."""

    def clean(self, text: str) -> str:
        host = re.sub(
            r"\.(lightning\.force|my\.salesforce-setup)\.com$", SUFFIX, super().clean(text)
        )
        return re.sub(r"(\.(sandbox|develop|scratch))$", rf"\1{SUFFIX}", host)


class InstallForm(fields.Form):
    my_domain = MyDomain(
        SUFFIX,
        vendor_hosts=VENDOR_HOSTS,
        required=True,
        label="My Domain",
        help="The URL of your org, or its part before .my.salesforce.com",
        placeholder="acme.my.salesforce.com",
        where_to_find="In Salesforce: Setup > My Domain > Current My Domain URL",
        usual=r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        r"(\.(sandbox|develop|scratch|demo|patch|trailblaze|free))?\.my\.salesforce\.(com|mil)",
    )
    federation_id = fields.Choice(
        SOURCES,
        load_default="user.email",
        label="Federation ID",
        help="The value of this field on each user's page in Salesforce",
    )
    entity_id = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_entity_id),
        label="Entity ID",
        help="Only if it differs from the URL of the My Domain",
        placeholder="https://acme.my.salesforce.com",
        where_to_find=f"{SETUP} > the entry",
    )
    login_url = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_url),
        label="Login URL",
        help="Only if Salesforce shows another URL than the My Domain",
        placeholder="https://acme.my.salesforce.com?so=00D...",
        where_to_find=f"{SETUP} > Endpoints",
    )
    logout_url = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_url),
        label="Logout URL",
        help="Only if Salesforce shows another URL than the usual one",
        placeholder="https://acme.my.salesforce.com/services/auth/sp/saml2/logout",
        where_to_find=f"{SETUP} > Endpoints",
    )
    profile_id = fields.Text(
        load_default="",
        validate=checks.optional(
            Regexp(
                r"00e[A-Za-z0-9]{12}([A-Za-z0-9]{3})?\Z",
                error="Enter the profile's ID. It starts with 00e and is in the URL of its page",
            )
        ),
        label="Profile for new users",
        help="Only with User Provisioning: its ID, which starts with 00e",
        placeholder="00e000000000001AAA",
        where_to_find="In Salesforce: Setup > Profiles > the profile, in the URL",
    )
    certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        load_default=list,
        label="Request Signing Certificate",
        help="Salesforce signs its requests with it. The metadata file fills this in",
        where_to_find="In Salesforce: Setup > Certificate and Key Management",
        multiline=True,
    )


#: What the texts and values of this plugin rely on.
FACTS = (
    Fact(
        claim="Federation IDs are compared without case by default, and by case otherwise",
        verified="2026-11-28",
        source="https://help.salesforce.com/s/articleView?id=xcloud.sso_service_provider_configuration.htm&type=5",
    ),
    Fact(
        claim="A configuration is created by hand, from a metadata file or from a metadata URL",
        verified="2026-11-28",
        source="https://help.salesforce.com/s/articleView?id=xcloud.sso_service_provider_configuration.htm&type=5",
    ),
    Fact(
        claim="Salesforce accepts a signed response, a signed assertion, or both",
    ),
    Fact(
        claim="The texts of the Login History",
    ),
)


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Salesforce",
        summary="Sign in to an org, a sandbox or an Experience Cloud site",
        vendor="Salesforce",
        category="Sales and support",
        homepage="https://help.salesforce.com/s/articleView?id=sf.sso_saml.htm&type=5",
        publisher="Ssoko",
        monogram="SF",
        aliases=("crm", "sales cloud", "service cloud", "my domain", "sfdc"),
        requirements=(
            "An account of a System Administrator of the org",
            "A deployed My Domain",
            "A Federation ID for each user, with the value that Ssoko sends",
        ),
        metadata_hosts=r".*\.(salesforce|force|site|cloudforce|salesforce-sites)\.(com|mil)",
        metadata_file="In Salesforce: Single Sign-On Settings > the entry > Download Metadata",
        facts=FACTS,
        api="1.0",
        tested_with="0.1",
        certificate_import="Single Sign-On Settings > the entry > Identity Provider Certificate",
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    field = MetadataField
    return (
        field(key="metadata_file", paste_into="New from Metadata File", help="Fills in all others"),
        field(key="metadata_url", paste_into="New from Metadata URL"),
        field(key="entity_id", paste_into="Issuer"),
        field(key="login_endpoint", paste_into="Identity Provider Login URL"),
        field(key="logout_endpoint", paste_into="Identity Provider Single Logout URL"),
        field(key="certificate", paste_into="Identity Provider Certificate"),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    org = f"https://{settings['my_domain']}"
    return ServiceProvider(
        entity_id=settings["entity_id"] or org,
        acs_urls=(settings["login_url"] or org,),
        name_id_source=settings["federation_id"],
        certificates=tuple(settings["certificates"]),
        slo_url=settings["logout_url"] or f"{org}/services/auth/sp/saml2/logout",
    )


@hookimpl
def attribute_mappings(settings: Settings) -> tuple[Mapping, ...]:
    # Salesforce reads attributes for User Provisioning only, which needs a profile.
    if not settings["profile_id"]:
        return ()
    rows = (
        ("Username", "user.email", "Username, unique in all of Salesforce", True),
        ("Email", "user.email", "Email", True),
        ("LastName", "user.last_name", "Last name", True),
        ("FirstName", "user.first_name", "First name", False),
        ("FederationIdentifier", settings["federation_id"], "Federation ID", True),
        ("ProfileId", f"constant:{settings['profile_id']}", "Profile for new users", False),
    )
    return tuple(
        Mapping(name=f"User.{name}", source=source, label=label, required=req, name_format="basic")
        for name, source, label, req in rows
    )


@hookimpl
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    message = "This host differs from the My Domain. Compare it with Endpoints in Salesforce"
    return fields.warnings(InstallForm, settings) + tuple(
        Problem(field, message, "warning")
        for field in ("login_url", "logout_url")
        if settings[field] and urlsplit(settings[field]).hostname != settings["my_domain"]
    )


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    login_url = metadata.acs_urls[0] if metadata.acs_urls else ""
    return {
        "my_domain": fields.host_of(login_url),
        "entity_id": metadata.entity_id,
        "login_url": login_url,
        "logout_url": next((end.url for end in metadata.slo if end.binding == "redirect"), ""),
        "certificates": list(metadata.certificates),
    }


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return (
        *acceptance.usual(NameIdFormat.UNSPECIFIED, NameIdFormat.EMAIL),
        acceptance.vendor_knows(
            "NameID equals the Federation ID",
            "Compare it with the user's page in Salesforce, including its case.",
        ),
    )
