"""The activity log. An event is written in the transaction of the change that it describes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import SQL, Expression, fn

from ssoko.errors import InputError, NotFound
from ssoko.services.activity.query import Filters, parse_query
from ssoko.services.activity.references import read_reference
from ssoko.services.context import Scope
from ssoko.store.models.access import Role
from ssoko.store.models.activity import Event
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.people import Group, User
from ssoko.store.models.sessions import ApiToken
from ssoko.store.models.table import Table, database
from ssoko.store.models.workspaces import Workspace
from ssoko.store.paging import Page, check_limit, decode_cursor, encode_cursor
from ssoko.text.names import is_id, is_text

#: Every action that services record, with its label.
ACTIONS: dict[str, str] = {
    "application.changed": "Application changed",
    "application.disabled": "Application disabled",
    "application.enabled": "Application enabled",
    "application.installed": "Application installed",
    "application.refreshed": "Application refreshed from metadata",
    "application.restored": "Application restored",
    "application.uninstalled": "Application uninstalled",
    "application.upgrade-skipped": "Plugin update skipped",
    "application.upgrade-undone": "Plugin update undone",
    "application.upgraded": "Plugin update applied",
    "certificate.expired": "Certificate expired",
    "certificate.expiring": "Certificate expires soon",
    "group.changed": "Group changed",
    "group.created": "Group created",
    "group.deleted": "Group deleted",
    "issuer.created": "Issuer created",
    "key.activated": "Certificate activated",
    "key.created": "Certificate created",
    "key.discarded": "Next certificate discarded",
    "key.rolled-back": "Certificate rolled back",
    "key.retired": "Certificate retired",
    "link.created": "Sign-in link created",
    "logout": "Sign-out at an application",
    "mappers.changed": "Mappers changed",
    "member.added": "Group member added",
    "member.removed": "Group member removed",
    "password.changed": "Password changed",
    "request.refused": "Request refused",
    "role.changed": "Role changed",
    "role.created": "Role created",
    "role.deleted": "Role deleted",
    "role.assigned": "Role assigned",
    "role.removed": "Role removed",
    "session.ended": "Session ended",
    "session.started": "Session started",
    "sign-in": "Sign-in",
    "sign-out": "Sign-out",
    "token.created": "API token created",
    "token.revoked": "API token revoked",
    "user.changed": "User changed",
    "user.created": "User created",
    "user.deleted": "User deleted",
    "user.demoted": "Admin rights removed",
    "user.disabled": "User disabled",
    "user.enabled": "User enabled",
    "user.promoted": "Admin rights granted",
    "workspace.changed": "Workspace changed",
    "workspace.created": "Workspace created",
}

#: The maximum number of events that one page scans. The next page continues there.
SCAN = 50_000

#: Events that one statement deletes.
_AT_ONCE = 500

#: Maximum difference between the clocks of several machines, in seconds.
_SKEW = 60


@dataclass(frozen=True, slots=True)
class EventView:
    """One event of the log, with the names at that time.

    :param at: seconds since the epoch, UTC.
    :param actor_kind: ``user``, ``token``, ``system`` or ``anonymous``.
    :param outcome: ``done`` or ``refused``.
    :param reference: the reference that the user saw, such as ``SK-7QF4-K2M9``.
    """

    id: str
    at: int
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    target_kind: str
    target_id: str
    target_name: str
    application_id: str
    outcome: str
    detail: dict[str, Any]
    address: str
    reference: str

    @property
    def label(self) -> str:
        """The label of the action."""
        return ACTIONS.get(self.action, self.action)


@dataclass(frozen=True, slots=True)
class DayCount:
    """The number of sign-ins and refusals on one day of the workspace's time zone.

    :param day: as in ``2026-11-24``.
    :param at: start of the day, in seconds since the epoch, UTC.
    :param sign_ins: successful sign-ins, to Ssoko and to applications.
    """

    day: str
    at: int
    done: int
    refused: int
    sign_ins: int


@dataclass(frozen=True, slots=True)
class Target:
    """The object that an event is about.

    :param kind: ``user``, ``group``, ``role``, ``application``, ``issuer``, ``token``,
        ``workspace`` or ``session``.
    """

    kind: str
    id: str
    name: str


#: The models whose rows can be the target of an event.
Row = User | Group | Role | Application | Issuer | ApiToken | Workspace

_KINDS: dict[type[Table], str] = {
    User: "user",
    Group: "group",
    Role: "role",
    Application: "application",
    Issuer: "issuer",
    ApiToken: "token",
    Workspace: "workspace",
}


def record(
    scope: Scope,
    action: str,
    *,
    target: Row | Target | None = None,
    application_id: str | None = None,
    outcome: str = "done",
    detail: Mapping[str, Any] | None = None,
    reference: str = "",
) -> None:
    """Write one event, inside the caller's transaction.

    :param target: the row that the event is about.
    :param application_id: the application whose page also lists the event; by default the target,
        or the application of the target role.
    :param detail: further values, never a secret.
    """
    about = Target("", "", "") if target is None else _target(target)
    if application_id is None:
        application_id = about.id if about.kind == "application" else ""
        if isinstance(target, Role):
            application_id = target.application_id or ""
    Event.insert(
        workspace=scope.workspace_id,
        at=scope.services.clock(),
        actor_kind=scope.actor.kind,
        actor_id=scope.actor.id,
        actor_name=scope.actor.name,
        action=action,
        target_kind=about.kind,
        target_id=about.id,
        target_name=about.name,
        application_id=application_id,
        outcome=outcome,
        detail=dict(detail or {}),
        address=scope.actor.address,
        reference=reference,
    ).execute()


def _target(target: Row | Target) -> Target:
    if isinstance(target, Target):
        return target
    name = target.display_name if isinstance(target, User) else target.name
    return Target(_KINDS[type(target)], target.id, name)


def delete_events(*, before: int, limit: int) -> int:
    """Delete events from before a time, the oldest first, and return their number.

    :param before: seconds since the epoch.
    """
    # IDs are in order of time, so the primary key finds the oldest events.
    oldest: Any = Event.select(Event.id, Event.at).order_by(Event.id).limit(limit)
    ids = [row.id for row in oldest if row.at < before]
    for start in range(0, len(ids), _AT_ONCE):
        with database.atomic():
            Event.delete().where(Event.id.in_(ids[start : start + _AT_ONCE])).execute()
    return len(ids)


def get_event(workspace_id: str, event_id: str) -> EventView:
    """Return one event.

    :raises NotFound: when there is none of this id in the workspace.
    """
    row = (
        Event.get_or_none(Event.workspace == workspace_id, Event.id == event_id)
        if is_id(event_id)
        else None
    )
    if row is None:
        raise NotFound("This event does not exist")
    return _view(row)


def find_event(workspace_id: str, reference: str) -> EventView | None:
    """Return the event with a reference that a user saw."""
    row = Event.get_or_none(*_of_reference(workspace_id, read_reference(reference) or "-"))
    return _view(row) if row else None


def list_events(
    scope: Scope,
    *,
    q: str = "",
    actor_id: str = "",
    action: str = "",
    application_id: str = "",
    target_id: str = "",
    outcome: str = "",
    since: int | None = None,
    until: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[EventView]:
    """List events, the newest first.

    A page scans at most :data:`SCAN` events, so that a rare word does not read the whole log.
    Therefore a page can have fewer than ``limit`` events and still have a next page.

    :param q: words, and ``actor: action: app: outcome: since: ref:`` qualifiers. A reference is
        found at any time.
    :param since: first second of the range; ``until`` is the first second after it.
    :raises InputError: at ``q``, ``outcome``, ``limit`` or ``cursor``.
    """
    check_limit(limit)
    filters = parse_query(q, now=scope.services.clock(), actions=ACTIONS)
    if outcome not in {"", "done", "refused"}:
        raise InputError.of("outcome", "Choose done or refused")
    after = decode_cursor(cursor, length=1)
    if filters.reference:
        # A reference is unique, so no scan is needed.
        match = _matching(scope.workspace_id, filters, action=action, outcome=outcome)
        return _scan(_of_reference(scope.workspace_id, filters.reference), match, limit)
    since = max((s for s in (since, filters.since) if s is not None), default=None)
    place: list[Expression] = [Event.workspace == scope.workspace_id]
    for column, value in (
        (Event.actor_id, actor_id),
        (Event.target_id, target_id),
        (Event.application_id, application_id),
    ):
        if value:
            # IDs have no hyphens, so this matches nothing.
            place.append(column == (value if is_id(value) else "-"))
    if since is not None:
        place.append(Event.id >= _first_id(scope.workspace_id, since))
    if after is not None:
        place.append(Event.id < after[0])
    match = _matching(scope.workspace_id, filters, action=action, outcome=outcome)
    if since is not None:
        match.append(Event.at >= since)
    if until is not None:
        match.append(Event.at < until)
    return _scan(place, match, limit)


def counts_by_day(scope: Scope, *, days: int = 7) -> tuple[DayCount, ...]:
    """Count the events of the last days, today included, in the workspace's time zone.

    :param days: from 1 to 31.
    """
    zone = ZoneInfo(Workspace.get_by_id(scope.workspace_id).time_zone)
    today = datetime.fromtimestamp(scope.services.clock(), zone).date()
    dates = [today - timedelta(days=back) for back in range(min(max(days, 1), 31) - 1, -1, -1)]
    starts = [int(datetime(d.year, d.month, d.day, tzinfo=zone).timestamp()) for d in dates]
    # Offsets of time zones are multiples of 15 minutes.
    quarter = (Event.at / 900).alias("quarter")
    signed_in = fn.SUM(SQL("CASE WHEN action = 'sign-in' THEN 1 ELSE 0 END"))
    rows: Any = (
        Event.select(quarter, Event.outcome, fn.COUNT(SQL("*")), signed_in)
        .where(Event.workspace == scope.workspace_id, Event.at >= starts[0])
        .group_by(SQL("quarter"), Event.outcome)
        .tuples()
    )
    sums: Counter[tuple[int, str]] = Counter()
    for at, outcome, count, sign_ins in rows:
        index = sum(start <= at * 900 for start in starts) - 1
        sums[index, outcome] += count
        if outcome == "done":
            sums[index, "sign-in"] += int(sign_ins)
    return tuple(
        DayCount(day.isoformat(), start, sums[i, "done"], sums[i, "refused"], sums[i, "sign-in"])
        for i, (day, start) in enumerate(zip(dates, starts, strict=True))
    )


def _of_reference(workspace_id: str, reference: str) -> list[Expression]:
    # The index excludes empty references, so the query must exclude them too.
    return [
        Event.workspace == workspace_id,
        Event.reference == reference,
        Event.reference != "",
    ]


def _first_id(workspace_id: str, since: int) -> str:
    """Return the lowest possible ID of an event at this time. IDs are in order of time."""
    found = (
        Event.select(Event.id)
        .where(Event.workspace == workspace_id, Event.at >= since - _SKEW)
        .order_by(Event.at, Event.id)
        .limit(1)
        .scalar()
    )
    return found or "z" * 22


def _matching(
    workspace_id: str, filters: Filters, *, action: str, outcome: str
) -> list[Expression]:
    match: list[Expression] = []
    if action:
        match.append(Event.action == (action if is_text(action) else "-"))
    if outcome:
        match.append(Event.outcome == outcome)
    if filters.actions:
        match.append(Event.action.in_(filters.actions))
    if filters.outcome:
        match.append(Event.outcome == filters.outcome)
    match.extend(Event.actor_name.contains(word) for word in filters.actors)
    for word in filters.applications:
        named = Application.select(Application.id).where(
            Application.workspace == workspace_id,
            (Application.slug == word.lower()) | Application.name.contains(word),
        )
        match.append(Event.application_id.in_(named))
    for word in filters.words:
        labelled = [name for name, label in ACTIONS.items() if word.lower() in label.lower()]
        match.append(
            Event.actor_name.contains(word)
            | Event.target_name.contains(word)
            | Event.reference.startswith(word)
            | Event.action.in_(labelled)
        )
    return match


def _scan(place: list[Expression], match: list[Expression], limit: int) -> Page[EventView]:
    reached = (
        Event.select(Event.id)
        .where(*place)
        .order_by(Event.id.desc())
        .offset(SCAN - 1)
        .limit(1)
        .scalar()
        if match
        else None
    )
    query = Event.select().where(*place, *match).order_by(Event.id.desc()).limit(limit + 1)
    rows = list(query.where(Event.id >= reached) if reached else query)
    shown = tuple(map(_view, rows[:limit]))
    if len(rows) > limit:
        return Page(shown, encode_cursor(shown[-1].id))
    return Page(shown, encode_cursor(reached) if reached else None)


def _view(row: Event) -> EventView:
    return EventView(
        id=row.id,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        action=row.action,
        target_kind=row.target_kind,
        target_id=row.target_id,
        target_name=row.target_name,
        application_id=row.application_id,
        outcome=row.outcome,
        detail=row.detail,
        address=row.address,
        reference=row.reference,
    )
