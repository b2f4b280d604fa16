"""Serve the site below a path of its host, such as ``https://example.org/sso``."""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class BelowPath:
    """WSGI middleware that mounts a site at a path.

    The proxy in front can pass the path on or remove it. Redirects to a path of the site get the
    path in front.

    :param path: starts with a slash and does not end with one.
    """

    def __init__(self, site: WSGIApplication, path: str) -> None:
        self._site = site
        self._path = path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        inner = dict(environ)
        requested = inner.get("PATH_INFO", "")
        if requested == self._path or requested.startswith(f"{self._path}/"):
            inner["PATH_INFO"] = requested.removeprefix(self._path) or "/"
        inner["SCRIPT_NAME"] = self._path

        def start(
            status: str, headers: list[tuple[str, str]], *more: Any
        ) -> Callable[[bytes], object]:
            moved = [
                (name, self._below(value) if name.lower() == "location" else value)
                for name, value in headers
            ]
            return start_response(status, moved, *more)

        return self._site(inner, start)

    def _below(self, location: str) -> str:
        is_path = location.startswith("/") and not location.startswith("//")
        if not is_path or location == self._path or location.startswith(f"{self._path}/"):
            return location
        return self._path + location
