"""Zoom: sign in to an account with a vanity URL."""

import re
from collections.abc import Mapping as Settings
from importlib.resources import files
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.validate import OneOf
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

from ssoko_zoom.demands import RULES

__version__ = "0.1.0"

_KNOWN = re.compile(r"[a-z0-9][a-z0-9-]*\.(zoom\.us|zoom\.com|zoomgov\.com)")
_ZOOMS_OWN = {"zoom.us", "www.zoom.us", "zoom.com", "www.zoom.com", "zoomgov.com"}
ENTITY_IDS = {"host": "Without https://", "url": "With https://"}


class Vanity(fields.Text):
    """The host of a vanity URL, out of its name, its host or any address on it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        host = re.sub(r"^https?://", "", text).partition("/")[0]
        return host if "." in host else f"{host}.zoom.us"


def _check_vanity(host: str) -> None:
    if host in _ZOOMS_OWN:
        raise ValidationError(f"{host} is for everybody; paste your vanity URL, as in acme.zoom.us")
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", host):
        raise ValidationError("Paste your vanity URL, as in acme.zoom.us")


class InstallForm(Schema):
    """Which account, and how it names itself."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    vanity_url = Vanity(
        required=True,
        validate=_check_vanity,
        metadata={
            "label": "Vanity URL",
            "help": "The address of your account, or its part before .zoom.us",
            "placeholder": "acme.zoom.us",
            "where_to_find": "In Zoom: Account Management > Account Profile",
        },
    )
    entity_id = fields.Text(
        load_default="host",
        validate=OneOf(ENTITY_IDS, error="Choose host or url"),
        metadata={
            "label": "Service Provider (SP) Entity ID",
            "help": "With or without https://, as chosen in Zoom",
            "where_to_find": "In Zoom: Advanced > Single Sign-On",
            "choices": ENTITY_IDS,
        },
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Zoom",
        summary="Sign in to meetings, webinars and phone with one click",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
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
        metadata_file="Your vanity URL with /saml/metadata/sp at its end",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="one",
        certificate_import="Advanced > Single Sign-On > Edit > Identity provider certificate",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="login_endpoint", label="Login Endpoint", paste_into="Sign-in page URL"),
        MetadataField(
            key="logout_endpoint", label="Logout Endpoint", paste_into="Sign-out page URL"
        ),
        MetadataField(
            key="certificate",
            label="Certificate",
            paste_into="Identity provider certificate",
            help="Without the lines BEGIN CERTIFICATE and END CERTIFICATE",
        ),
        MetadataField(key="entity_id", label="Entity ID", paste_into="Issuer (IDP Entity ID)"),
        MetadataField(key="metadata_url", label="Metadata URL"),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(name="sso-zoom-{name}-role", description="May sign in to {name} at Zoom")


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    host = settings["vanity_url"]
    return ServiceProvider(
        entity_id=host if settings["entity_id"] == "host" else f"https://{host}",
        acs_urls=(f"https://{host}/saml/SSO",),
        name_id_format=NameIdFormat.EMAIL,
        name_id_source="user.email",
        sign_response=True,
        sign_assertion=True,
        slo_url=f"https://{host}/saml/SingleLogout",
        slo_binding="redirect",
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    # Zoom's page SAML Response Mapping is where these names get their meaning.
    return (
        Mapping(name="email", source="user.email", name_format="basic", label="E-mail address"),
        Mapping(
            name="firstName", source="user.first_name", name_format="basic", label="First name"
        ),
        Mapping(name="lastName", source="user.last_name", name_format="basic", label="Last name"),
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Point at a vanity URL that looks unusual."""
    if _KNOWN.fullmatch(settings["vanity_url"]):
        return ()
    return (
        Problem(
            "vanity_url",
            "Vanity URLs usually end in .zoom.us, or in .zoomgov.com. Compare it with Account "
            "Profile in Zoom",
            "warning",
        ),
    )


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    entity_id = metadata.entity_id
    return {
        "vanity_url": entity_id.removeprefix("https://"),
        "entity_id": "url" if entity_id.startswith("https://") else "host",
    }


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
