"""Salesforce: sign in to an org through its My Domain."""

from collections.abc import Mapping as Settings
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema
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
    hookimpl,
)

from ssoko_salesforce.demands import RULES
from ssoko_salesforce.form import KNOWN_HOST, InstallForm

__version__ = "0.1.0"


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Salesforce",
        summary="Sign in to an org, a sandbox or an Experience Cloud site",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
        vendor="Salesforce",
        category="Sales and support",
        homepage="https://help.salesforce.com/s/articleView?id=sf.sso_saml.htm&type=5",
        publisher="Ssoko",
        monogram="SF",
        aliases=("crm", "sales cloud", "service cloud", "my domain", "sfdc"),
        requirements=(
            "An account of a System Administrator of the org",
            "A My Domain that is deployed",
            "A Federation ID for each user, the same as what Ssoko sends",
        ),
        metadata_file="In Salesforce: Single Sign-On Settings > the entry > Download Metadata",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="one",
        certificate_import="Single Sign-On Settings > the entry > Identity Provider Certificate",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(
            key="metadata_file",
            label="Metadata file",
            paste_into="New from Metadata File",
            help="It fills in all the values below",
        ),
        MetadataField(key="metadata_url", label="Metadata URL", paste_into="New from Metadata URL"),
        MetadataField(key="entity_id", label="Entity ID", paste_into="Issuer"),
        MetadataField(
            key="login_endpoint",
            label="Login Endpoint",
            paste_into="Identity Provider Login URL",
        ),
        MetadataField(
            key="logout_endpoint",
            label="Logout Endpoint",
            paste_into="Identity Provider Single Logout URL",
        ),
        MetadataField(
            key="certificate", label="Certificate", paste_into="Identity Provider Certificate"
        ),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(
        name="sso-salesforce-{name}-role", description="May sign in to {name} at Salesforce"
    )


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    org = f"https://{settings['my_domain']}"
    return ServiceProvider(
        entity_id=settings["entity_id"] or org,
        acs_urls=(settings["login_url"] or org,),
        name_id_format=NameIdFormat.UNSPECIFIED,
        name_id_source=settings["federation_id"],
        sign_response=True,
        sign_assertion=True,
        certificates=tuple(settings["certificates"]),
        slo_url=settings["logout_url"] or f"{org}/services/auth/sp/saml2/logout",
        slo_binding="redirect",
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    # Salesforce reads attributes for User Provisioning alone, and then wants a profile.
    if not settings["profile_id"]:
        return ()
    rows = (
        ("User.Username", "user.email", "Username, one of its kind in all of Salesforce", True),
        ("User.Email", "user.email", "E-mail address", True),
        ("User.LastName", "user.last_name", "Last name", True),
        ("User.FirstName", "user.first_name", "First name", False),
        ("User.FederationIdentifier", settings["federation_id"], "Federation ID", True),
        ("User.ProfileId", f"constant:{settings['profile_id']}", "Profile for new users", False),
    )
    return tuple(
        Mapping(name=name, source=source, label=label, required=required, name_format="basic")
        for name, source, label, required in rows
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Point at what looks unusual: another kind of host, or a login elsewhere."""
    host, found = settings["my_domain"], []
    if not KNOWN_HOST.fullmatch(host):
        found.append(
            Problem(
                "my_domain",
                "A My Domain usually ends in .my.salesforce.com. Compare it with Current My "
                "Domain URL in Setup",
                "warning",
            )
        )
    for field in ("login_url", "logout_url"):
        if settings[field] and urlsplit(settings[field]).hostname != host:
            found.append(
                Problem(
                    field,
                    "This is another host than the My Domain. Compare it with Endpoints in "
                    "Single Sign-On Settings",
                    "warning",
                )
            )
    return tuple(found)


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    login_url = metadata.acs_urls[0] if metadata.acs_urls else ""
    return {
        "my_domain": login_url.removeprefix("https://").partition("/")[0].partition("?")[0],
        "entity_id": metadata.entity_id,
        "login_url": login_url,
        "logout_url": next((end.url for end in metadata.slo if end.binding == "redirect"), ""),
        "certificates": list(metadata.certificates),
    }


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
