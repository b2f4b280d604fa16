"""The JSON API: parse a request, call the same service as the pages, and dump the result."""

import importlib

from flask import Flask
from werkzeug.routing import BaseConverter


class IdConverter(BaseConverter):
    """An ID, slug or reference in a URL; other texts are not found."""

    regex = r"[A-Za-z0-9_-]{1,64}"


def init_api(app: Flask) -> None:
    """Register the API on the application."""
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
