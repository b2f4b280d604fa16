"""What the pages that list events share: older and newer, and the bars of the days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from ssoko.services.activity.log import DayCount
from ssoko.store.paging import Page
from ssoko.web.framework.template_globals import here

#: Between the cursors of a trail; a cursor holds none.
_BETWEEN = "~"
_LONGEST_TRAIL = 40

#: Height in units of the drawing that the busiest day has.
_TALLEST = 50
_STEP = 34


@dataclass(frozen=True, slots=True)
class Turns:
    """Addresses of the neighbouring pages; None where there is no neighbour."""

    older: str | None
    newer: str | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its bar stands, its height, and how much of it was refused."""

    x: int
    height: int
    refused: int


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of some days, with what they say in words."""

    width: int
    label: str
    bars: tuple[Bar, ...]


def turns(page: Page[Any]) -> Turns:
    """Return where older and newer events are; the way back is a trail in the address."""
    cursor = request.args.get("cursor", "")
    trail = [one for one in request.args.get("trail", "").split(_BETWEEN) if one]
    older = newer = None
    if page.next:
        passed = [*trail, cursor][-_LONGEST_TRAIL:] if cursor else []
        older = here(cursor=page.next, trail=_BETWEEN.join(passed))
    if cursor:
        newer = here(cursor=trail[-1] if trail else None, trail=_BETWEEN.join(trail[:-1]))
    return Turns(older, newer)


def bars_of(days: Sequence[DayCount]) -> Bars | None:
    """Draw how many events each day had; None when there was none at all."""
    most = max((day.done + day.refused for day in days), default=0)
    if not most:
        return None
    drawn = []
    for number, day in enumerate(days):
        total = day.done + day.refused
        height = max(round(_TALLEST * total / most), 1)
        refused = max(round(_TALLEST * day.refused / most), 2) if day.refused else 0
        drawn.append(Bar(number * _STEP, height, min(refused, height)))
    counts = ", ".join(str(day.done + day.refused) for day in days)
    refused = sum(day.refused for day in days)
    label = f"Events a day, the last {len(days)} days: {counts}. Refused: {refused}"
    return Bars(len(days) * _STEP - 8, label, tuple(drawn))
