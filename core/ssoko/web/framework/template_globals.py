"""What templates draw with: icons, tints, times, addresses. Registered as Jinja globals."""

import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, current_app, g, request, url_for
from lucide.jinja import lucide
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from ssoko.web.framework.assets import FOLDER, static
from ssoko.web.framework.session import current_services, current_signed_in

THEME_COOKIE = "ssoko-theme"

_SPRITE = frozenset(re.findall(r'<symbol id="(\w+)"', (FOLDER / "icons.svg").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of the admin menu; ``below`` is the label of the line under it."""

    key: str
    label: str
    icon: str
    endpoint: str
    below: str = ""

    @property
    def href(self) -> str:
        return url_for(self.endpoint)


MENU = (
    MenuItem("home", "Dashboard", "dashboard", "home.show"),
    MenuItem(
        "marketplace", "Marketplace", "store", "marketplace.list_integrations", "SSO Integrations"
    ),
    MenuItem("applications", "Applications", "window", "applications.list_applications", "SSO"),
    MenuItem("users", "Users", "user", "users.index"),
    MenuItem("admins", "Workspace Admins", "shield", "users.admins"),
    MenuItem("roles", "Roles", "key", "roles.index"),
    MenuItem("groups", "Groups", "users", "groups.index"),
    MenuItem("activity", "Activity", "activity", "activity.index"),
    MenuItem("settings", "Settings", "sliders", "settings.show"),
    # Only where `ssoko dev` serves.
    MenuItem("dev", "Plugin preview", "puzzle", "dev.list_plugins"),
)


def menu_items() -> list[MenuItem]:
    """Return the lines of the menu that this process serves."""
    return [item for item in MENU if item.endpoint in current_app.view_functions]


def icon(name: str) -> Markup:
    """Draw an icon of our sprite, or else the one of that name from lucide."""
    if name in _SPRITE:
        address = escape(static("icons.svg"))
        return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>').format(
            address, name
        )
    return _lucide(name)


@functools.lru_cache(maxsize=256)
def _lucide(name: str) -> Markup:
    opening = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">'
    drawn = re.sub(r"<svg[^>]*>", opening, str(lucide(name)), count=1)
    return Markup(drawn)  # noqa: S704 - drawn from the package's own files


def mark() -> Markup:
    """Draw the mark of Ssoko."""
    return Markup('<svg viewBox="0 0 32 32" aria-hidden="true"><use href="{}#mark"/></svg>').format(
        static("mark.svg")
    )


def tint(slug: str) -> str:
    """Return the tint class that belongs to a slug or id; the same one always."""
    return f"t{hashlib.sha256(slug.encode()).digest()[0] % 6 + 1}"


def initials(name: str) -> str:
    """Return one or two letters for a person."""
    words = [w for w in re.split(r"[\s._@-]+", name) if w]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def zone() -> ZoneInfo:
    """Return the time zone of the workspace in the address, UTC when it has none."""
    workspace = g.get("workspace")
    try:
        return ZoneInfo(workspace.time_zone if workspace else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def when(at: int | None, never: str = "Never") -> Markup | str:
    """Draw a moment: near ones by their day, all with their time zone.

    :param at: seconds since the epoch, or None.
    """
    if at is None:
        return never
    moment = datetime.fromtimestamp(at, zone())
    today = datetime.fromtimestamp(current_services().clock(), zone())
    days = (today.date() - moment.date()).days
    day = {0: "Today", 1: "Yesterday", -1: "Tomorrow"}.get(days)
    if day is None:
        day = f"{moment.day} {moment:%b}" + ("" if moment.year == today.year else f" {moment.year}")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        datetime.fromtimestamp(at, UTC).isoformat(),
        exactly(at),
        f"{day}, {moment:%H:%M %Z}",
    )


def exactly(at: int) -> str:
    """Write a moment to the second, such as ``24 November 2026, 09:14:07 EAT``."""
    moment = datetime.fromtimestamp(at, zone())
    return f"{moment.day} {moment:%B %Y, %H:%M:%S %Z}"


def day_of(at: int) -> str:
    """Write the day of a moment, such as ``31 Dec 2026``."""
    moment = datetime.fromtimestamp(at, zone())
    return f"{moment.day} {moment:%b %Y}"


_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl", "python")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera", "python": "A script"}
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")


def browser(user_agent: str) -> str:
    """Name a browser and its system, as far as its own words tell."""
    name = next((b for b in _BROWSERS if b in user_agent), "")
    system = next((s for s in _SYSTEMS if s in user_agent), "")
    name = _BROWSER_NAMES.get(name, name) or "A browser"
    return f"{name} on {system}" if system else name


def wait_words(seconds: int) -> str:
    """Write a wait in words, rounded up: ``40 seconds``, ``14 minutes``."""
    for size, word in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = -(-seconds // size)
            return f"{count} {word}" + ("s" if count > 1 else "")
    return "a moment"


def logo_of(integration: str) -> str:
    """Return the address of an integration's logo, or an empty text for a monogram."""
    services = current_services()
    loaded = services.registry.get(integration)
    offer = None if loaded else services.index.read().entries.get(integration)
    about = loaded.integration if loaded else offer.about if offer else None
    if about is None or not about.logo:
        return ""
    return url_for("marketplace.send_logo", slug=integration)


def index_problem() -> str:
    """Return why the plugin index cannot be used, or an empty text."""
    return current_services().index.read().problem


def day_bars(days: Sequence[Any]) -> Markup:
    """Draw the events of each day as bars, the refused ones in the colour of refusals.

    :param days: with ``day``, ``done`` and ``refused``, oldest first.
    """
    most = max((d.done + d.refused for d in days), default=0) or 1
    bars, said = [], []
    for index, day in enumerate(days):
        # A day without events leaves a trace, so that the days can be counted.
        height = max(round(48 * (day.done + day.refused) / most), 1)
        refused = round(48 * day.refused / most)
        bars.append(_bar(index, height, ""))
        if refused:
            bars.append(_bar(index, refused, ' class="bad"'))
        said.append(f"{day.day}: {day.done + day.refused}, refused {day.refused}")
    label = "Events a day. " + "; ".join(said)
    return Markup(
        '<svg class="bars" viewBox="0 0 {} 54" role="img" aria-label="{}">{}</svg>'
    ).format(max(len(days) * 34 - 8, 1), label, Markup("").join(bars))


def _bar(index: int, height: int, kind: str) -> Markup:
    drawn = f'<rect{kind} x="{index * 34}" y="{52 - height}" width="26" height="{height}" rx="2"/>'
    return Markup(drawn)  # noqa: S704 - numbers and our own class


def here(**changes: str | int | None) -> str:
    """Return this address with other query arguments; None removes one."""
    args = MultiDict(request.args)
    for name, value in changes.items():
        args.poplist(name)
        if value not in (None, ""):
            args[name] = str(value)
    path = quote(request.script_root + request.path, safe="/-._~!$&'()*+,;=:@")
    query = urlencode(list(args.items(multi=True)))
    return f"{path}?{query}" if query else path


def theme() -> str:
    """Return ``light``, ``dark``, or an empty text for the system's choice."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in {"light", "dark"} else ""


def init_drawing(app: Flask) -> None:
    """Give the templates what they draw with."""
    from ssoko.web.components.forms import summary_lines

    app.jinja_env.globals.update(
        browser=browser,
        day_bars=day_bars,
        day_of=day_of,
        exactly=exactly,
        here=here,
        icon=icon,
        index_problem=index_problem,
        initials=initials,
        logo_of=logo_of,
        mark=mark,
        menu_items=menu_items,
        static=static,
        summary_lines=summary_lines,
        theme=theme,
        tint=tint,
        wait_words=wait_words,
        when=when,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def who_and_where() -> dict[str, object]:
        found = None if g.get("without_database") else current_signed_in()
        return {"me": found.user if found else None, "workspace": g.get("workspace")}
