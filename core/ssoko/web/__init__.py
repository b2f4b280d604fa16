"""The pages: parse, call one service, render."""

import importlib
import importlib.util

from flask import Blueprint, Flask

from ssoko.config import Config

#: Modules of this package that hold a ``blueprint``, in the order of the menu.
PAGES = (
    "assets",
    "auth",
    "account",
    "portal",
    "home",
    "marketplace",
    "applications",
    "users",
    "roles",
    "groups",
    "activity",
    "settings",
    "saml",
)


def init_web(app: Flask, config: Config | None = None) -> None:
    """Give the app its pages, and what all of them are held to.

    :param config: by default that of the services in ``app.extensions["ssoko"]``.
    """
    from ssoko.web import drawing, errors, security, session

    config = config or app.extensions["ssoko"].config
    app.secret_key = config.secret_key
    security.init_security(app, config)
    session.init_session(app)
    drawing.init_drawing(app)
    errors.init_errors(app)
    # Carries the templates, wherever the app itself lives.
    app.register_blueprint(Blueprint("web", __name__, template_folder="templates"))
    for name in PAGES:
        if importlib.util.find_spec(f"ssoko.web.{name}") is not None:
            app.register_blueprint(importlib.import_module(f"ssoko.web.{name}").blueprint)
