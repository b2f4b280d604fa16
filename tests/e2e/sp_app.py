"""Service providers built with python3-saml in strict mode, served by a separate process.

``python sp_app.py PORT`` listens on 127.0.0.1. Each provider has a name and is configured with
``PUT /sp/<name>``::

    {"entity_id": ..., "acs_url": ..., "name_id_format": ...,
     "idp": {"entity_id": ..., "login_endpoint": ..., "logout_endpoint": ..., "certificate": PEM},
     "certificate": PEM, "private_key": PEM, "security": {python3-saml's own options}}

The provider that stands for AWS is configured on the page ``/aws/console`` or, with files, on
``/aws/files``.
"""

import secrets
import sys
from typing import Any
from urllib.parse import urlsplit

import waitress
from flask import Flask, abort, jsonify, redirect, render_template_string, request, session
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants as C
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

AWS = {
    "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
    "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
    "acs_path": "/platform/saml/acs/3f2b8c1e-5d74-4a90-9c61-0b7e2d8f4a15",
}

AUTO_POST = """<!doctype html><html lang="en"><title>To the identity provider</title>
<form method="post" action="{{ url }}">
<input type="hidden" name="SAMLRequest" value="{{ message }}">
<input type="hidden" name="RelayState" value="{{ relay_state }}"><button>Continue</button></form>
<script>document.forms[0].submit()</script></html>"""

CONSOLE = """<!doctype html><html lang="en"><title>IAM Identity Center</title>
<h1>Change identity source</h1>
{% if changed %}<p role="status">You changed the identity source</p>{% endif %}
<h2>Service provider metadata</h2><dl>
<dt>AWS SSO Sign-in URL</dt><dd id="sign-in">{{ aws.sign_in_url }}</dd>
<dt>AWS SSO ACS URL</dt><dd id="acs">{{ acs_url }}</dd>
<dt>AWS SSO Issuer URL</dt><dd id="issuer">{{ aws.issuer_url }}</dd></dl>
<h2>Identity provider metadata</h2>
<form method="post" enctype="multipart/form-data">
<p><label>IdP sign-in URL <input name="login_endpoint" required></label></p>
<p><label>IdP issuer URL <input name="entity_id" required></label></p>
<p><label>IdP certificate <input type="file" name="certificate" required></label></p>
<p><label>Type ACCEPT <input name="accept" pattern="ACCEPT" required></label></p>
<p><button>Change identity source</button></p></form></html>"""


FILES = """<!doctype html><html lang="en"><title>IAM Identity Center</title>
<h1>Change identity source</h1>
{% if changed %}<p role="status">You changed the identity source</p>{% endif %}
<p>AWS SSO Sign-in URL: <span id="sign-in">{{ aws.sign_in_url }}</span></p>
<p><a href="/aws/metadata" download="aws-metadata.xml">Download metadata file</a></p>
<form method="post" enctype="multipart/form-data">
<p><label>IdP SAML metadata <input type="file" name="metadata" required></label></p>
<p><label>Type ACCEPT <input name="accept" pattern="ACCEPT" required></label></p>
<p><button>Change identity source</button></p></form></html>"""


