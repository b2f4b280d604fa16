"""The pages: parse, call one service, render."""

import importlib

from flask import Blueprint, Flask

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
    "traces",
    "settings",
    "docs",
    "saml",
    "logout",
)


def init_web(app: Flask) -> None:
    """Give the app its pages, and what all of them are held to.

    The services are in ``app.extensions["ssoko"]`` already.
    """
    from ssoko.web import drawing, errors, notices, security, session

    security.init_security(app)
    session.init_session(app)
    drawing.init_drawing(app)
    errors.init_errors(app)
    notices.init_notices(app)
    # Carries the templates, wherever the app itself lives.
    app.register_blueprint(Blueprint("web", __name__, template_folder="templates"))
    for name in PAGES:
        app.register_blueprint(importlib.import_module(f"ssoko.web.{name}").blueprint)
