"""Times as pages show them, in the workspace's time zone."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from flask import g
from markupsafe import Markup

from ssoko.web.framework.dates import zone
from ssoko.web.framework.session import current_services


def workspace_zone() -> ZoneInfo:
    """Return the time zone of the workspace in the URL, or UTC without a workspace."""
    workspace = g.get("workspace")
    return zone(workspace.time_zone if workspace else "UTC")


def when(at: int | None, never: str = "Never") -> Markup | str:
    """Render a time, such as ``Today, 09:14 EAT``, with the exact time as its tooltip.

    :param at: epoch seconds, or None.
    """
    if at is None:
        return never
    moment = datetime.fromtimestamp(at, workspace_zone())
    today = datetime.fromtimestamp(current_services().clock(), workspace_zone())
    days = (today.date() - moment.date()).days
    day = {0: "Today", 1: "Yesterday", -1: "Tomorrow"}.get(days)
    if day is None:
        day = f"{moment.day} {moment:%b}" + ("" if moment.year == today.year else f" {moment.year}")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        datetime.fromtimestamp(at, UTC).isoformat(),
        exactly(at),
        f"{day}, {moment:%H:%M %Z}",
    )


def expiry(at: int | None) -> Markup | str:
    """Render when access expires: the last day, or the time when it isn't the end of a day.

    :param at: the first second without access, epoch seconds, or None.
    """
    if at is None:
        return "Never"
    moment = datetime.fromtimestamp(at, workspace_zone())
    if moment.timetz().replace(tzinfo=None) != time():
        return when(at)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        datetime.fromtimestamp(at, UTC).isoformat(), f"Until {exactly(at)}", day_of(at - 1)
    )


def exactly(at: int) -> str:
    """Return a time to the second, such as ``24 November 2026, 09:14:07 EAT``."""
    moment = datetime.fromtimestamp(at, workspace_zone())
    return f"{moment.day} {moment:%B %Y, %H:%M:%S %Z}"


def day_of(at: int) -> str:
    """Return the day of a time, such as ``31 Dec 2026``."""
    moment = datetime.fromtimestamp(at, workspace_zone())
    return f"{moment.day} {moment:%b %Y}"


def duration(seconds: int) -> str:
    """Return a duration, rounded up: ``40 seconds``, ``14 minutes``."""
    for size, word in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = -(-seconds // size)
            return f"{count} {word}" + ("s" if count > 1 else "")
    return "a moment"
