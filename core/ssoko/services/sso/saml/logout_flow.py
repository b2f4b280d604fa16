"""A sign-out in progress: the applications to notify, their order, and the result of each.

The Ssoko session has already ended. The browser visits the applications one after another, since
an application gets its cookies only in a top-level window. Applications that cannot be reached, or
from which the last browser did not return, are notified last, in frames of our page. The whole
sign-out takes at most :data:`BUDGET` seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from ssoko.plugin.host.record import service_provider_from_json
from ssoko.saml.response import NameId
from ssoko.services.activity import log
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.credentials.secret_tokens import digest, make_token
from ssoko.services.people.users import view as user_view
from ssoko.services.sso.saml.assertion import new_message_id
from ssoko.services.sso.saml.logout_messages import Outgoing, logout_request, party_of
from ssoko.services.sso.saml.logout_request import LIFETIME
from ssoko.store.models.applications import Application
from ssoko.store.models.people import User
from ssoko.store.models.sessions import Participation
from ssoko.store.models.sso import LogoutFlow, LogoutTarget

#: Seconds after which the sign-out finishes without further responses.
BUDGET = 5

#: Seconds that flows are kept, to know which applications did not respond the last time.
KEEP_FLOWS = 30 * 86_400

#: The result of a response: the session ended or not, or the response could not be verified.
Result = Literal["ended", "failed", "unproven"]

_OVER = ("ended", "failed", "silent", "unproven", "not-notified")


@dataclass(frozen=True, slots=True)
class LogoutStatus:
    """One application in the list of a sign-out.

    :param state: ``waiting``, ``asked``, ``ended``, ``failed``, ``silent``, ``unproven`` or
        ``not-notified``.
    :param framed: notified in a frame, where it may not have received its session cookie.
    """

    name: str
    state: str
    framed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The application that started the logout, and the values that its response needs."""

    application_id: str
    request_id: str
    relay_state: str


def start(
    services: Services,
    user: User,
    participations: Iterable[Participation],
    *,
    requester: Requester | None = None,
    address: str = "",
) -> str:
    """Store the applications to notify, in the caller's transaction, and return the flow's key."""
    now = services.clock()
    close_abandoned(services)
    key = make_token()
    flow = LogoutFlow.create(
        key_hash=digest(key),
        workspace=user.workspace_id,
        user=user,
        application=requester.application_id if requester else None,
        request_id=requester.request_id if requester else "",
        relay_state=requester.relay_state if requester else "",
        address=address,
        created_at=now,
    )
    rows = sorted(participations, key=lambda p: (p.application.id, *_name(p)))
    targets = [_target(flow, list(same), now) for _, same in groupby(rows, key=_same)]
    # Applications from which the browser may not return are last.
    for position, target in enumerate(sorted(targets, key=lambda t: (t.framed, not t.destination))):
        target.position = position
        target.save(force_insert=True)
    ids = [p.id for p in rows]
    Participation.update(ended_at=now).where(Participation.id.in_(ids)).execute()
    return key


def find(key: str, *, now: int) -> LogoutFlow | None:
    """Return the flow with this key, unless it has expired."""
    flow: LogoutFlow | None = LogoutFlow.get_or_none(
        LogoutFlow.key_hash == digest(key), LogoutFlow.created_at > now - LIFETIME
    )
    return flow


def targets_of(flow: LogoutFlow) -> list[LogoutTarget]:
    """Return the targets in their order, each with its application."""
    query = LogoutTarget.select(LogoutTarget, Application).join(Application)
    return list(query.where(LogoutTarget.flow == flow).order_by(LogoutTarget.position))


def statuses(targets: Iterable[LogoutTarget]) -> tuple[LogoutStatus, ...]:
    """Return the status of each target, for the page."""
    return tuple(LogoutStatus(t.application.name, t.state, t.framed) for t in targets)


def new_key(flow: LogoutFlow) -> str:
    """Replace the key of the flow, in the caller's transaction, and return the new key."""
    key = make_token()
    LogoutFlow.update(key_hash=digest(key)).where(LogoutFlow.id == flow.id).execute()
    return key


def next_targets(
    flow: LogoutFlow, targets: list[LogoutTarget], *, unreachable: bool, now: int
) -> list[LogoutTarget]:
    """Mark applications that did not respond, and return the next to notify.

    :param unreachable: the browser cannot connect to the application that was requested.
    :returns: one target for the top-level window, or all remaining ones for frames.
    """
    for target in targets:
        if target.state != "asked":
            continue
        if unreachable and not target.framed:
            # The browser has not sent the request yet.
            _set(target, state="waiting", framed=True, request_id=None)
        else:
            _set(target, state="silent")
    waiting = [t for t in targets if t.state == "waiting"]
    if now - flow.created_at >= BUDGET:
        for target in waiting:
            _set(target, state="silent")
        return []
    top_level = [t for t in waiting if not t.framed]
    return top_level[:1] or waiting


