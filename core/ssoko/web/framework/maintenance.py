"""Run the hourly maintenance after a response."""

from flask import Flask, Response, request

from ssoko.services import maintenance
from ssoko.web.framework.session import current_services

#: Blueprints of the pages on the way to an application, which must not wait.
_SIGN_IN = frozenset({"saml", "auth", "assets"})


def init_maintenance(app: Flask) -> None:
    """Run the maintenance that is due, after a response that is no part of a sign-in."""
    hourly = maintenance.Hourly()

    @app.after_request
    def run_maintenance(response: Response) -> Response:
        if request.endpoint and request.blueprint and request.blueprint not in _SIGN_IN:
            maintenance.run_if_due(current_services(), hourly)
        return response
