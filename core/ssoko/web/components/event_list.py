"""Lists of events: the links to older and newer events, and the bars of events per day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from ssoko.services.activity.log import DayCount
from ssoko.store.paging import Page
from ssoko.web.framework.template_globals import here

#: Separates the cursors of a trail; no cursor contains it.
_SEPARATOR = "~"
_MAX_TRAIL = 40

#: Height of the busiest day, in units of the SVG.
_MAX_HEIGHT = 50
_STEP = 34


@dataclass(frozen=True, slots=True)
class PageLinks:
    """URLs of the previous and the next page; None where there is no such page."""

    older: str | None
    newer: str | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One day.

    :param height: of all events; ``refused`` is the height of the refused ones.
    """

    x: int
    height: int
    refused: int


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of some days, with a text for screen readers."""

    width: int
    label: str
    bars: tuple[Bar, ...]


def page_links(page: Page[Any]) -> PageLinks:
    """Return the links to older and newer events.

    The argument ``trail`` of the URL holds the cursors of the newer pages.
    """
    cursor = request.args.get("cursor", "")
    trail = [item for item in request.args.get("trail", "").split(_SEPARATOR) if item]
    older = newer = None
    if page.next:
        passed = [*trail, cursor][-_MAX_TRAIL:] if cursor else []
        older = here(cursor=page.next, trail=_SEPARATOR.join(passed))
    if cursor:
        newer = here(cursor=trail[-1] if trail else None, trail=_SEPARATOR.join(trail[:-1]))
    return PageLinks(older, newer)


def bars_of(days: Sequence[DayCount]) -> Bars | None:
    """Return the bars of the days, oldest first; None when there were no events."""
    most = max((day.done + day.refused for day in days), default=0)
    if not most:
        return None
    bars = []
    for number, day in enumerate(days):
        total = day.done + day.refused
        # A day without events has a visible bar too, so that days can be counted.
        height = max(round(_MAX_HEIGHT * total / most), 1)
        refused = max(round(_MAX_HEIGHT * day.refused / most), 2) if day.refused else 0
        bars.append(Bar(number * _STEP, height, min(refused, height)))
    counts = ", ".join(str(day.done + day.refused) for day in days)
    refused = sum(day.refused for day in days)
    label = f"Events per day, last {len(days)} days: {counts}. Denied: {refused}"
    return Bars(len(days) * _STEP - 8, label, tuple(bars))
