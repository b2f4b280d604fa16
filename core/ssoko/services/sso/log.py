"""Write sign-ins and refusals to the activity log, with fixed SQL."""

import json
import logging
from typing import Any

from ssoko.errors import AccessRefused, NotFound, Refusal
from ssoko.saml import names
from ssoko.saml.response import NameId
from ssoko.services.sso import sign_in_context, trace
from ssoko.services.sso.attempt import Attempt
from ssoko.services.sso.sign_in_context import SignInContext
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

#: The longest text in an event's detail, in characters.
_LONGEST = 500


def write_sign_in(
    attempt: Attempt, context: SignInContext, *, acs_url: str, name_id: NameId, session_index: str
) -> None:
    """Write the participation and the event of a sign-in, inside the caller's transaction."""
    now = attempt.now
    execute(
        _PARTICIPATION,
        (
            new_id(),
            context.session_id,
            context.application_id,
            session_index,
            name_id.value,
            name_id.format,
            name_id.name_qualifier or "",
            name_id.sp_name_qualifier or "",
            now,
            now,
        ),
    )
    detail = {
        **_how(attempt),
        "name_id": name_id.value,
        "acs_url": acs_url,
        "audience": sign_in_context.record_of(context).service_provider.entity_id,
    }
    _write_event(attempt, context, "sign-in", detail=detail)


def write_refusal(attempt: Attempt, refusal: Refusal) -> None:
    """Write the event and the trace of a refusal, which share their reference.

    Sets the reference and the workspace of the refusal. A flood of refusals of one kind leaves no
    further events and traces; then the reference stays empty.

    :raises NotFound: when the issuer is unknown, so that no workspace could read the entry.
    """
    context = attempt.context or sign_in_context.by_own_issuer(
        attempt.issuer_id, session_id=attempt.session_id, now=attempt.now
    )
    if context is None:
        _log.info("refused at an unknown issuer: %s", refusal.code)
        raise NotFound("This sign-in URL does not exist.") from refusal
    refusal.received = _plain(refusal.received)
    refusal.workspace = context.workspace_slug
    refusal.contact = context.contact
    refusal.application_id = context.application_id or ""
    refusal.application = context.name or ""
    with database.atomic():
        refusal.reference = trace.write(attempt, context, refusal)
        if refusal.reference:
            _write_refused(attempt, context, refusal)


def _write_refused(attempt: Attempt, context: SignInContext, refusal: Refusal) -> None:
    facts = {
        "code": refusal.code,
        "message": str(refusal),
        "received": refusal.received,
        "expected": refusal.expected,
    }
    message = attempt.request or attempt.logout
    if message is not None:
        facts |= {"request_id": message.id, "sp": message.issuer}
    detail = _how(attempt) | {name: _plain(text) for name, text in facts.items() if text}
    action = "sign-in" if isinstance(refusal, AccessRefused) else "request.refused"
    _write_event(attempt, context, action, detail=detail, reference=refusal.reference)


def _plain(text: str) -> str:
    """Limit received text to what PostgreSQL's JSON and a page can hold."""
    return text[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", "?")


def _how(attempt: Attempt) -> dict[str, Any]:
    started = {names.BINDING_REDIRECT: "redirect", names.BINDING_POST: "post"}
    return {"started": started.get(attempt.binding, "ssoko")}


def _write_event(
    attempt: Attempt,
    context: SignInContext,
    action: str,
    *,
    detail: dict[str, Any],
    reference: str = "",
) -> None:
    user = attempt.user_in(context)
    execute(
        _EVENT,
        (
            new_id(),
            context.workspace_id,
            attempt.now,
            "user" if user else "anonymous",
            user.id if user else "",
            user.display_name if user else "",
            action,
            "application" if context.application_id else "issuer",
            context.application_id or context.issuer_id,
            context.name or "",
            context.application_id or "",
            "refused" if reference else "done",
            json.dumps(detail),
            attempt.address,
            reference,
        ),
    )
