"""The pages: parse, call one service, render."""

import importlib

from flask import Blueprint, Flask

#: Modules of this package that hold a ``blueprint``, in the order of the menu.
PAGES = (
    "framework.assets",
    "account.sign_in",
    "account.account",
    "home.portal",
    "home.dashboard",
    "marketplace.integration",
    "applications.list_and_tabs",
    "people.users",
    "people.roles",
    "people.groups",
    "activity.log",
    "activity.traces",
    "settings.workspace",
    "home.docs",
    "sso.saml",
    "sso.saml_logout",
)


def init_web(app: Flask, base_url: str) -> None:
    """Give the app its pages, and what all of them are held to.

    The services are in ``app.extensions["ssoko"]`` already.

    :param base_url: where browsers open the site.
    """
    from ssoko.web.components import proxies
    from ssoko.web.framework import (
        errors,
        kept_forms,
        maintenance,
        security,
        session,
        template_globals,
    )

    security.init_security(app, base_url)
    proxies.init_proxies(app)
    session.init_session(app)
    template_globals.init_template_globals(app)
    errors.init_errors(app)
    kept_forms.init_kept_forms(app)
    maintenance.init_maintenance(app)
    # Carries the templates, wherever the app itself lives.
    app.register_blueprint(Blueprint("web", __name__, template_folder="templates"))
    for name in PAGES:
        app.register_blueprint(importlib.import_module(f"ssoko.web.{name}").blueprint)
