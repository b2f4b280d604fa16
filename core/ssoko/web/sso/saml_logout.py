"""Single logout: the endpoint of the messages, and the page that tells the applications.

As in :mod:`ssoko.web.sso.saml`, no cookie counts: a message is judged by its signature, and
the page of a sign-out in progress is opened by the key in its URL.
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

# Whether an application can be reached is asked with a request that may be redirected anywhere; the
# page has no script but our own.
_TELLING_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src https: http:; frame-src 'self' {origins}; base-uri 'none'; frame-ancestors 'none'"
)
_HEARD_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'self'"


@blueprint.before_request
def refuse_head() -> None:
    """Answer 405 to HEAD, which Flask would take for GET."""
    if request.method == "HEAD":
        both = request.endpoint == "logout.message"
        raise MethodNotAllowed(["GET", "POST"] if both else ["GET"])


@blueprint.route("/saml/<issuer>/logout", methods=["GET", "POST"], provide_automatic_options=False)
def message(issuer: str) -> BaseResponse:
    """Take a LogoutRequest or a LogoutResponse; without either nobody is signed out."""
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
        answer = logout.unreadable_response(
            services,
            issuer,
            refusal,
            relay_state=sent.get("RelayState", ""),
            in_frame=in_frame,
            address=address,
        )
        return _send(answer)
    if field == "SAMLRequest":
        return _send(logout.request(services, issuer, inbound, address=address))
    return _send(
        logout.respond(services, issuer, inbound, in_frame=in_frame, address=address),
    )


@blueprint.get("/saml/signing-out/<key>", provide_automatic_options=False)
def signing_out(key: str) -> BaseResponse:
    """Notify the applications one after another, and show the result at the end."""
    unreachable = request.args.get("unreachable") == "1"
    return _send(logout.go_on(current_services(), key, unreachable=unreachable))


def _pairs() -> list[tuple[str, str]]:
    """Return the fields of the form or of the query string; those of a query are only looked at."""
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
        "This address takes the logout messages of applications. To sign out, press Sign out on "
        "your dashboard.",
        received="no SAMLRequest and no SAMLResponse",
        expected="a signed LogoutRequest or LogoutResponse",
        source="SAML profiles, section 4.4",
        fix="Let the service provider send a signed LogoutRequest here.",
    )


def _send(
    answer: Outgoing | logout.Onward | logout.Heard | logout.Telling | logout.SignedOut,
) -> BaseResponse:
    if isinstance(answer, logout.Onward):
        return saml.redirect_once(f"/saml/signing-out/{answer.key}")
    if isinstance(answer, logout.Telling):
        return _telling(answer)
    if isinstance(answer, logout.SignedOut):
        return _signed_out(answer)
    if isinstance(answer, logout.Heard):
        return _alone("sso/heard.html", _HEARD_POLICY)
    if answer.message:
        nonce = secrets.token_urlsafe(16)
        policy = saml.POLICY.format(nonce=nonce)
        return _alone("sso/logout_post.html", policy, answer=answer, nonce=nonce)
    return saml.redirect_once(answer.url)


def _telling(answer: logout.Telling) -> Response:
    origins = {f"{p.scheme}://{p.netloc}" for p in (urlsplit(o.url) for o in answer.outgoing)}
    return _alone(
        "sso/signing_out.html",
        _TELLING_POLICY.format(origins=" ".join(sorted(origins))),
        answer=answer,
        origin=min(origins),
        here=request.path,
    )


def _signed_out(answer: logout.SignedOut) -> Response:
    g.workspace = answer.workspace
    page = render_template("sso/signed_out.html", title="You are signed out", answer=answer)
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
