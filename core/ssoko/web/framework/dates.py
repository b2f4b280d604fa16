"""Dates that people enter, in the workspace's time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ssoko.errors import InputError
from ssoko.web.framework.responses import posted
from ssoko.web.framework.session import current_services, current_workspace

#: How far ahead an assignment or a token can expire, in days.
MAX_DAYS_AHEAD = 3660


def zone(name: str) -> ZoneInfo:
    """Return the time zone, or UTC when this server no longer knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def zone_names() -> tuple[str, ...]:
    """List the time zones that a workspace can have, UTC first."""
    places = sorted(n for n in available_timezones() if "/" in n and not n.startswith("Etc/"))
    return ("UTC", *places)


def posted_expiry() -> int | None:
    """Return when the day in the posted field ``expires`` ends, epoch seconds; None if empty.

    :raises InputError: at ``expires``; see :func:`parse_last_day`.
    """
    return parse_last_day(
        posted("expires"),
        field="expires",
        time_zone=current_workspace().time_zone,
        now=current_services().clock(),
    )


def parse_last_day(text: str, *, field: str, time_zone: str, now: int) -> int | None:
    """Return when a day ends, epoch seconds, or None when the field is empty.

    :param text: ``2026-12-31``, as date inputs send it.
    :param field: name of the field, for the error.
    :param now: epoch seconds.
    :raises InputError: when it is no date, in the past, or more than ten years ahead.
    """
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InputError.of(field, "Enter the date as year-month-day, such as 2026-12-31") from None
    today = datetime.fromtimestamp(now, zone(time_zone)).date()
    if day < today:
        raise InputError.of(field, "Choose today or a later day, or leave it empty")
    if day > today + timedelta(days=MAX_DAYS_AHEAD):
        raise InputError.of(field, "Choose a day within the next ten years, or leave it empty")
    return end_of_day(day, time_zone=time_zone)


def last_day(expires_at: int | None) -> str:
    """Return the day that a date input shows for an expiry, such as ``2026-12-31``.

    :param expires_at: the first second without access, epoch seconds, or None.
    """
    if expires_at is None:
        return ""
    return (
        datetime.fromtimestamp(expires_at - 1, zone(current_workspace().time_zone))
        .date()
        .isoformat()
    )


def end_of_day(day: date, *, time_zone: str) -> int:
    """Return the first second after a day, epoch seconds."""
    next_day = datetime.combine(day + timedelta(days=1), time(), zone(time_zone))
    return int(next_day.timestamp())


def start_of_day(now: int, *, time_zone: str, days_ago: int = 0) -> int:
    """Return the first second of today, or of an earlier day, epoch seconds."""
    today = datetime.fromtimestamp(now, zone(time_zone)).date()
    midnight = datetime.combine(today - timedelta(days=days_ago), time(), zone(time_zone))
    return int(midnight.timestamp())
