"""One exchange with a service provider: what is known of it so far, and its line in the log."""

import json
import logging
from dataclasses import dataclass, field
from typing import Any

from ssoko.errors import AccessRefused, NotFound, Refusal
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.logout import LogoutRequest, LogoutResponse
from ssoko.saml.request import AuthnRequest
from ssoko.saml.response import NameId
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import Services
from ssoko.services.people.users import UserView
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.sign_in_context import Candidate
from ssoko.services.sso.trace import keep
from ssoko.store.ids import new_id
from ssoko.store.models.table import database
from ssoko.store.sql import execute

_log = logging.getLogger(__name__)

_EVENT = """
INSERT INTO event (id, workspace_id, at, actor_kind, actor_id, actor_name, action, target_kind,
  target_id, target_name, application_id, outcome, detail, address, reference)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_PARTICIPATION = """
INSERT INTO participation (id, session_id, application_id, session_index, name_id, name_id_format,
  name_qualifier, sp_name_qualifier, created_at, last_used_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session_id, application_id) DO UPDATE SET
  name_id = excluded.name_id, name_id_format = excluded.name_id_format,
  name_qualifier = excluded.name_qualifier, sp_name_qualifier = excluded.sp_name_qualifier,
  session_index = excluded.session_index, last_used_at = excluded.last_used_at, ended_at = NULL
"""

#: Longest text of one thing in an event's detail, in characters.
_LONGEST = 500


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What is known of one exchange; it grows while the rules are gone through.

    :param issuer_id: empty until known, for a launch by name.
    :param started: ``sp``, or ``ssoko`` for a launch.
    :param binding: URI of the binding of the request; empty when Ssoko begins.
    :param inbound: the message, once it was decoded; ``raw`` is one that could not be.
    :param logout: the message, when the exchange is about signing out.
    :param answer_to: the ACS URL, once it is known to be a registered one.
    :param passed: the steps (:data:`ssoko.services.sso.trace.STEPS`) that are behind it, each
        with what was found there.
    """

    services: Services
    now: int
    issuer_id: str = ""
    started: str = "sp"
    session: SignedIn | None = None
    address: str = ""
    binding: str = ""
    relay_state: str = ""
    pending_id: str = ""
    inbound: Inbound | None = None
    raw: str = ""
    request: AuthnRequest | None = None
    logout: LogoutRequest | LogoutResponse | None = None
    candidate: Candidate | None = None
    answer_to: str = ""
    passed: dict[str, str] = field(default_factory=dict)

    @property
    def session_id(self) -> str:
        return self.session.session_id if self.session else ""

    @property
    def application_name(self) -> str:
        return (self.candidate and self.candidate.name) or ""

    @property
    def request_id(self) -> str | None:
        return self.request.id if self.request else None

    def person_of(self, candidate: Candidate) -> UserView | None:
        """Return who is signed in, if that is to the workspace of the candidate."""
        return self.session.user if self.session and candidate.user_id else None


def write_sign_in(exchange: Exchange, candidate: Candidate, name_id: NameId, index: str) -> None:
    """Write that the person is in, inside the transaction that answers."""
    now = exchange.now
    execute(
        _PARTICIPATION,
        (
            new_id(),
            candidate.session_id,
            candidate.application_id,
            index,
            name_id.value,
            name_id.format,
            name_id.name_qualifier or "",
            name_id.sp_name_qualifier or "",
            now,
            now,
        ),
    )
    detail = {
        **_how(exchange),
        "name_id": name_id.value,
        "acs_url": exchange.answer_to,
        "audience": sign_in_context.record_of(candidate).service_provider.entity_id,
    }
    _write_event(exchange, candidate, "sign-in", detail=detail)


def write_refusal(exchange: Exchange, refusal: Refusal) -> None:
    """Write why there is no assertion: an event and a trace, which share their reference.

    The refusal is told its reference and its place. It stays without a reference, and without an
    event, when a flood of its kind leaves no more traces.

    :raises NotFound: when not even the issuer is known, so nobody could read what is written.
    """
    candidate = exchange.candidate or sign_in_context.by_own_issuer(
        exchange.issuer_id, session_id=exchange.session_id, now=exchange.now
    )
    if candidate is None:
        _log.info("refused at an unknown issuer: %s", refusal.code)
        raise NotFound("There is no such sign-in address.") from refusal
    refusal.got = _plain(refusal.got)
    refusal.workspace = candidate.workspace_slug
    refusal.contact = candidate.contact
    refusal.application_id = candidate.application_id or ""
    refusal.application = candidate.name or ""
    with database.atomic():
        refusal.reference = keep(exchange, candidate, refusal)
        if refusal.reference:
            _write_refused(exchange, candidate, refusal)


def _write_refused(exchange: Exchange, candidate: Candidate, refusal: Refusal) -> None:
    said = {
        "code": refusal.code,
        "message": str(refusal),
        "got": refusal.got,
        "expected": refusal.expected,
        "rule": refusal.rule,
        "fix": refusal.fix,
    }
    message = exchange.request or exchange.logout
    if message is not None:
        said |= {"request_id": message.id, "sp": message.issuer}
    detail = _how(exchange) | {name: _plain(text) for name, text in said.items() if text}
    action = "sign-in" if isinstance(refusal, AccessRefused) else "request.refused"
    _write_event(exchange, candidate, action, detail=detail, reference=refusal.reference)


def _plain(text: str) -> str:
    """Cut what was sent to what PostgreSQL's JSON and a page can hold."""
    return text[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", "?")


def _how(exchange: Exchange) -> dict[str, Any]:
    started = {names.BINDING_REDIRECT: "redirect", names.BINDING_POST: "post"}
    return {"started": started.get(exchange.binding, "ssoko")}


def _write_event(
    exchange: Exchange,
    candidate: Candidate,
    action: str,
    *,
    detail: dict[str, Any],
    reference: str = "",
) -> None:
    user = exchange.person_of(candidate)
    execute(
        _EVENT,
        (
            new_id(),
            candidate.workspace_id,
            exchange.now,
            "user" if user else "anonymous",
            user.id if user else "",
            user.display_name if user else "",
            action,
            "application" if candidate.application_id else "issuer",
            candidate.application_id or candidate.issuer_id,
            candidate.name or "",
            candidate.application_id or "",
            "refused" if reference else "done",
            json.dumps(detail),
            exchange.address,
            reference,
        ),
    )
