"""Single logout (SAML profiles, section 4.4), started by a user or by a service provider.

The session ends first, in the transaction that accepts the request; whatever happens to the browser
afterwards, it is over. Then the other applications are notified
(:mod:`ssoko.services.sso.saml.logout_flow`), and last the one that message gets its response.
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
from ssoko.services.issuers import issuers
from ssoko.services.sso.attempt import Attempt
from ssoko.services.sso.evidence import note_accepted
from ssoko.services.sso.log import write_refusal
from ssoko.services.sso.saml import logout_flow, pending
from ssoko.services.sso.saml.assertion import new_message_id
from ssoko.services.sso.saml.logout_flow import BUDGET, Asker, Told
from ssoko.services.sso.saml.logout_messages import (
    Outcome,
    Outgoing,
    Party,
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
class Onward:
    """Other applications must be notified: the page with this key continues."""

    key: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A response arrived in a frame of the page that waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The page that notifies one application, or several in frames.

    :param framed: the messages go into frames of the page, and it waits for all of them.
    :param left: seconds until it continues without a response.
    """

    told: tuple[Told, ...]
    outgoing: tuple[Outgoing, ...]
    framed: bool
    left: int
    workspace: WorkspaceView


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """The result: which applications were notified and which were not."""

    told: tuple[Told, ...]
    workspace: WorkspaceView


def request(
    services: Services, issuer_id: str, inbound: Inbound, *, address: str = ""
) -> Outgoing | Onward | SignedOut:
    """Process a LogoutRequest of an SP, independent of the browser's own session.

    :raises NotFound: when there is no such issuer.
    :raises Refusal: when a page shows why no session was ended.
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


def respond(
    services: Services,
    issuer_id: str,
    inbound: Inbound,
    *,
    in_frame: bool | None = None,
    address: str = "",
) -> Onward | Heard:
    """Process the LogoutResponse of an application that was notified.

    One that cannot be verified proves nothing, but the application was notified and the browser is
    back, so the sign-out continues, and the list at its end says so.

    :param in_frame: where the browser shows it; None when it does not say.
    :raises NotFound: when there is no such issuer.
    :raises Refusal: when no such response is expected.
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
        return _unproven(attempt, refusal, request_ids, in_frame)
    try:
        # An SP that does not know the user has no session of the user either.
        ended = message.succeeded or names.STATUS_UNKNOWN_PRINCIPAL in message.statuses
        return _settle(target, "ended" if ended else "failed", in_frame)
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
) -> Onward | Heard:
    """Process a LogoutResponse that could not be decoded, as :func:`respond` does.

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
    return _unproven(attempt, refusal, (relay_state,), in_frame)


def _unproven(
    attempt: Attempt, refusal: Refusal, request_ids: Iterable[str], in_frame: bool | None
) -> Onward | Heard:
    """Continue the sign-out that a response without proof belongs to; raise when there is none."""
    target = find_target(attempt, request_ids)
    answer: Onward | Heard | None = None
    if target is not None:
        try:
            answer = _settle(target, "unproven", in_frame)
        except MessageRefused:  # there was a response already
            answer = None
    # Nobody can prove anything without a certificate: that is no fault of this response.
    if answer is None or refusal.code != "logout-no-certificate":
        write_refusal(attempt, refusal)
    if answer is None:
        raise refusal
    return answer


def _settle(
    target: LogoutTarget, state: logout_flow.Result, in_frame: bool | None
) -> Onward | Heard:
    with database.atomic():
        if not logout_flow.settle(target, state):
            raise _answered_already(target.request_id or "")
        if target.framed if in_frame is None else in_frame:
            return Heard()
        return Onward(logout_flow.new_key(target.flow))


def sign_out(services: Services, token: str, actor: Actor) -> str | None:
    """End the session of a browser; return the key of the page that tells the applications.

    :returns: None when the session has signed in to none.
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


