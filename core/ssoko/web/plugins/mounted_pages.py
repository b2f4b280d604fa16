"""Serve the web pages of plugins under /plugins/, without the cookies of the site."""

import logging
from collections.abc import Callable, Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from ssoko.plugin.host.containment import ends_the_process

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: URL path under which the plugins are mounted.
PREFIX = "/plugins/"

#: Default headers of a plugin's responses.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    # Without allow-same-origin the page has an origin of its own, so that it cannot act on other
    # pages of this site as the user who is signed in. A plugin can set its own policy.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'none'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
        "sandbox allow-forms allow-popups allow-top-navigation-by-user-activation"
    ),
}

_FAILED = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>This page failed</title>
<h1>This page failed</h1>
<p>The plugin <b>{slug}</b> raised an error. The rest of Ssoko works.
Operators find the traceback in the server log.</p>
<p><a href="/">Back to Ssoko</a></p></html>
"""


class PluginPages:
    """WSGI middleware that passes ``/plugins/<slug>/...`` to the plugin with this slug.

    A plugin's WSGI application is created at its first request. When it raises, the response is a
    page with status 500, and the site keeps running.

    :param site: WSGI application for all other paths.
    :param pages: slug to a function that creates the plugin's WSGI application.
    :param is_ours: returns whether the environ is of a request to this site's host.
    """

    def __init__(
        self,
        site: "WSGIApplication",
        pages: "Mapping[str, Callable[[], WSGIApplication]]",
        *,
        is_ours: "Callable[[WSGIEnvironment], bool]",
    ) -> None:
        self._site = site
        self._pages = pages
        self._is_ours = is_ours
        self._applications: dict[str, WSGIApplication] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._site(environ, start_response)
        slug, slash, rest = path.removeprefix(PREFIX).partition("/")
        if slug not in self._pages or not self._is_ours(environ):
            return self._site(environ, start_response)
        try:
            response = self._call(slug, within_mount(environ, f"{PREFIX}{slug}", slash + rest))
        except BaseException as error:
            if ends_the_process(error):
                raise
            log.exception("Plugin %s raised an error at %s", slug, path)
            response = Response(_FAILED.format(slug=slug), status=500, mimetype="text/html")
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response(environ, start_response)

    def _call(self, slug: str, environ: "WSGIEnvironment") -> Response:
        # Two concurrent first requests may both create it; the first one to be stored is used.
        application = self._applications.get(slug) or self._applications.setdefault(
            slug, self._pages[slug]()
        )
        body, status, headers = run_wsgi_app(application, environ, buffered=True)
        allowed = [(k, v) for k, v in headers.items() if not _sets_our_cookie(k, v)]
        return Response(body, status, allowed)


def within_mount(environ: "WSGIEnvironment", prefix: str, path: str) -> dict[str, Any]:
    """Return the environ for the application mounted at ``prefix``, without credentials."""
    inner = dict(environ)
    inner["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
    inner["PATH_INFO"] = path
    inner.pop("HTTP_AUTHORIZATION", None)
    cookies = remove_our_cookies(inner.pop("HTTP_COOKIE", ""))
    if cookies:
        inner["HTTP_COOKIE"] = cookies
    return inner


def remove_our_cookies(header: str) -> str:
    """Return a Cookie header without the cookies of Ssoko."""
    pairs = (pair.strip() for pair in header.split(";"))
    return "; ".join(p for p in pairs if p and not _is_our_cookie(p.partition("=")[0]))


def _is_our_cookie(name: str) -> bool:
    bare = name.strip().removeprefix("__Host-").removeprefix("__Secure-").lower()
    return bare == "ssoko" or bare.startswith(("ssoko_", "ssoko-"))


def _sets_our_cookie(header: str, value: str) -> bool:
    if header.lower() != "set-cookie":
        return False
    try:
        return any(_is_our_cookie(name) for name in SimpleCookie(value))
    except CookieError:
        return True
