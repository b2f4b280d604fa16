"""Pages on the way out of Ssoko: drawn once from their template, then only filled in.

A sign-in spends more on drawing a page than on most else, and all of these pages are alike.
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
    """Return the place where a value goes; it is safe, since :func:`fill` escapes the value."""
    return Markup(f"{_EDGE}{name}{_EDGE}")  # noqa: S704 - a name of our own


def fill(template: str, answer: object, *, nonce: str, **chosen: bool) -> str:
    """Render a page.

    :param answer: what the slots are filled with; every value is escaped.
    :param nonce: of the page's script.
    :param chosen: what the template decides by; one drawing is kept for each choice.
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
    """Return text and names of slots in turns; theme and root are those of this request."""
    page: dict[str, Any] = {"answer": _Slots(), "nonce": _slot("nonce"), **dict(chosen)}
    files = static("tokens.css").removesuffix("tokens.css")
    drawn = app.jinja_env.get_template(template).render(files=files, **page)
    return tuple(drawn.split(_EDGE))
