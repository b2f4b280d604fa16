"""Security headers of every response, and protection against cross-site request forgery."""

from urllib.parse import urlsplit

from flask import Flask, current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from werkzeug.wrappers import Response
from wtforms import ValidationError

from ssoko.errors import Forbidden

#: Of all pages but the one that posts to an SP, which omits form-action: browsers also apply it to
#: the redirects of the SP.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_LOWERED = tuple((name.lower(), name, value) for name, value in _HEADERS.items())

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: Paths that use no session cookie, so that requests can't be forged: SAML messages of SPs, the
#: API with its tokens, and the pages of plugins.
_EXEMPT_PATHS = ("/saml/", "/api/", "/plugins/")

#: Between the CSRF token and the state of the form; in neither of them.
_STATE = "~"

csrf = CSRFProtect()


def init_security(app: Flask, base_url: str) -> None:
    """Reject forged forms and add the headers; ``create_app`` configures hosts and cookies.

    :param base_url: forms are accepted from its origin (RFC 6454).
    """
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,
        # The token is valid as long as its session. reject_cross_site_forms checks the origin,
        # without the Referer header, which some browsers omit.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    # The Host header of a proxy may lack the port, so the base URL says what the origin is.
    app.config["SSOKO_BASE_URL"] = base_url
    csrf.init_app(app)
    app.before_request(reject_cross_site_forms)
    app.after_request(add_headers)


def reject_cross_site_forms() -> None:
    """Accept changes only from forms of this site.

    :raises Forbidden: when another site sent the form, according to the browser.
    :raises flask_wtf.csrf.CSRFError: when the token is missing or belongs to another session.
    """
    if request.method in _SAFE or request.path.startswith(_EXEMPT_PATHS):
        return
    origin = request.headers.get("Origin", "null")
    cross_site = origin != "null" and not _is_own(origin)
    if cross_site or request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("Another site sent this form. Open the page in Ssoko and try again.")
    if request.endpoint:
        try:
            validate_csrf(_posted_token().partition(_STATE)[0])
        except ValidationError as error:
            raise CSRFError(str(error)) from None


def posted_form_state() -> str:
    """Return what :func:`form_state` appended to the token of the posted form."""
    return _posted_token().partition(_STATE)[2]


def form_state() -> str:
    """Return what the page appends to the CSRF token of its forms.

    A view sets it as ``g.form_state``, in base64url, to know later what its form showed.
    """
    state = g.get("form_state", "")
    return f"{_STATE}{state}" if state else ""


def _posted_token() -> str:
    return request.form.get("csrf_token", "")


def _is_own(origin: str) -> bool:
    """Tell whether an Origin header is of this site, under the base URL or the requested host."""
    try:
        own, theirs = urlsplit(current_app.config["SSOKO_BASE_URL"]), urlsplit(origin)
        if theirs.scheme == own.scheme and theirs.netloc == own.netloc:
            return True
        # A proxy may pass on the name without the port (nginx: Host $host); then it is the port of
        # the base URL. Another port of this host may be another application.
        host = urlsplit(f"//{request.host}")
        if host.port is None and own.port is not None:
            return theirs.netloc == f"{host.netloc}:{own.port}"
        return theirs.netloc == request.host
    except ValueError:
        return False


def add_headers(response: Response) -> Response:
    """Add the headers that the view has not set."""
    present = {name.lower() for name, _ in response.headers}
    for low, name, value in _LOWERED:
        if low not in present:
            response.headers.add(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "cache-control" not in present:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
    return response
