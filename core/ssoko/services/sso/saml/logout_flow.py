"""A sign-out in progress: the applications to notify, their order, and the result of each.

The session ends before any of this starts. The browser is sent to the applications one after
the other, since applications get their cookies only in a top-level window. One that cannot be
reached, or that the browser did not come back from last time, is notified in a frame of our page
at the end. All together take at most :data:`BUDGET` seconds.
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

#: Seconds that flows are kept, to know who did not answer the last time.
KEPT = 30 * 86_400

#: What a response says: the session ended or not, or nothing that can be believed.
Result = Literal["ended", "failed", "unproven"]

_OVER = ("ended", "failed", "silent", "unproven", "untold")


@dataclass(frozen=True, slots=True)
class Told:
    """One application in the list of a sign-out.

    :param state: ``waiting``, ``asked``, ``ended``, ``failed``, ``silent``, ``unproven`` or
        ``untold``.
    :param framed: told in a frame, where it may lack the cookie of the session that it ended.
    """

    name: str
    state: str
    framed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The application that started a sign-out, and the data for its response."""

    application_id: str
    request_id: str
    relay_state: str


def start(
    services: Services,
    user: User,
    participations: Iterable[Participation],
    *,
    asker: Asker | None = None,
    address: str = "",
) -> str:
    """Note whom to tell, inside the caller's transaction, and return the key of the flow."""
    now = services.clock()
    close_abandoned(services)
    key = make_token()
    flow = LogoutFlow.create(
        key_hash=digest(key),
        workspace=user.workspace_id,
        user=user,
        application=asker.application_id if asker else None,
        request_id=asker.request_id if asker else "",
        relay_state=asker.relay_state if asker else "",
        address=address,
        created_at=now,
    )
    rows = sorted(participations, key=lambda p: (p.application.id, *_name(p)))
    targets = [_target(flow, list(same), now) for _, same in groupby(rows, key=_same)]
    # Those that the browser may not come back from go last.
    for position, target in enumerate(sorted(targets, key=lambda t: (t.framed, not t.destination))):
        target.position = position
        target.save(force_insert=True)
    ids = [p.id for p in rows]
    Participation.update(ended_at=now).where(Participation.id.in_(ids)).execute()
    return key


def find(key: str, *, now: int) -> LogoutFlow | None:
    """Return the flow behind a key that is not too old."""
    flow: LogoutFlow | None = LogoutFlow.get_or_none(
        LogoutFlow.key_hash == digest(key), LogoutFlow.created_at > now - LIFETIME
    )
    return flow


def targets_of(flow: LogoutFlow) -> list[LogoutTarget]:
    """Return the targets in their order, each with its application."""
    query = LogoutTarget.select(LogoutTarget, Application).join(Application)
    return list(query.where(LogoutTarget.flow == flow).order_by(LogoutTarget.position))


def told(targets: Iterable[LogoutTarget]) -> tuple[Told, ...]:
    """Return what the page lists."""
    return tuple(Told(t.application.name, t.state, t.framed) for t in targets)


def new_key(flow: LogoutFlow) -> str:
    """Give the flow another key, in the caller's transaction; the one before opens nothing."""
    key = make_token()
    LogoutFlow.update(key_hash=digest(key)).where(LogoutFlow.id == flow.id).execute()
    return key


def move_on(
    flow: LogoutFlow, targets: list[LogoutTarget], *, unreachable: bool, now: int
) -> list[LogoutTarget]:
    """Settle applications that did not respond; return the next ones, several in frames.

    :param unreachable: the browser found that whose turn it was cannot be reached.
    """
    for target in targets:
        if target.state != "asked":
            continue
        if unreachable and not target.framed:
            # It was not sent there, so nothing was said yet.
            _set(target, state="waiting", framed=True, request_id=None)
        else:
            _set(target, state="silent")
    waiting = [t for t in targets if t.state == "waiting"]
    if now - flow.created_at >= BUDGET:
        for target in waiting:
            _set(target, state="silent")
        return []
    on_top = [t for t in waiting if not t.framed]
    return on_top[:1] or waiting


def ask(services: Services, target: LogoutTarget) -> Outgoing:
    """Return the request for a target, and note that it is asked."""
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


def settle(target: LogoutTarget, result: Result) -> bool:
    """Note a response; false when another request was faster.

    A proof that comes after a response without one counts, and not the other way around.
    """
    replaced = ("asked", "silent") if result == "unproven" else ("asked", "silent", "unproven")
    updated = (
        LogoutTarget.update(state=result)
        .where(LogoutTarget.id == target.id, LogoutTarget.state.in_(replaced))
        .execute()
    )
    return bool(updated)


def finish(services: Services, flow: LogoutFlow, targets: Iterable[LogoutTarget]) -> bool:
    """Close a flow and write what became of it; false when it was closed already."""
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
        if target.state == "untold":
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
    """Finish the flows whose browser never came back, and forget the old ones."""
    now = services.clock()
    LogoutFlow.delete().where(LogoutFlow.created_at < now - KEPT).execute()
    lost = LogoutFlow.select().where(
        LogoutFlow.finished_at.is_null(), LogoutFlow.created_at <= now - LIFETIME
    )
    for flow in lost.limit(20):
        finish(services, flow, targets_of(flow))


_WORDS = {
    "failed": "It answered that it could not end its session.",
    "silent": "It did not answer in time, so its session may go on until it ends by itself.",
    "unproven": "It was notified and answered, but the answer could not be verified.",
}


def _detail(target: LogoutTarget) -> dict[str, str]:
    detail = {"result": target.state, "logout_url": target.destination}
    if target.state in _WORDS:
        detail["message"] = _WORDS[target.state]
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
        state="waiting" if destination else "untold",
        framed=bool(destination) and _lost_before(first.application.id, destination, now),
    )


def _lost_before(application_id: str, destination: str, now: int) -> bool:
    """Tell whether the last browser that was sent to this logout URL did not come back."""
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
