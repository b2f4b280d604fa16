"""The SAML endpoints for service providers and browsers.

There is no CSRF token, because a cookie alone changes nothing here: the services validate each
request of a service provider, and send the response only to a registered URL.
"""

import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, request
from flask import render_template as draw
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from ssoko.errors import MessageRefused, NotFound, Refusal
from ssoko.saml.bindings import Inbound, decode_post, decode_redirect, relay_state_of
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import Services
from ssoko.services.issuers import issuers
from ssoko.services.issuers.metadata_fetches import note_fetch
from ssoko.services.issuers.metadata_key import metadata_certificate
from ssoko.services.sso.saml import outcomes, sign_in
from ssoko.services.troubleshooting.explanations import explanation_of
from ssoko.web.framework.session import current_services, current_signed_in, load_signed_in
from ssoko.web.sso.leaving import fill

blueprint = Blueprint("saml", __name__)

#: Maximum size of a form in bytes: 64 KiB of base64 in percent-encoding, and RelayState.
MAX_BODY = 256 * 1024

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 50

# Without form-action: browsers apply it to the SP's redirects too.
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.before_request
def refuse_other_methods() -> None:
    """Respond 405 to HEAD, which Flask would treat as GET and sign a user in."""
    if request.method == "HEAD" and not (request.endpoint or "").startswith("saml.metadata"):
        posts = request.endpoint == "saml.login"
        raise MethodNotAllowed(["GET", "POST"] if posts else ["GET"])


@blueprint.get("/saml/<issuer>/login", provide_automatic_options=False)
def login(issuer: str) -> BaseResponse:
    """Process an AuthnRequest by HTTP-Redirect; without one, start an IdP-initiated sign-in."""
    require_id(issuer)
    services, session, address = _place()
    query = request.query_string
    if b"SAMLRequest" not in query and b"SAMLResponse" not in query:
        return _launch(issuer)
    inbound = _decoded(issuer, session)
    return _send(sign_in.begin(services, issuer, inbound, session=session, address=address))


@blueprint.post("/saml/<issuer>/login", provide_automatic_options=False)
def login_post(issuer: str) -> BaseResponse:
    """Process an AuthnRequest by HTTP-POST.

    Browsers don't send a SameSite=Lax cookie when another site posts a form. So a request without a
    session is stored, and a GET with the cookie continues it. The session is not changed meanwhile,
    since a new cookie would overwrite the existing one.
    """
    require_id(issuer)
    services, session, address = _place()
    inbound = _decoded(issuer, session)
    if session is not None:
        return _send(sign_in.begin(services, issuer, inbound, session=session, address=address))
    key = sign_in.hold(services, issuer, inbound, address=address)
    return redirect_once(f"/saml/{issuer}/continue/{key}")


@blueprint.get("/saml/<issuer>/continue/<key>", provide_automatic_options=False)
def resume(issuer: str, key: str) -> BaseResponse:
    """Continue a pending request that waited for the cookie or the user."""
    require_id(issuer)
    services, session, address = _place()
    return _send(sign_in.resume(services, issuer, key, session=session, address=address))


@blueprint.get("/w/<workspace>/launch/<application>", provide_automatic_options=False)
def launch(workspace: str, application: str) -> BaseResponse:
    """Start an IdP-initiated sign-in, from a tile."""
    require_id(workspace.replace("-", ""))
    require_id(application.replace("-", ""))
    return _launch(workspace, application)


def _launch(place: str, application: str | None = None) -> BaseResponse:
    services, session, address = _place()
    return _send(
        sign_in.launch(
            services,
            place,
            application,
            session=session,
            address=address,
            relay_state=relay_state_of(request.query_string),
            confirmed=_started_here() and "confirm" not in request.args,
        )
    )