def request_for(services: Services, target: LogoutTarget) -> Outgoing:
    """Return the LogoutRequest for a target, and mark the target as asked."""
    request_id = new_message_id()
    outgoing = logout_request(
        services,
        party_of(target.application),
        request_id=request_id,
        name_id=NameId(*_name(target)[:2], *(text or None for text in _name(target)[2:])),
        session_indexes=tuple(target.session_indexes),
    )
    _set(target, state="asked", request_id=request_id)
    return outgoing


def record_response(target: LogoutTarget, result: Result) -> bool:
    """Store the result of a LogoutResponse. False when the target already has a result.

    A verified response replaces an unverified one, but not the reverse.
    """
    replaced = ("asked", "silent") if result == "unproven" else ("asked", "silent", "unproven")
    updated = (
        LogoutTarget.update(state=result)
        .where(LogoutTarget.id == target.id, LogoutTarget.state.in_(replaced))
        .execute()
    )
    return bool(updated)


def finish(services: Services, flow: LogoutFlow, targets: Iterable[LogoutTarget]) -> bool:
    """Finish a flow and record an event for each target. False when it was already finished."""
    closed = (
        LogoutFlow.update(finished_at=services.clock())
        .where(LogoutFlow.id == flow.id, LogoutFlow.finished_at.is_null())
        .execute()
    )
    if not closed:
        return False
    user = user_view(flow.user)
    actor = Actor("user", user.id, user.display_name, flow.address)
    scope = Scope(services, flow.workspace_id, actor)
    for target in targets:
        if target.state not in _OVER:
            _set(target, state="silent")
        if target.state == "not-notified":
            continue
        log.record(
            scope,
            "logout",
            target=target.application,
            outcome="done" if target.state == "ended" else "refused",
            detail=_detail(target),
        )
    return True


def close_abandoned(services: Services) -> None:
    """Finish flows that the browser abandoned, and delete old flows."""
    now = services.clock()
    LogoutFlow.delete().where(LogoutFlow.created_at < now - KEEP_FLOWS).execute()
    abandoned = LogoutFlow.select().where(
        LogoutFlow.finished_at.is_null(), LogoutFlow.created_at <= now - LIFETIME
    )
    for flow in abandoned.limit(20):
        finish(services, flow, targets_of(flow))


_MESSAGES = {
    "failed": "The application reported that it could not end its session.",
    "silent": "The application did not respond in time. Its session may last until it expires.",
    "unproven": "The application responded, but its response could not be verified.",
}


def _detail(target: LogoutTarget) -> dict[str, str]:
    detail = {"result": target.state, "logout_url": target.destination}
    if target.state in _MESSAGES:
        detail["message"] = _MESSAGES[target.state]
    return detail


def _target(flow: LogoutFlow, same: list[Participation], now: int) -> LogoutTarget:
    first = same[0]
    destination = service_provider_from_json(first.application.service_provider).slo_url
    value, name_format, qualifier, sp_qualifier = _name(first)
    return LogoutTarget(
        flow=flow,
        application=first.application,
        destination=destination,
        name_id=value,
        name_id_format=name_format,
        name_qualifier=qualifier,
        sp_name_qualifier=sp_qualifier,
        session_indexes=[p.session_index for p in same],
        state="waiting" if destination else "not-notified",
        framed=bool(destination) and _did_not_return(first.application.id, destination, now),
    )


def _did_not_return(application_id: str, destination: str, now: int) -> bool:
    """Tell whether the last browser that was sent to this logout URL did not return."""
    last = (
        LogoutTarget.select(LogoutTarget, LogoutFlow)
        .join(LogoutFlow)
        .where(
            LogoutTarget.application == application_id,
            LogoutTarget.destination == destination,
            LogoutTarget.request_id.is_null(False),
            LogoutFlow.created_at < now - BUDGET,
        )
        .order_by(LogoutTarget.id.desc())
        .first()
    )
    return last is not None and last.state in {"asked", "silent"}


def _same(participation: Participation) -> tuple[str, ...]:
    return (participation.application.id, *_name(participation))


def _name(row: Participation | LogoutTarget) -> tuple[str, str, str, str]:
    return (
        row.name_id,
        row.name_id_format,
        row.name_qualifier or "",
        row.sp_name_qualifier or "",
    )


def _set(target: LogoutTarget, **values: object) -> None:
    for name, value in values.items():
        setattr(target, name, value)
    LogoutTarget.update(**values).where(LogoutTarget.id == target.id).execute()
