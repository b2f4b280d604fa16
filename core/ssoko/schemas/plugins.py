"""The plugins of the server."""

from typing import get_args

from marshmallow import fields

from ssoko.plugin.host.origin import Kind
from ssoko.schemas.marketplace import TIERS
from ssoko.schemas.output import Choice, Output, Texts
from ssoko.services.plugins.inventory import NAMED_FILES, PluginView, State


class ShortOfSchema(Output):
    """A rule that keeps a plugin from the next quality tier."""

    rule = fields.String()
    message = fields.String()


class PluginSchema(Output):
    """A plugin, loaded or not."""

    slug = fields.String()
    name = fields.String(metadata={"description": "Empty unless the plugin is loaded."})
    distribution = fields.String(metadata={"description": "Empty when it is not installed."})
    version = fields.String()
    publisher = fields.String(metadata={"description": "Author, or empty."})
    source = Choice(
        get_args(Kind),
        allow_none=True,
        metadata={
            "description": "Where it was installed from: `index`, `local` (a file, folder or "
            "repository), `editable` (the author's folder), `modified` (files differ from the "
            "installed ones) or `unknown`. Null when it is not installed."
        },
    )
    source_url = fields.String(metadata={"description": "Path or URL of the source, or empty."})
    changed_files = Texts(
        metadata={"description": f"Files that differ or are missing, at most {NAMED_FILES}."}
    )
    tier = Choice(
        TIERS,
        allow_none=True,
        metadata={"description": "Quality tier by the static checks; null for none."},
    )
    tier_short_of = fields.List(
        fields.Nested(ShortOfSchema),
        metadata={"description": "What is missing for the next tier."},
    )
    tested_with = fields.String(
        metadata={"description": "Versions of Ssoko that its author tested with, or empty."}
    )
    tested = fields.Boolean(
        allow_none=True,
        metadata={"description": "Tested with this version; null when the plugin does not say."},
    )
    state = Choice(
        get_args(State),
        metadata={
            "description": "`loaded`; `broken`: it failed to load, see `stage` and `message`; "
            "`disabled` or `skipped`: see `message`; `found`: installed since Ssoko started."
        },
    )
    stage = fields.String(metadata={"description": "Where loading failed, or empty."})
    message = fields.String(metadata={"description": "Why it is not loaded, or empty."})
    restart = fields.String(metadata={"description": "What a restart would change, or empty."})
    warnings = Texts()
    load_seconds = fields.Float()
    applications = fields.Integer(
        allow_none=True,
        metadata={
            "description": "How many applications of the workspace use it. Null on the command "
            "line, which knows no workspace."
        },
    )

    def read_source(self, plugin: PluginView) -> str | None:
        return plugin.origin.kind if plugin.origin else None

    def read_source_url(self, plugin: PluginView) -> str:
        return plugin.origin.url if plugin.origin else ""

    def read_changed_files(self, plugin: PluginView) -> tuple[str, ...]:
        return plugin.origin.changed[:NAMED_FILES] if plugin.origin else ()

    def read_tier_short_of(self, plugin: PluginView) -> list[dict[str, str]]:
        return [{"rule": rule, "message": message} for rule, message in plugin.short_of]

    def read_load_seconds(self, plugin: PluginView) -> float:
        return round(plugin.seconds, 3)
