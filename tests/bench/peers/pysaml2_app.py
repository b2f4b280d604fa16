"""An identity provider from pysaml2 and Flask: a signed session cookie, no database.

`gunicorn tests.bench.peers.pysaml2_app:app`; its settings come as JSON in PYSAML2_IDP.
"""

import json
import os
from typing import Any

from flask import Flask, redirect, request, session
from flask.typing import ResponseReturnValue
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.server import Server

FORM = '<form method="post"><input name="username"><input name="password" type="password"></form>'
PEOPLE = {"amina": "open-sesame"}
SP_METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">'
    '<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<AssertionConsumerService isDefault="true" index="0" Location="{acs_url}" '
    'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>'
    "</SPSSODescriptor></EntityDescriptor>"
)


def make_server(settings: dict[str, Any]) -> Server:
    """Return pysaml2's identity provider, which signs the assertion alone."""
    base = settings["base"]
    config = {
        "entityid": f"{base}/metadata",
        "key_file": settings["key"],
        "cert_file": settings["certificate"],
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "metadata": {
            "inline": [
                SP_METADATA.format(entity_id=settings["entity_id"], acs_url=settings["acs_url"])
            ]
        },
        "service": {
            "idp": {
                "endpoints": {"single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_REDIRECT)]},
                "sign_response": False,
                "sign_assertion": True,
                "policy": {"default": {"attribute_restrictions": None, "fail_on_missing": False}},
            }
        },
    }
    return Server(config=IdPConfig().load(config))


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
        answer = server.response_args(message, bindings=[BINDING_HTTP_POST])
        response = server.create_authn_response(
            settings["attributes"],
            userid=session["person"],
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": settings["base"]},
            name_id=server.ident.transient_nameid(
                session["person"], sp_name_qualifier=settings["entity_id"]
            ),
            sign_response=False,
            sign_assertion=True,
            **answer,
        )
        page = server.apply_binding(
            BINDING_HTTP_POST,
            f"{response}",
            answer["destination"],
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
