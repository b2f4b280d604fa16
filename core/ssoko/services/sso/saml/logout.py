"""Single logout (SAML profiles, section 4.4), started by a user or by a service provider.

The session ends first, in the transaction that accepts the request, so it is ended whatever happens
in the browser afterwards. Then the other applications are notified
(:mod:`ssoko.services.sso.saml.logout_flow`). Last, the service provider that sent the LogoutRequest
gets its LogoutResponse.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ssoko.errors import MessageRefused, NotFound, Refusal, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.logout import LogoutRequest, parse_logout_request, parse_logout_response
from ssoko.services import workspaces
from ssoko.services.activity import log
from ssoko.services.authentication import sessions
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.credentials.secret_tokens import digest
from ssoko.services.sso.attempt import Attempt
from ssoko.services.sso.evidence import note_accepted
from ssoko.services.sso.log import write_refusal
from ssoko.services.sso.saml import logout_flow, pending
from ssoko.services.sso.saml.assertion import new_message_id
from ssoko.services.sso.saml.logout_flow import BUDGET, LogoutStatus, Requester
from ssoko.services.sso.saml.logout_messages import (
    Outcome,
    Outgoing,
    Party,
    entity_id_of,
    logout_response,
    party_of,
)
from ssoko.services.sso.saml.logout_request import (
    check_request,
    check_response,
    claimed_request_id,
    find_sender,
    find_target,
    participations_of,
    party_of_sender,
    verify_message,
)
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.applications import Application
from ssoko.store.models.people import User
from ssoko.store.models.sessions import Participation, Session
from ssoko.store.models.sso import LogoutFlow, LogoutTarget
from ssoko.store.models.table import database


@dataclass(frozen=True, slots=True)
class Continuation:
    """The sign-out continues on the page with this key, because more applications are left."""

    key: str


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A LogoutResponse arrived in a frame. The page around it continues the sign-out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """The page that notifies one application, or several in frames.

    :param framed: the messages are sent in frames of the page, which waits for all of them.
    :param seconds_left: seconds until the page continues without responses.
    """

    statuses: tuple[LogoutStatus, ...]
    outgoing: tuple[Outgoing, ...]
    framed: bool
    seconds_left: int
    workspace: WorkspaceView


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """The sign-out is complete. ``statuses`` has its result for each application."""

    statuses: tuple[LogoutStatus, ...]
    workspace: WorkspaceView


def process_request(
    services: Services, issuer_id: str, inbound: Inbound, *, address: str = ""
) -> Outgoing | Continuation | SignedOut:
    """Process the LogoutRequest of an SP. The cookies of the browser are not used.

    :raises NotFound: when the issuer does not exist.
    :raises Refusal: when no session was ended; a page shows the reason.
    """
    attempt = _attempt(services, issuer_id, inbound, address)
    party: Party | None = None
    try:
        message, root = parse_logout_request(inbound.xml)
        attempt = replace(attempt, logout=message)
        context = find_sender(attempt, message)
        attempt = replace(attempt, context=context)
        party = party_of_sender(context)
        verify_message(inbound, message, root, party.sp, "SAMLRequest")
        return _accept(attempt, message, party, inbound)
    except RequestRefused as refusal:
        write_refusal(attempt, refusal)
        if party is None or attempt.logout is None or not party.sp.slo_url:
            raise
        outcome = Outcome(
            status=refusal.status,
            responder=refusal.responder,
            message=f"{refusal} ({refusal.reference})",
        )
        return _response(services, party, attempt.logout.id, inbound.relay_state, outcome)
    except Refusal as refusal:
        write_refusal(attempt, refusal)
        raise


def process_response(
    services: Services,
    issuer_id: str,
    inbound: Inbound,
    *,
    in_frame: bool | None = None,
    address: str = "",
) -> Continuation | ResponseReceived:
    """Process the LogoutResponse of an application that was notified.

    If it cannot be verified, the sign-out continues, since the application was notified and the
    browser has returned. The result page then shows that the response was not verified.

    :param in_frame: whether the browser shows it in a frame; None when unknown.
    :raises NotFound: when the issuer does not exist.
    :raises Refusal: when this response is not expected.
    """
    attempt = _attempt(services, issuer_id, inbound, address)
    try:
        message, root = parse_logout_response(inbound.xml)
        attempt = replace(attempt, logout=message)
        context = find_sender(attempt, message)
        attempt = replace(attempt, context=context)
        party = party_of_sender(context)
        verify_message(inbound, message, root, party.sp, "SAMLResponse")
        target = check_response(attempt, message, inbound, party)
    except Refusal as refusal:
        request_ids = (inbound.relay_state, claimed_request_id(inbound.xml))
        return _continue_unverified(attempt, refusal, request_ids, in_frame)
    try:
        # An SP that does not know the user has no session to end.
        ended = message.succeeded or names.STATUS_UNKNOWN_PRINCIPAL in message.statuses
        return _record_response(target, "ended" if ended else "failed", in_frame)
    except Refusal as refusal:
        write_refusal(attempt, refusal)
        raise


def unreadable_response(
    services: Services,
    issuer_id: str,
    refusal: Refusal,
    *,
    relay_state: str,
    in_frame: bool | None = None,
    address: str = "",
) -> Continuation | ResponseReceived:
    """Process a LogoutResponse that could not be decoded, as :func:`process_response` does.

    :raises NotFound: when there is no such issuer.
    :raises Refusal: when no response is expected.
    """
    attempt = Attempt(
        services=services,
        now=services.clock(),
        issuer_id=issuer_id,
        address=address,
        started="logout",
    )
    return _continue_unverified(attempt, refusal, (relay_state,), in_frame)


def _continue_unverified(
    attempt: Attempt, refusal: Refusal, request_ids: Iterable[str], in_frame: bool | None
) -> Continuation | ResponseReceived:
    """Continue the sign-out of an unverified response. Raises the refusal if there is none."""
    target = find_target(attempt, request_ids)
    result: Continuation | ResponseReceived | None = None
    if target is not None:
        try:
            result = _record_response(target, "unproven", in_frame)
        except MessageRefused:  # the target already has a result
            result = None
    # Without a recorded certificate no response can be verified, so this is not worth a trace.
    if result is None or refusal.code != "logout-no-certificate":
        write_refusal(attempt, refusal)
    if result is None:
        raise refusal
    return result


def _record_response(
    target: LogoutTarget, state: logout_flow.Result, in_frame: bool | None
) -> Continuation | ResponseReceived:
    with database.atomic():
        if not logout_flow.record_response(target, state):
            raise _duplicate_response(target.request_id or "")
        if target.framed if in_frame is None else in_frame:
            return ResponseReceived()
        return Continuation(logout_flow.new_key(target.flow))


def sign_out(services: Services, token: str, actor: Actor) -> str | None:
    """End the session of a browser.

    :returns: the key of the page that notifies the applications, or None when there are none.
    """
    with database.atomic():
        row = Session.get_or_none(Session.id == digest(token), Session.ended_at.is_null())
        if row is None:
            return None
        sessions.end_session(services, token, actor)
        others = _signed_in_to([row.id])
        if not others:
            return None
        return logout_flow.start(services, row.user, others, address=actor.address)


def continue_logout(
    services: Services, key: str, *, unreachable: bool = False
) -> Notification | Outgoing | SignedOut:
    """Notify the next application. After the last one, respond to the SP that started the logout,
    or show the result.

    If the page is opened again, the application that was notified last has not responded.

    :param unreachable: the browser cannot connect to the next application.
    :raises NotFound: when the key is used or expired.
    """
    now = services.clock()
    flow = logout_flow.find(key, now=now)
    if flow is None:
        raise NotFound("This sign-out is already complete.")
    with database.atomic():
        targets = logout_flow.targets_of(flow)
        workspace = workspaces.get_workspace(flow.workspace.slug)
        if flow.finished_at is None:
            batch = logout_flow.next_targets(flow, targets, unreachable=unreachable, now=now)
            if batch:
                return Notification(
                    outgoing=tuple(logout_flow.request_for(services, target) for target in batch),
                    framed=batch[0].framed,
                    seconds_left=max(0, BUDGET - 1 - (now - flow.created_at)),
                    statuses=logout_flow.statuses(targets),
                    workspace=workspace,
                )
            logout_flow.finish(services, flow, targets)
            response = _final_response(services, flow, targets)
            if response is not None:
                return response
        return SignedOut(statuses=logout_flow.statuses(targets), workspace=workspace)


def log_refusal(
    services: Services, issuer_id: str, refusal: Refusal, *, address: str = ""
) -> Refusal:
    """Record the refusal of a message that could not be decoded, and return it.

    :raises NotFound: when the issuer does not exist.
    """
    attempt = Attempt(
        services=services,
        now=services.clock(),
        issuer_id=issuer_id,
        address=address,
        started="logout",
    )
    write_refusal(attempt, refusal)
    return refusal


def _attempt(services: Services, issuer_id: str, inbound: Inbound, address: str) -> Attempt:
    return Attempt(
        services=services,
        now=services.clock(),
        issuer_id=issuer_id,
        started="logout",
        address=address,
        binding=inbound.binding,
        relay_state=inbound.relay_state,
        inbound=inbound,
    )


def _accept(
    attempt: Attempt, message: LogoutRequest, party: Party, inbound: Inbound
) -> Outgoing | Continuation | SignedOut:
    services, now = attempt.services, attempt.now
    name_id = check_request(attempt, message, inbound)
    pending.remember(attempt.issuer_id, message, now=now)
    participations = participations_of(
        party,
        name_id,
        message.session_indexes,
        idp_entity_id=entity_id_of(services, party),
    )
    user = _only_user(participations)
    session_ids = [row.session.id for row in participations]
    with database.atomic():
        ended = (
            Session.update(ended_at=now)
            .where(Session.id.in_(session_ids), Session.ended_at.is_null())
            .execute()
        )
        Participation.update(ended_at=now).where(
            Participation.id.in_([row.id for row in participations])
        ).execute()
        if message.session_indexes:
            # The SP knows the SessionIndex only from the assertion, so it accepted that one.
            note_accepted(services, party.application_id, participations)
        others = _signed_in_to(session_ids)
        _record(attempt, party, user, sessions=int(ended), others=others)
        if others:
            requester = Requester(
                application_id=party.application_id,
                request_id=message.id,
                relay_state=inbound.relay_state,
            )
            address = attempt.address
            return Continuation(
                logout_flow.start(services, user, others, requester=requester, address=address)
            )
    if party.sp.slo_url:
        return _response(services, party, message.id, inbound.relay_state, Outcome())
    return SignedOut(statuses=(), workspace=workspaces.get_workspace(user.workspace.slug))


def _only_user(participations: Iterable[Participation]) -> User:
    users = {row.session.user_id: row.session.user for row in participations}
    if len(users) > 1:
        raise RequestRefused(
            "logout-ambiguous",
            "The application uses this NameID for several users, and did not send a SessionIndex.",
            status=names.STATUS_REQUEST_UNSUPPORTED,
            received=f"a NameID of {len(users)} users, no SessionIndex",
            expected="a SessionIndex",
            source="SAML core, section 3.7.1",
            fix="Choose a NameID source that is unique for each user.",
        )
    user: User = users.popitem()[1]
    return user


def _signed_in_to(session_ids: list[str]) -> list[Participation]:
    """Return the participations of these sessions that have not ended yet."""
    query = Participation.select(Participation, Application).join(Application)
    return list(
        query.where(
            Participation.session.in_(session_ids),
            Participation.ended_at.is_null(),
            Application.uninstalled_at.is_null(),
        )
    )


def _final_response(
    services: Services, flow: LogoutFlow, targets: list[LogoutTarget]
) -> Outgoing | None:
    """Return the response to the application that started the logout.

    :returns: None when a user started it, or the application is uninstalled or has no logout URL.
    """
    requester = flow.application
    if requester is None or requester.uninstalled_at is not None:
        return None
    party = party_of(requester)
    if not party.sp.slo_url:
        return None
    outcome = Outcome(partial=any(target.state != "ended" for target in targets))
    return _response(services, party, flow.request_id, flow.relay_state, outcome)


def _response(
    services: Services, party: Party, request_id: str, relay_state: str, outcome: Outcome
) -> Outgoing:
    return logout_response(
        services,
        party,
        response_id=new_message_id(),
        in_response_to=request_id,
        relay_state=relay_state,
        outcome=outcome,
    )


def _record(
    attempt: Attempt, party: Party, user: User, *, sessions: int, others: list[Participation]
) -> None:
    actor = Actor("user", user.id, user.display_name, attempt.address)
    log.record(
        Scope(attempt.services, user.workspace_id, actor),
        "sign-out",
        target=log.Target("application", party.application_id, party.name),
        detail={"started": party.name, "sessions": sessions, "notified": len(others)},
    )


def _duplicate_response(request_id: str) -> MessageRefused:
    return MessageRefused(
        "logout-unsolicited",
        "This logout response was already processed.",
        received=request_id,
        expected="one response to each request",
        source="SAML core, section 3.2.2",
    )
