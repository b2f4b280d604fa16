"""Pages that send the browser away from Ssoko: compiled once, then only filled in.

Rendering a template is one of the most expensive parts of a sign-in, and these pages differ only in
a few values.
"""

from functools import lru_cache
from typing import Any

from flask import Flask, current_app, request
from markupsafe import Markup, escape

from ssoko.web.framework.assets import static
from ssoko.web.framework.template_globals import theme

# Around the name of a slot; no template has it.
_EDGE = "\0"


class _Slots:
    """A placeholder object for a template: each attribute is a slot with its name."""

    def __getattr__(self, name: str) -> Markup:
        return _slot(name)


def _slot(name: str) -> Markup:
    """Return the placeholder for a value. Marked safe: :func:`fill` escapes the value."""
    return Markup(f"{_EDGE}{name}{_EDGE}")  # noqa: S704 - a name of our own


def fill(template: str, answer: object, *, nonce: str, **chosen: bool) -> str:
    """Render a page.

    :param answer: the object with the values; every value is escaped.
    :param nonce: of the page's script.
    :param chosen: conditions of the template; one compiled page is cached for each combination.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    pieces = [*_pieces(app, template, theme(), request.root_path, tuple(chosen.items()))]
    for place in range(1, len(pieces), 2):
        name = pieces[place]
        pieces[place] = nonce if name == "nonce" else escape(getattr(answer, name))
    return "".join(pieces)


@lru_cache(maxsize=64)
def _pieces(
    app: Flask, template: str, _theme: str, _root: str, chosen: tuple[tuple[str, bool], ...]
) -> tuple[str, ...]:
    """Return text and names of slots alternately, with the theme and root of this request."""
    page: dict[str, Any] = {"answer": _Slots(), "nonce": _slot("nonce"), **dict(chosen)}
    files = static("tokens.css").removesuffix("tokens.css")
    drawn = app.jinja_env.get_template(template).render(files=files, **page)
    return tuple(drawn.split(_EDGE))
