"""Icons, the mark of Ssoko, and the letters and colors of avatars and tiles."""

import functools
import hashlib
import re

from flask import url_for
from lucide.jinja import lucide
from markupsafe import Markup, escape

from ssoko.web.framework.assets import FOLDER, static
from ssoko.web.framework.session import current_services

_SPRITE = frozenset(re.findall(r'<symbol id="(\w+)"', (FOLDER / "icons.svg").read_text("utf-8")))


def icon(name: str) -> Markup:
    """Render an icon: from ``static/icons.svg``, or else from lucide."""
    if name in _SPRITE:
        url = escape(static("icons.svg"))
        return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>').format(
            url, name
        )
    return _lucide(name)


@functools.lru_cache(maxsize=256)
def _lucide(name: str) -> Markup:
    opening = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">'
    svg = re.sub(r"<svg[^>]*>", opening, str(lucide(name)), count=1)
    return Markup(svg)  # noqa: S704 - from the files of the lucide package


def mark() -> Markup:
    """Render the mark of Ssoko."""
    return Markup('<svg viewBox="0 0 32 32" aria-hidden="true"><use href="{}#mark"/></svg>').format(
        static("mark.svg")
    )


def tint(slug: str) -> str:
    """Return the CSS class of a slug's or an id's color, always the same one."""
    return f"t{hashlib.sha256(slug.encode()).digest()[0] % 6 + 1}"


def initials(name: str) -> str:
    """Return one or two letters for a user."""
    words = [w for w in re.split(r"[\s._@-]+", name) if w]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def logo_of(integration: str) -> str:
    """Return the URL of an integration's logo, or an empty text when it has none."""
    services = current_services()
    loaded = services.registry.get(integration)
    offer = None if loaded else services.index.read().entries.get(integration)
    about = loaded.integration if loaded else offer.about if offer else None
    if about is None or not about.logo:
        return ""
    return url_for("marketplace.send_logo", slug=integration)
