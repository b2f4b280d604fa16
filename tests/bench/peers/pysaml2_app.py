"""An identity provider from pysaml2 and Flask: a signed session cookie, no database.

`gunicorn tests.bench.peers.pysaml2_app:app`; its settings are JSON in PYSAML2_IDP.
"""

import json
import os
from typing import Any

from flask import Flask, redirect, request, session
from flask.typing import ResponseReturnValue
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

from tests.bench.peers.pysaml2_response import make_server, respond

FORM = '<form method="post"><input name="username"><input name="password" type="password"></form>'
PEOPLE = {"amina": "open-sesame"}


def make_app(settings: dict[str, Any]) -> Flask:
    """Return the WSGI application."""
    app = Flask(__name__)
    app.secret_key = os.urandom(32)
    server = make_server(settings)

    @app.get("/sso")
    def sso() -> str:
        if "person" not in session:
            return FORM
        message = server.parse_authn_request(
            request.args["SAMLRequest"], BINDING_HTTP_REDIRECT
        ).message
        response_args = server.response_args(message, bindings=[BINDING_HTTP_POST])
        response = respond(server, session["person"], settings, response_args)
        page = server.apply_binding(
            BINDING_HTTP_POST,
            f"{response}",
            response_args["destination"],
            request.args["RelayState"],
            response=True,
        )
        return str(page["data"])

    @app.post("/sso")
    def sign_in() -> ResponseReturnValue:
        name = request.form["username"]
        if PEOPLE.get(name) != request.form["password"]:
            return FORM, 403
        session["person"] = name
        return redirect(request.full_path, 303)

    return app


app = make_app(json.loads(os.environ["PYSAML2_IDP"]))