class ServiceProvider:
    """The configuration of a provider, its pending requests and the results of its responses."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.waiting: dict[str, str] = {}
        self.results: list[dict[str, Any]] = []

    def settings(self, name_id_format: str = "") -> dict[str, Any]:
        """Return the settings in the format of python3-saml."""
        config, idp = self.config, self.config["idp"]
        provider = {
            "entityId": idp["entity_id"],
            "singleSignOnService": {"url": idp["login_endpoint"]},
            "x509cert": idp["certificate"],
        }
        if idp.get("logout_endpoint"):
            provider["singleLogoutService"] = {"url": idp["logout_endpoint"]}
        security = {"wantAssertionsSigned": True, "requestedAuthnContext": False}
        security |= {"rejectUnsolicitedResponsesWithInResponseTo": True}
        return {
            "strict": True,
            "sp": {
                "entityId": config["entity_id"],
                "assertionConsumerService": {"url": config["acs_url"]},
                "singleLogoutService": {"url": config.get("slo_url", "")},
                "NameIDFormat": name_id_format
                or config.get("name_id_format", C.NAMEID_UNSPECIFIED),
                "x509cert": config.get("certificate", ""),
                "privateKey": config.get("private_key", ""),
            },
            "idp": provider,
            "security": security | config.get("security", {}),
        }

    def auth(self, name_id_format: str = "") -> OneLogin_Saml2_Auth:
        """Return the python3-saml object for the current HTTP request."""
        here = urlsplit(request.url)
        request_data = {
            "https": "off",
            "http_host": here.netloc,
            "script_name": here.path,
            "get_data": request.args.to_dict(),
            "post_data": request.form.to_dict(),
            "query_string": request.query_string.decode(),
        }
        return OneLogin_Saml2_Auth(request_data, old_settings=self.settings(name_id_format))

    def receive(self) -> dict[str, Any]:
        """Validate the SAML response in the current HTTP request."""
        auth = self.auth()
        in_reply_to = in_response_to(request.form["SAMLResponse"])
        waited = self.waiting.pop(in_reply_to, None)
        auth.process_response(request_id=None if waited is None else in_reply_to)
        result = {
            "authenticated": auth.is_authenticated(),
            "errors": auth.get_errors(),
            "reason": auth.get_last_error_reason(),
            "name_id": auth.get_nameid(),
            "name_id_format": auth.get_nameid_format(),
            "attributes": auth.get_attributes(),
            "session_index": auth.get_session_index(),
            "in_response_to": in_reply_to,
            "asked_by": waited,
            "relay_state": request.form.get("RelayState"),
            "xml": auth.get_last_response_xml(),
        }
        self.results.append(result)
        return result


def in_response_to(encoded: str) -> str:
    """Return the InResponseTo of a response, or an empty string."""
    message = OneLogin_Saml2_XML.to_etree(OneLogin_Saml2_Utils.b64decode(encoded))
    return message.get("InResponseTo", "")


def create_app() -> Flask:
    """Return the application that serves all providers."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(16)
    app.config["SESSION_COOKIE_NAME"] = "service-providers"
    providers: dict[str, ServiceProvider] = {}

    def provider(name: str) -> ServiceProvider:
        return providers.get(name) or abort(404)

    @app.put("/sp/<name>")
    def configure(name: str):
        config = ServiceProvider(request.get_json())
        config.settings()
        providers[name] = config
        return "", 204

    @app.get("/sp/<name>/redirect")
    def start_by_redirect(name: str):
        sp = provider(name)
        auth = sp.auth(request.args.get("name_id_format", ""))
        url = auth.login(
            return_to=request.args.get("RelayState", ""),
            force_authn="force" in request.args,
            is_passive="passive" in request.args,
            set_nameid_policy="no_policy" not in request.args,
        )
        sp.waiting[auth.get_last_request_id()] = "redirect"
        return redirect(url, 302)

    @app.get("/sp/<name>/post")
    def start_by_post(name: str):
        sp = provider(name)
        settings = OneLogin_Saml2_Settings(sp.settings(request.args.get("name_id_format", "")))
        message = OneLogin_Saml2_Authn_Request(
            settings,
            force_authn="force" in request.args,
            is_passive="passive" in request.args,
            set_nameid_policy="no_policy" not in request.args,
        )
        sp.waiting[message.get_id()] = "post"
        xml = message.get_xml()
        if settings.get_security_data()["authnRequestsSigned"]:
            key, certificate = settings.get_sp_key(), settings.get_sp_cert()
            xml = OneLogin_Saml2_Utils.add_sign(xml, key, certificate, sign_algorithm=C.RSA_SHA256)
        return render_template_string(
            AUTO_POST,
            url=sp.config["idp"]["login_endpoint"],
            message=OneLogin_Saml2_Utils.b64encode(xml),
            relay_state=request.args.get("RelayState", ""),
        )

    @app.get("/sp/<name>/metadata")
    def metadata(name: str):
        settings = OneLogin_Saml2_Settings(provider(name).settings())
        return settings.get_sp_metadata(), {"Content-Type": "application/samlmetadata+xml"}

    @app.post("/sp/<name>/acs")
    def consume(name: str):
        result = provider(name).receive()
        if result["authenticated"]:
            session[name] = [result["name_id"], result["session_index"], result["name_id_format"]]
        return jsonify(result), 200 if result["authenticated"] else 403

    @app.get("/sp/<name>/me")
    def me(name: str):
        return jsonify(session.get(name))

    @app.get("/sp/<name>/results")
    def results(name: str):
        return jsonify(provider(name).results)

    @app.get("/sp/<name>/logout")
    def start_logout(name: str):
        name_id, session_index, name_id_format = session[name]
        return redirect(
            provider(name)
            .auth()
            .logout(
                return_to=request.args.get("RelayState", ""),
                name_id=name_id,
                session_index=session_index,
                name_id_format=name_id_format,
            )
        )

    @app.get("/sp/<name>/sls")
    def logout_message(name: str):
        auth = provider(name).auth()
        onward = auth.process_slo(delete_session_cb=lambda: session.pop(name, None))
        if onward and not auth.get_errors():
            return redirect(onward)
        return jsonify(errors=auth.get_errors(), reason=auth.get_last_error_reason())

    def aws_acs_url() -> str:
        return f"http://{request.host}{AWS['acs_path']}"

    def trust(idp: dict[str, str]) -> None:
        config = {"entity_id": AWS["issuer_url"], "acs_url": aws_acs_url(), "idp": idp}
        config["name_id_format"] = C.NAMEID_EMAIL_ADDRESS
        providers["aws"] = ServiceProvider(config)

    @app.route("/aws/console", methods=["GET", "POST"])
    def aws_console():
        changed = request.method == "POST" and request.form["accept"] == "ACCEPT"
        if changed:
            idp = {
                "entity_id": request.form["entity_id"],
                "login_endpoint": request.form["login_endpoint"],
                "certificate": request.files["certificate"].read().decode("ascii"),
            }
            trust(idp)
        return render_template_string(CONSOLE, aws=AWS, acs_url=aws_acs_url(), changed=changed)

    @app.route("/aws/files", methods=["GET", "POST"])
    def aws_files():
        changed = request.method == "POST" and request.form["accept"] == "ACCEPT"
        if changed:
            file = request.files["metadata"].read()
            idp = OneLogin_Saml2_IdPMetadataParser.parse(file)["idp"]
            trust(
                {
                    "entity_id": idp["entityId"],
                    "login_endpoint": idp["singleSignOnService"]["url"],
                    "certificate": idp["x509cert"],
                }
            )
        return render_template_string(FILES, aws=AWS, changed=changed)

    @app.get("/aws/metadata")
    def aws_metadata():
        acs = {"url": aws_acs_url(), "binding": C.BINDING_HTTP_POST}
        config = {"entityId": AWS["issuer_url"], "assertionConsumerService": acs}
        settings = OneLogin_Saml2_Settings({"sp": config}, sp_validation_only=True)
        return settings.get_sp_metadata(), {"Content-Type": "application/samlmetadata+xml"}

    @app.post(AWS["acs_path"])
    def aws_acs():
        result = provider("aws").receive()
        return jsonify(result), 200 if result["authenticated"] else 403

    return app


if __name__ == "__main__":
    waitress.serve(create_app(), host="127.0.0.1", port=int(sys.argv[1]), threads=4)