def _started_here() -> bool:
    """Return whether a page of Ssoko led here, as the browser reports it.

    Sec-Fetch-Site covers the redirects on the way. Browsers omit it over plain http, and then send
    the page as the Referer.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    base, page = map(urlsplit, (current_services().config.base_url, request.referrer or ""))
    return (page.scheme, page.netloc) == (base.scheme, base.netloc)


@blueprint.get("/saml/<issuer>/metadata")
def metadata(issuer: str) -> BaseResponse:
    """Send the metadata of an issuer. Its URL is the entity ID, unless an admin chose another."""
    return _metadata(issuer, signed=False)


@blueprint.get("/saml/<issuer>/metadata/signed", endpoint="metadata_signed")
def signed_metadata(issuer: str) -> BaseResponse:
    """Send the metadata of an issuer with a signature and an end of its validity."""
    return _metadata(issuer, signed=True)


@blueprint.get("/saml/<issuer>/metadata/certificate", endpoint="metadata_certificate")
def metadata_signer(issuer: str) -> BaseResponse:
    """Send the certificate that verifies signed metadata."""
    require_id(issuer)
    pem = metadata_certificate(current_services(), issuer)
    name = 'attachment; filename="ssoko-metadata-signer.pem"'
    return Response(pem, mimetype="application/x-pem-file", headers={"Content-Disposition": name})


def _metadata(issuer: str, *, signed: bool) -> BaseResponse:
    require_id(issuer)
    services = current_services()
    xml, etag = issuers.issuer_metadata(services, issuer, signed=signed)
    note_fetch(
        services,
        issuer,
        xml,
        etag=etag,
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
    )
    response = Response(xml, mimetype="application/samlmetadata+xml")
    response.set_etag(etag)
    response.cache_control.public = True
    response.cache_control.max_age = issuers.METADATA_CACHE
    return response.make_conditional(request)


@blueprint.errorhandler(Refusal)
def refused(error: Refusal) -> tuple[Response, int]:
    """Render the page that shows why a sign-in or sign-out was refused."""
    what = "sign-out" if request.blueprint == "logout" else "sign-in"
    signed_in = current_signed_in()
    insider = signed_in is not None and signed_in.workspace.slug == error.workspace
    page = draw(
        "sso/refused.html",
        title="No access" if error.http == 403 else f"This {what} cannot continue",
        wide=True,
        error=error,
        explanation=explanation_of(error.code, logout=what == "sign-out"),
        for_admin=insider and signed_in is not None and signed_in.user.admin,
        insider=insider,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response, error.http


def _place() -> tuple[Services, SignedIn | None, str]:
    arguments = request.view_args or {}
    signed_in = load_signed_in(arguments.get("workspace", ""), arguments.get("issuer", ""))
    return current_services(), signed_in, request.remote_addr or ""


def require_id(text: str) -> None:
    """Respond 404 to values that cannot be IDs."""
    # Values that cannot be IDs are not queried; PostgreSQL rejects some of them.
    if not (text.isascii() and text.isalnum() and len(text) <= 64):
        raise NotFound("There is nothing at this address.")


def _decoded(issuer: str, session: SignedIn | None) -> Inbound:
    if request.method == "GET":
        try:
            return decode_redirect(request.query_string)
        except Refusal as refusal:
            raw = request.args.get("SAMLRequest", "")
            raise _logged(issuer, refusal, session, "redirect", raw) from None
    pairs: list[tuple[str, str]] = []
    try:
        pairs = form_pairs()
        return decode_post(pairs)
    except Refusal as refusal:
        raw = next((value for name, value in pairs if name == "SAMLRequest"), "")
        raise _logged(issuer, refusal, session, "post", raw) from None


def form_pairs() -> list[tuple[str, str]]:
    """Return the fields as sent; Flask's form would replace bytes that are not UTF-8."""
    if request.mimetype != _FORM:
        raise MessageRefused(
            "content-type",
            "The request was not sent as a form.",
            received=request.mimetype[:200],
            expected=_FORM,
            source="SAML bindings, section 3.5.4",
        )
    request.max_content_length = MAX_BODY
    body = request.get_data(cache=False)
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise MessageRefused(
            "form-unreadable",
            "The form cannot be parsed.",
            received="bytes or fields that are not a form",
            expected=f"percent-encoded fields, at most {_MAX_FIELDS}",
        ) from None


def _logged(
    issuer: str, refusal: Refusal, session: SignedIn | None, binding: str = "", raw: str = ""
) -> Refusal:
    return sign_in.log_refusal(
        current_services(),
        issuer,
        refusal,
        session=session,
        address=request.remote_addr or "",
        binding=binding,
        raw=raw,
    )


def _send(answer: outcomes.Result) -> BaseResponse:
    if isinstance(answer, outcomes.OfferLaunch):
        return make_response(
            draw("sso/offer_launch.html", title=f"Open {answer.application_name}", offer=answer)
        )
    if isinstance(answer, outcomes.RequireSignIn):
        query = {"next": answer.next_path} | ({"fresh": "1"} if answer.again else {})
        return redirect_once(f"/w/{answer.workspace_slug}/sign-in?{urlencode(query)}")
    if isinstance(answer, outcomes.ConfirmLaunch):
        return make_response(
            draw("sso/confirm.html", title=f"Open {answer.application_name}?", answer=answer)
        )
    if isinstance(answer, outcomes.OpenLaunchUrl):
        return _leaving_page("sso/elsewhere.html", answer)
    failed, relayed = isinstance(answer, outcomes.PostStatus), bool(answer.relay_state)
    return _leaving_page("sso/post.html", answer, failed=failed, relayed=relayed)


def _leaving_page(
    template: str, answer: outcomes.PostResponse | outcomes.OpenLaunchUrl, **chosen: bool
) -> Response:
    """Render a page that leads away from Ssoko, without the usual page layout.

    It is a page and not a redirect, even without a form: browsers apply the form-action policy of
    the sign-in page to all redirects that follow its form.
    """
    nonce = secrets.token_urlsafe(16)
    return Response(
        fill(template, answer, nonce=nonce, **chosen),
        headers=[
            ("Content-Security-Policy", POLICY.format(nonce=nonce)),
            ("Cache-Control", "no-store"),
        ],
    )


def redirect_once(address: str) -> BaseResponse:
    """Redirect a browser, without an entry in its cache."""
    response = redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    return response
