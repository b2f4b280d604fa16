"""What every answer and every form is held to: headers, and no forms from elsewhere."""

from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from ssoko.errors import Forbidden

#: Of pages. The page that posts to an SP sets its own, without form-action: browsers apply that
#: to where the SP redirects as well.
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
#: Where no cookie counts, so that no form can be forged: SPs post to the one, tokens open the
#: other, and a plugin's pages know no session.
_EXEMPT_PATHS = ("/saml/", "/api/", "/plugins/")

csrf = CSRFProtect()


def init_security(app: Flask) -> None:
    """Refuse forged forms and add the headers; hosts, proxies and cookies are the app's part."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,
        # The token lives as long as the session it is bound to; where a form came from is checked
        # by refuse_foreign_forms, without needing a Referer that some browsers leave out.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    csrf.init_app(app)
    app.before_request(refuse_foreign_forms)
    app.after_request(add_headers)


def refuse_foreign_forms() -> None:
    """Let a change through only from a form of ours.

    :raises Forbidden: when the browser says that another site sent it.
    :raises flask_wtf.csrf.CSRFError: when the token is missing or of another session.
    """
    if request.method in _SAFE or request.path.startswith(_EXEMPT_PATHS):
        return
    origin = request.headers.get("Origin", "null")
    foreign = origin != "null" and urlsplit(origin).netloc != request.host
    if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("This form was sent from another site. Open the page here and try again.")
    if request.endpoint:
        csrf.protect()


def add_headers(response: Response) -> Response:
    """Add the headers that a view has not set itself."""
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
