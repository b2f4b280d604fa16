"""Zoom: sign in to an account with a vanity URL."""

from functools import partial
from typing import Any

from ssoko.plugin import (
    AcceptanceRule,
    Fact,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    ServiceProvider,
    Settings,
    VendorMetadata,
    acceptance,
    fields,
    hookimpl,
)

__version__ = "0.1.0"

VENDOR_HOSTS = (
    *("zoom.us", "www.zoom.us", "zoom.com", "www.zoom.com", "zoomgov.com", "www.zoomgov.com"),
    *(f"us{number:02}web.zoom.us" for number in range(1, 10)),
)


class InstallForm(fields.Form):
    vanity_url = fields.Host(
        ".zoom.us",
        vendor_hosts=VENDOR_HOSTS,
        required=True,
        label="Vanity URL",
        help="The URL of your account, or its part before .zoom.us",
        placeholder="acme.zoom.us",
        where_to_find="In Zoom: Account Management > Account Profile",
        usual=r"[a-z0-9][a-z0-9-]*\.(zoom\.us|zoom\.com|zoomgov\.com)",
    )
    entity_id = fields.Choice(
        {"host": "Without https://", "url": "With https://"},
        load_default="host",
        label="Service Provider (SP) Entity ID",
        help="With or without https://, as chosen in Zoom",
        where_to_find="In Zoom: Advanced > Single Sign-On",
    )


#: What the texts and values of this plugin rely on.
FACTS = (
    Fact(
        claim="The codes of the errors",
    ),
    Fact(
        claim="The URL of the metadata",
    ),
)


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Zoom",
        summary="Sign in to meetings, webinars and phone with one click",
        vendor="Zoom",
        category="Collaboration",
        homepage="https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0060673",
        publisher="Ssoko",
        monogram="Zo",
        aliases=("meetings", "video", "webinar", "conference"),
        requirements=(
            "Zoom on the plan Business, Education or Enterprise",
            "An approved vanity URL, such as acme.zoom.us",
        ),
        metadata_hosts=r".*\.(zoom\.us|zoom\.com|zoomgov\.com)",
        metadata_file="Your vanity URL with /saml/metadata/sp at its end",
        facts=FACTS,
        api="1.0",
        tested_with="0.1",
        certificate_import="Advanced > Single Sign-On > Edit > Identity provider certificate",
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="login_endpoint", paste_into="Sign-in page URL"),
        MetadataField(key="logout_endpoint", paste_into="Sign-out page URL"),
        MetadataField(
            key="certificate",
            paste_into="Identity provider certificate",
            help="Without the lines BEGIN CERTIFICATE and END CERTIFICATE",
        ),
        MetadataField(key="entity_id", paste_into="Issuer (IDP Entity ID)"),
        MetadataField(key="metadata_url"),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    host = settings["vanity_url"]
    return ServiceProvider(
        entity_id=host if settings["entity_id"] == "host" else f"https://{host}",
        acs_urls=(f"https://{host}/saml/SSO",),
        name_id_format=NameIdFormat.EMAIL,
        slo_url=f"https://{host}/saml/SingleLogout",
    )


@hookimpl
def attribute_mappings() -> tuple[Mapping, ...]:
    # The admin enters these names on Zoom's page SAML Response Mapping.
    mapping = partial(Mapping, name_format="basic")
    return (
        mapping(name="email", source="user.email", label="Email"),
        mapping(name="firstName", source="user.first_name", label="First name"),
        mapping(name="lastName", source="user.last_name", label="Last name"),
    )


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    return {
        "vanity_url": fields.host_of(metadata.entity_id),
        "entity_id": "url" if metadata.entity_id.startswith("https://") else "host",
    }


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return acceptance.usual(NameIdFormat.EMAIL, no_encryption="Encryption stays off in Zoom")
