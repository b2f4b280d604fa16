"""The JSON API: thin over the same services as the pages."""

import importlib

from flask import Flask
from werkzeug.routing import BaseConverter


class IdConverter(BaseConverter):
    """Ids and slugs as Ssoko makes them; anything else is no address."""

    regex = r"[A-Za-z0-9_-]{1,64}"


def init_api(app: Flask) -> None:
    """Register the API."""
    # The modules add their endpoints to the blueprint while they are imported.
    for name in (
        "applications",
        "people",
        "guide",
        "issuers",
        "marketplace",
        "check",
        "activity",
        "upgrades",
    ):
        importlib.import_module(f"ssoko.web.api.resources.{name}")
    from ssoko.web.api import endpoint, openapi

    app.url_map.converters["id"] = IdConverter
    app.register_blueprint(endpoint.blueprint)
    app.register_blueprint(openapi.blueprint)
