"""What the marketplace lists."""

from typing import Any

from marshmallow import fields

from ssoko.plugin.host.index import IndexEntry
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.schemas import install_form
from ssoko.schemas.output import Choice, Output, Texts

TIERS = ("bronze", "silver", "gold")


class OfferSchema(Output):
    """A plugin in the plugin index."""

    distribution = fields.String()
    version = fields.String()
    requires_core = fields.String(
        metadata={"description": "Versions of Ssoko that it requires, such as `>=0.1,<0.2`."}
    )
    tested_with = fields.String(
        attribute="about.tested_with",
        metadata={"description": "Versions of Ssoko that it was tested with, or empty."},
    )
    sha256 = fields.String(metadata={"description": "Of the wheel, in hexadecimal."})
    tier = Choice(TIERS, allow_none=True, metadata={"description": "Quality tier."})

    def read_tier(self, entry: IndexEntry) -> str | None:
        return entry.tier or None


class IntegrationCardSchema(Output):
    """An integration in the list."""

    slug = fields.String()
    name = fields.String()
    summary = fields.String()
    vendor = fields.String()
    category = fields.String()
    publisher = fields.String(metadata={"description": "Author of the plugin, or empty."})
    installed = fields.Integer(
        metadata={"description": "How many applications of the workspace use it."}
    )
    on_server = fields.Boolean(metadata={"description": "Its plugin is loaded."})
    offer = fields.Nested(
        OfferSchema,
        allow_none=True,
        metadata={
            "description": "Its entry in the plugin index, when no plugin is loaded or the entry "
            "is newer."
        },
    )


class MetadataFieldSchema(Output):
    """A value of Ssoko that the vendor asks for."""

    key = fields.String(metadata={"description": "Such as `login_endpoint`."})
    label = fields.String()
    paste_into = fields.String(
        metadata={"description": "The vendor's name of the field, or empty."}
    )
    help = fields.String()


class IntegrationSchema(Output):
    """An integration whose plugin is loaded."""

    slug = fields.String()
    name = fields.String(attribute="integration.name")
    summary = fields.String(attribute="integration.summary")
    description = fields.String(
        attribute="integration.description", metadata={"description": "Markdown."}
    )
    vendor = fields.String()
    category = fields.String(attribute="integration.category")
    homepage = fields.String(
        attribute="integration.homepage",
        metadata={"description": "URL of the vendor's documentation, or empty."},
    )
    publisher = fields.String(
        attribute="integration.publisher",
        metadata={"description": "Author of the plugin, or empty."},
    )
    requirements = Texts(
        attribute="integration.requirements",
        metadata={"description": "What an admin needs before the installation."},
    )
    distribution = fields.String()
    version = fields.String()
    default_role = fields.String(
        attribute="default_role.name",
        metadata={"description": "Pattern of the name of the default role."},
    )
    metadata_fields = fields.List(fields.Nested(MetadataFieldSchema))
    form = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(),
        metadata={"description": "The install form as JSON Schema (2020-12)."},
    )

    def read_vendor(self, loaded: LoadedIntegration) -> str:
        return loaded.integration.vendor or loaded.integration.name

    def read_form(self, loaded: LoadedIntegration) -> dict[str, Any]:
        return install_form.describe(loaded.form)
