"""Serve the pages that plugins bring, beside the site and without its cookies."""

import logging
from collections.abc import Callable, Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: Where plugins are mounted.
PREFIX = "/plugins/"

#: Headers that every answer of a plugin carries, unless it says otherwise itself.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

_FAILED = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>This page failed</title>
<h1>This page failed</h1>
<p>The plugin <b>{slug}</b> could not show it. The rest of Ssoko works.
An operator finds the reason in the log.</p>
<p><a href="/">Back to Ssoko</a></p></html>
"""


class PluginPages:
    """WSGI middleware that hands ``/plugins/<slug>/...`` to the plugin of that name.

    A plugin's application is made at its first request. One that raises answers 500 with a page
    of its own; the site stays up.

    :param site: answers everything else.
    :param pages: slug to a function that makes the WSGI application.
    :param is_ours: tells from the environ whether the request is for this site's host.
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
        self._made: dict[str, WSGIApplication] = {}

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
            answer = self._answer(slug, within(environ, f"{PREFIX}{slug}", slash + rest))
        except Exception:
            log.exception("The pages of plugin %s failed at %s", slug, path)
            answer = Response(_FAILED.format(slug=slug), status=500, mimetype="text/html")
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer(environ, start_response)

    def _answer(self, slug: str, environ: "WSGIEnvironment") -> Response:
        # Made twice by two first requests at once is harmless; the last one stays.
        page = self._made.get(slug) or self._made.setdefault(slug, self._pages[slug]())
        body, status, headers = run_wsgi_app(page, environ, buffered=True)
        kept = [(k, v) for k, v in headers.items() if not _sets_our_cookie(k, v)]
        return Response(body, status, kept)


def within(environ: "WSGIEnvironment", prefix: str, path: str) -> dict[str, Any]:
    """Return the environ as the application mounted at ``prefix`` may see it."""
    inner = dict(environ)
    inner["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
    inner["PATH_INFO"] = path
    inner.pop("HTTP_AUTHORIZATION", None)
    cookies = without_ours(inner.pop("HTTP_COOKIE", ""))
    if cookies:
        inner["HTTP_COOKIE"] = cookies
    return inner


def without_ours(header: str) -> str:
    """Return a Cookie header without the cookies that are Ssoko's own."""
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
