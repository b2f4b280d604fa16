"""Single logout: the endpoint for messages, and the page that notifies the applications.

As in :mod:`ssoko.web.sso.saml`, cookies are not used: a message is authenticated by its signature,
and the page of a sign-out in progress by the key in its URL.
"""

import secrets
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from ssoko.errors import MessageRefused, Refusal
from ssoko.saml.bindings import Inbound, Parameter, decode_post, decode_redirect
from ssoko.services.sso.saml import logout
from ssoko.services.sso.saml.logout_messages import Outgoing
from ssoko.web.framework.assets import static
from ssoko.web.framework.session import current_services
from ssoko.web.sso import saml

blueprint = Blueprint("logout", __name__)
blueprint.register_error_handler(Refusal, saml.refused)

# The page's script checks whether an application can be reached. This request can be redirected
# anywhere, so connect-src allows all hosts.
_NOTIFICATION_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src https: http:; frame-src 'self' {origins}; base-uri 'none'; frame-ancestors 'none'"
)
_RECEIVED_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'self'"


@blueprint.before_request
def refuse_head() -> None:
    """Return 405 for HEAD, which Flask handles like GET."""
    if request.method == "HEAD":
        both = request.endpoint == "logout.message"
        raise MethodNotAllowed(["GET", "POST"] if both else ["GET"])


@blueprint.route("/saml/<issuer>/logout", methods=["GET", "POST"], provide_automatic_options=False)
def message(issuer: str) -> BaseResponse:
    """Process a LogoutRequest or a LogoutResponse. Without either, no one is signed out."""
    saml.require_id(issuer)
    services, address = current_services(), request.remote_addr or ""
    destination = request.headers.get("Sec-Fetch-Dest")
    in_frame = None if destination is None else destination == "iframe"
    pairs: list[tuple[str, str]] = []
    try:
        pairs = _pairs()
        field = _field({name for name, _ in pairs})
        inbound = _decoded(field, pairs)
    except Refusal as refusal:
        sent = dict(pairs)
        if "SAMLResponse" not in sent:
            raise logout.log_refusal(services, issuer, refusal, address=address) from None
        result = logout.unreadable_response(
            services,
            issuer,
            refusal,
            relay_state=sent.get("RelayState", ""),
            in_frame=in_frame,
            address=address,
        )
        return _send(result)
    if field == "SAMLRequest":
        return _send(logout.process_request(services, issuer, inbound, address=address))
    return _send(
        logout.process_response(services, issuer, inbound, in_frame=in_frame, address=address),
    )


@blueprint.get("/saml/signing-out/<key>", provide_automatic_options=False)
def signing_out(key: str) -> BaseResponse:
    """Notify the applications one after another, and show the result at the end."""
    unreachable = request.args.get("unreachable") == "1"
    return _send(logout.continue_logout(current_services(), key, unreachable=unreachable))


def _pairs() -> list[tuple[str, str]]:
    """Return the fields of the form or the query string, to find out the kind of message."""
    if request.method == "POST":
        return saml.form_pairs()
    return parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)


def _decoded(field: Parameter, pairs: list[tuple[str, str]]) -> Inbound:
    if request.method == "POST":
        return decode_post(pairs, message=field)
    return decode_redirect(request.query_string, message=field)


def _field(names: set[str]) -> Parameter:
    if "SAMLRequest" in names:
        return "SAMLRequest"
    if "SAMLResponse" in names:
        return "SAMLResponse"
    raise MessageRefused(
        "logout-message-missing",
        "This URL receives the logout messages of applications. To sign out, click Sign out on "
        "your dashboard.",
        received="no SAMLRequest and no SAMLResponse",
        expected="a signed LogoutRequest or LogoutResponse",
        source="SAML profiles, section 4.4",
        fix="Configure the service provider to send a signed LogoutRequest to this URL.",
    )


def _send(
    result: Outgoing
    | logout.Continuation
    | logout.ResponseReceived
    | logout.Notification
    | logout.SignedOut,
) -> BaseResponse:
    if isinstance(result, logout.Continuation):
        return saml.redirect_once(f"/saml/signing-out/{result.key}")
    if isinstance(result, logout.Notification):
        return _notify(result)
    if isinstance(result, logout.SignedOut):
        return _signed_out(result)
    if isinstance(result, logout.ResponseReceived):
        return _alone("sso/logout_received.html", _RECEIVED_POLICY)
    if result.message:
        nonce = secrets.token_urlsafe(16)
        policy = saml.POLICY.format(nonce=nonce)
        return _alone("sso/logout_post.html", policy, result=result, nonce=nonce)
    return saml.redirect_once(result.url)


def _notify(result: logout.Notification) -> Response:
    origins = {f"{p.scheme}://{p.netloc}" for p in (urlsplit(o.url) for o in result.outgoing)}
    return _alone(
        "sso/signing_out.html",
        _NOTIFICATION_POLICY.format(origins=" ".join(sorted(origins))),
        result=result,
        origin=min(origins),
        here=request.root_path + request.path,
    )


def _signed_out(result: logout.SignedOut) -> Response:
    g.workspace = result.workspace
    page = render_template("sso/signed_out.html", title="You are signed out", result=result)
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _alone(template: str, policy: str, **values: object) -> Response:
    """Render a page without the usual page layout."""
    page = current_app.jinja_env.get_template(template).render(
        files=static("tokens.css").removesuffix("tokens.css"), **values
    )
    response = Response(page)
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store"
    return response
