"""Acme: REPLACE with what people sign in to."""

from collections.abc import Mapping as Settings
from importlib.resources import files
from typing import Any

from marshmallow import Schema
from ssoko.plugin import (
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    ServiceProvider,
    Site,
    checks,
    fields,
    hookimpl,
)

__version__ = "0.1.0"


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


class InstallForm(Schema):
    """What an admin copies from Acme."""

    acs_url = fields.Text(
        required=True,
        validate=checks.check_url,
        metadata={
            "label": "ACS URL",
            "help": "REPLACE with what Acme calls it",
            "placeholder": "https://acme.example.com/saml/acs",
            "where_to_find": "REPLACE with the way through Acme's menus",
        },
    )
    entity_id = fields.Text(
        required=True,
        validate=checks.check_entity_id,
        metadata={
            "label": "Entity ID",
            "help": "REPLACE with what Acme calls it",
            "placeholder": "https://acme.example.com/saml/metadata",
            "where_to_find": "REPLACE with the way through Acme's menus",
        },
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Acme",
        summary="REPLACE with what people can do then, in 20 to 80 characters",
        description=_text("description.md"),
        vendor="Acme",
        category="Other",
        publisher="REPLACE with your name",
        logo=_text("logo.svg"),
        api="1.0",
        tested_with="0.1",
        certificates_accepted="metadata",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(
            key="login_endpoint", label="Login Endpoint", paste_into="REPLACE with Acme's name"
        ),
        MetadataField(key="entity_id", label="Entity ID", paste_into="REPLACE with Acme's name"),
        MetadataField(
            key="certificate", label="Certificate", paste_into="REPLACE with Acme's name"
        ),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(name="sso-acme-{name}-role", description="May sign in to {name} at Acme")


@hookimpl
def installation_guide() -> str:
    return _text("guide.md")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["entity_id"],
        acs_urls=(settings["acs_url"],),
        name_id_format=NameIdFormat.EMAIL,
        name_id_source="user.email",
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    return (
        Mapping(name="firstName", source="user.first_name", label="First name"),
        Mapping(name="lastName", source="user.last_name", label="Last name"),
    )
