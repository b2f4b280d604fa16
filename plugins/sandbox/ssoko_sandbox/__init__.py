"""Sandbox: a built-in service provider, to try a sign-in from end to end without a vendor."""

import secrets
from wsgiref.types import WSGIApplication

from marshmallow.validate import Regexp
from ssoko.plugin import (
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    ServiceProvider,
    Settings,
    Site,
    WebContext,
    fields,
    hookimpl,
)

__version__ = "0.1.0"


def make_key() -> str:
    """Return a new random key."""
    return secrets.token_hex(4)


class Key(fields.Text):
    """Part of a URL; an empty one is generated."""

    def clean(self, text: str) -> str:
        return text.lower() or make_key()


class InstallForm(fields.Form):
    key = Key(
        load_default=make_key,
        validate=Regexp(
            r"[a-z0-9][a-z0-9-]{2,39}\Z",
            error="Use three to 40 lowercase letters, digits and hyphens",
        ),
        label="Key",
        help="Part of this sandbox's URL, unique. Leave it empty to generate one",
        placeholder="trial",
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Sandbox",
        summary="Try a sign-in from end to end with a built-in service provider",
        category="Development",
        publisher="Ssoko",
        monogram="Sb",
        aliases=("test", "demo", "try", "practice", "debug", "python3-saml"),
        api="1.0",
        tested_with="0.1",
        # It reads the certificates at every sign-in.
        certificates_accepted="metadata",
        opt_in=True,
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    automatic = "The sandbox reads it automatically"
    return (
        MetadataField(key="login_endpoint", help=automatic),
        MetadataField(key="entity_id", help=automatic),
        MetadataField(key="certificate", help=automatic),
        MetadataField(key="metadata_url"),
        MetadataField(key="logout_endpoint"),
    )


@hookimpl
def service_provider(settings: Settings, site: Site) -> ServiceProvider:
    url = f"{site.plugin_url}/{settings['key']}"
    return ServiceProvider(
        entity_id=f"{url}/metadata",
        acs_urls=(f"{url}/acs",),
        name_id_format=NameIdFormat.UNSPECIFIED,
        name_id_source="user.username",
    )


@hookimpl
def attribute_mappings() -> tuple[Mapping, ...]:
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
def web_application(context: WebContext) -> WSGIApplication:
    # Flask and python3-saml are imported only where the pages are served.
    from ssoko_sandbox.pages import create_app

    return create_app(context)
