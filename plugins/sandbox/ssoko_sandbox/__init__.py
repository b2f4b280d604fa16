"""Sandbox: a service provider of our own, to see a sign-in from end to end without a vendor."""

import secrets
from collections.abc import Mapping as Settings
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from marshmallow import Schema
from marshmallow.validate import Regexp
from ssoko.plugin import (
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    ServiceProvider,
    Site,
    WebContext,
    fields,
    hookimpl,
)

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__version__ = "0.1.0"


def make_key() -> str:
    """Return a new key, unlike any other."""
    return secrets.token_hex(4)


class Key(fields.Text):
    """A word for addresses; when it is left empty one is made."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).lower() or make_key()


class InstallForm(Schema):
    """One optional word."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    key = Key(
        load_default=make_key,
        validate=Regexp(
            r"[a-z0-9][a-z0-9-]{2,39}\Z",
            error="Use three to 40 small letters, digits and hyphens",
        ),
        metadata={
            "label": "Key",
            "help": "Part of this sandbox's address, different for each. Left empty, one is made",
            "placeholder": "tryout",
        },
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Sandbox",
        summary="Try a sign-in from end to end with a built-in service provider",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
        category="Development",
        publisher="Ssoko",
        monogram="Sb",
        aliases=("test", "demo", "try", "practice", "debug", "python3-saml"),
        api="1.0",
        tested_with="0.1",
        # It asks for the certificates at every sign-in.
        certificates_accepted="metadata",
        opt_in=True,
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    known = "The sandbox knows it already"
    return (
        MetadataField(key="login_endpoint", label="Login Endpoint", help=known),
        MetadataField(key="entity_id", label="Entity ID", help=known),
        MetadataField(key="certificate", label="Certificate", help=known),
        MetadataField(key="metadata_url", label="Metadata URL"),
        MetadataField(key="logout_endpoint", label="Logout Endpoint"),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(name="sso-sandbox-{name}-role", description="May sign in to {name}")


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    address = f"{site.plugin_url}/{settings['key']}"
    return ServiceProvider(
        entity_id=f"{address}/metadata",
        acs_urls=(f"{address}/acs",),
        name_id_format=NameIdFormat.UNSPECIFIED,
        name_id_source="user.username",
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    sources = "email first_name last_name display_name groups roles".split()
    return tuple(
        Mapping(
            name=source,
            source=f"user.{source}",
            name_format="basic",
            label=source.replace("_", " ").capitalize(),
        )
        for source in sources
    )


@hookimpl
def web_application(context: WebContext) -> "WSGIApplication":
    # Flask and python3-saml are loaded only where the pages are shown.
    from ssoko_sandbox.pages import create_app

    return create_app(context)
