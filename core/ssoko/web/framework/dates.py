"""Dates as people type them, in the workspace's time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ssoko.errors import InputError

#: Assignments and tokens may be given that far ahead, in days.
FURTHEST = 3660


def zone(name: str) -> ZoneInfo:
    """Return the time zone, or UTC when this machine does not know it any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def zone_names() -> tuple[str, ...]:
    """List the time zones that can be chosen, UTC first."""
    places = sorted(n for n in available_timezones() if "/" in n and not n.startswith("Etc/"))
    return ("UTC", *places)


def parse_last_day(text: str, *, field: str, time_zone: str, now: int) -> int | None:
    """Return when the day that was typed ends, or None when the field was left empty.

    :param text: ``2026-12-31``, what a date field sends.
    :param field: name of the field, for the error.
    :param now: epoch seconds.
    :raises InputError: when it is no date, over already, or more than ten years ahead.
    """
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InputError.of(field, "Write the date as year-month-day, such as 2026-12-31") from None
    today = datetime.fromtimestamp(now, zone(time_zone)).date()
    if day < today:
        raise InputError.of(field, "Choose today or a later day, or leave it empty")
    if day > today + timedelta(days=FURTHEST):
        raise InputError.of(field, "Choose a day within the next ten years, or leave it empty")
    return end_of_day(day, time_zone=time_zone)


def end_of_day(day: date, *, time_zone: str) -> int:
    """Return the first second after a day."""
    following = datetime.combine(day + timedelta(days=1), time(), zone(time_zone))
    return int(following.timestamp())


def start_of_day(now: int, *, time_zone: str, days_ago: int = 0) -> int:
    """Return the first second of today, or of a day before it."""
    today = datetime.fromtimestamp(now, zone(time_zone)).date()
    midnight = datetime.combine(today - timedelta(days=days_ago), time(), zone(time_zone))
    return int(midnight.timestamp())