def go_on(
    services: Services, key: str, *, unreachable: bool = False
) -> Telling | Outgoing | SignedOut:
    """Notify the next application, or finish: respond to the SP that asked, or show the result.

    Opening the page again means that the notified application did not respond.

    :param unreachable: the browser cannot reach the one whose turn it was.
    :raises NotFound: when the key is used or expired.
    """
    now = services.clock()
    flow = logout_flow.find(key, now=now)
    if flow is None:
        raise NotFound("This sign-out is over.")
    with database.atomic():
        targets = logout_flow.targets_of(flow)
        workspace = workspaces.get_workspace(flow.workspace.slug)
        if flow.finished_at is None:
            turn = logout_flow.move_on(flow, targets, unreachable=unreachable, now=now)
            if turn:
                return Telling(
                    outgoing=tuple(logout_flow.ask(services, target) for target in turn),
                    framed=turn[0].framed,
                    left=max(0, BUDGET - 1 - (now - flow.created_at)),
                    told=logout_flow.told(targets),
                    workspace=workspace,
                )
            logout_flow.finish(services, flow, targets)
            answer = _answer(services, flow, targets)
            if answer is not None:
                return answer
        return SignedOut(told=logout_flow.told(targets), workspace=workspace)


def log_refusal(
    services: Services, issuer_id: str, refusal: Refusal, *, address: str = ""
) -> Refusal:
    """Log a message that was refused before it could be decoded, and return the refusal.

    :raises NotFound: when there is no such issuer.
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
) -> Outgoing | Onward | SignedOut:
    services, now = attempt.services, attempt.now
    name_id = check_request(attempt, message, inbound)
    pending.remember(attempt.issuer_id, message, now=now)
    entity_id = issuers.entity_id(services.config.base_url, party.issuer_id)
    meant = participations_of(party, name_id, message.session_indexes, idp_entity_id=entity_id)
    user = _only_user(meant)
    session_ids = [row.session.id for row in meant]
    with database.atomic():
        ended = (
            Session.update(ended_at=now)
            .where(Session.id.in_(session_ids), Session.ended_at.is_null())
            .execute()
        )
        Participation.update(ended_at=now).where(
            Participation.id.in_([row.id for row in meant])
        ).execute()
        if message.session_indexes:
            # Our assertion alone told it this index.
            note_accepted(services, party.application_id, meant)
        others = _signed_in_to(session_ids)
        _record(attempt, party, user, sessions=int(ended), others=others)
        if others:
            asker = Asker(
                application_id=party.application_id,
                request_id=message.id,
                relay_state=inbound.relay_state,
            )
            address = attempt.address
            return Onward(logout_flow.start(services, user, others, asker=asker, address=address))
    if party.sp.slo_url:
        return _response(services, party, message.id, inbound.relay_state, Outcome())
    return SignedOut(told=(), workspace=workspaces.get_workspace(user.workspace.slug))


def _only_user(meant: Iterable[Participation]) -> User:
    users = {row.session.user_id: row.session.user for row in meant}
    if len(users) > 1:
        raise RequestRefused(
            "logout-ambiguous",
            "The application calls several people by this name and does not say whose session "
            "is meant.",
            status=names.STATUS_REQUEST_UNSUPPORTED,
            received=f"a NameID of {len(users)} people, no SessionIndex",
            expected="a SessionIndex",
            source="SAML core, section 3.7.1",
            fix="Choose a NameID source that tells people apart.",
        )
    user: User = users.popitem()[1]
    return user


def _signed_in_to(session_ids: list[str]) -> list[Participation]:
    """Return the participations of these sessions whose applications were not notified yet."""
    query = Participation.select(Participation, Application).join(Application)
    return list(
        query.where(
            Participation.session.in_(session_ids),
            Participation.ended_at.is_null(),
            Application.uninstalled_at.is_null(),
        )
    )


def _answer(services: Services, flow: LogoutFlow, targets: list[LogoutTarget]) -> Outgoing | None:
    """Return the answer to the application that message; None when nobody did or it is gone."""
    asker = flow.application
    if asker is None or asker.uninstalled_at is not None:
        return None
    party = party_of(asker)
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
        detail={"started": party.name, "sessions": sessions, "told": len(others)},
    )


def _answered_already(request_id: str) -> MessageRefused:
    return MessageRefused(
        "logout-unsolicited",
        "This logout answer came before.",
        received=request_id,
        expected="one answer to each request",
        source="SAML core, section 3.2.2",
    )
