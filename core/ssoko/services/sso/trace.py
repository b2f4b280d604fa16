"""Write the trace of a refused attempt: facts only, and a limited number of them.

Texts are not stored: ``services.troubleshooting`` looks them up by code when a trace is read.

Anyone can send requests, so traces are limited: :data:`HOURLY` per hour of one kind (issuer, user
or none, code), and beyond :data:`DAILY` per day of one issuer and user only :data:`RARE` per day
of each code. Further refusals raise a counter in the last trace of their kind.
"""

from typing import Any

from peewee import IntegrityError

from ssoko.errors import Refusal, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.readable import shown_message
from ssoko.saml.refusals import ASK_VENDOR
from ssoko.saml.verify import signer_of
from ssoko.saml.xml import parse_xml
from ssoko.services.activity.references import new_reference
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.attempt import Attempt
from ssoko.services.sso.sign_in_context import SignInContext
from ssoko.store.models.sso import Trace
from ssoko.store.models.table import database
from ssoko.store.sql import execute, query

#: Seconds that a trace is kept.
KEPT = 30 * 86_400

HOURLY = 200
DAILY = 500
RARE = 20

#: Characters of RelayState, of base64 that could not be decoded, and of any other text.
MAX_RELAY_STATE = 200
MAX_RAW = 4096
MAX_TEXT = 2000

#: The steps of an attempt, in order. An IdP-initiated sign-in has no request.
STEPS = ("request", "application", "signature", "acs", "terms", "user", "role", "response")
_OF_REQUESTS = frozenset({"request", "signature", "acs", "terms"})
#: The steps of a message about signing out.
LOGOUT_STEPS = ("request", "application", "signature", "terms", "session")
#: The codes of logout messages that were verified and then refused.
_LOGOUT_TERMS = frozenset(
    {"not-fresh", "wrong-destination", "destination-missing", "logout-expired", "replayed"}
)

#: The step of a refusal that is found out later than the step it belongs to.
_STEP_OF_CODE = {
    "application-disabled": "application",
    "application-uninstalled": "application",
    "replayed": "request",
    "session-ended": "user",
    "other-subject": "user",
    "user-disabled": "user",
}

#: Expired traces are deleted in batches of this size when a new one is written.
_SWEPT = 50
_TRIES = 5

_NTH = "SELECT id, at FROM trace WHERE issuer_id = ? AND user_id = ?"
_REPEAT = "UPDATE trace SET repeats = repeats + 1, repeated_at = ? WHERE id = ?"
_SWEEP = "DELETE FROM trace WHERE id IN (SELECT id FROM trace WHERE at <= ? ORDER BY at LIMIT ?)"
_DEFAULT_ROLE = """
SELECT name FROM role WHERE application_id = ? AND is_default AND removed_at IS NULL
"""
_SIGNATURE_CODES = frozenset({"signature-wrong", "signature-required"})
_BINDINGS = {names.BINDING_REDIRECT: "redirect", names.BINDING_POST: "post"}

Facts = dict[str, Any]


def write(attempt: Attempt, context: SignInContext, refusal: Refusal) -> str:
    """Write the trace of a refusal, inside the caller's transaction, and return its reference.

    Returns an empty text, and writes none, when there were too many of this kind.
    """
    user = attempt.user_in(context)
    if _is_over_limit(context.issuer_id, user.id if user else "", refusal.code, attempt.now):
        return ""
    sweep(attempt.now, limit=_SWEPT)
    message = attempt.request or attempt.logout
    row = {
        "workspace": context.workspace_id,
        "at": attempt.now,
        "issuer_id": context.issuer_id,
        "application_id": context.application_id or "",
        "application_name": context.name or "",
        "sp_entity_id": clean(message.issuer if message else ""),
        "user_id": user.id if user else "",
        "user_name": user.display_name if user else "",
        "started": attempt.started,
        "binding": _BINDINGS.get(attempt.binding, ""),
        "relay_state": clean(attempt.relay_state, MAX_RELAY_STATE),
        "code": refusal.code,
        "message": clean(str(refusal)),
        "received": clean(refusal.received),
        "expected": clean(refusal.expected),
        "source": clean(refusal.source),
        "fix": clean("" if refusal.fix == ASK_VENDOR else refusal.fix),
        "request": _request(attempt.inbound),
        "undecoded": clean(attempt.raw, MAX_RAW),
        "steps": steps_of(attempt, context, refusal),
        "findings": _findings(attempt, refusal),
    }
    return _insert(row)


def sweep(now: int, *, limit: int) -> int:
    """Delete expired traces, oldest first, and return how many."""
    return int(execute(_SWEEP, (now - KEPT, limit)).rowcount)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Limit received text to what both databases and a page can hold."""
    cut = text if len(text) <= limit else text[: limit - 1] + "\u2026"
    return cut.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def steps_of(
    attempt: Attempt, context: SignInContext, refusal: Refusal
) -> list[tuple[str, str, Facts]]:
    """Return the steps of a refused attempt: key, state and facts.

    :returns: the states are ``passed``, ``refused`` and ``not-reached``.
    """
    if attempt.started == "logout":
        keys = list(LOGOUT_STEPS)
    else:
        keys = [k for k in STEPS if attempt.started != "ssoko" or k not in _OF_REQUESTS]
    refused = keys.index(_refused_step(attempt, refusal, keys))
    last = keys.index(_last_step(attempt, refusal, keys))
    steps: list[tuple[str, str, Facts]] = []
    for place, key in enumerate(keys):
        if place == refused:
            steps.append((key, "refused", {}))
        elif place < last:
            steps.append((key, "passed", _passed_facts(key, attempt, context, refusal)))
        else:
            steps.append((key, "not-reached", _missing_facts(key, attempt, context, refusal)))
    return steps


def _refused_step(attempt: Attempt, refusal: Refusal, keys: list[str]) -> str:
    step = _STEP_OF_CODE.get(refusal.code, "")
    return step if step in keys else _last_step(attempt, refusal, keys)


def _last_step(attempt: Attempt, refusal: Refusal, keys: list[str]) -> str:
    """Return the step at which the attempt ended."""
    if attempt.started == "logout":
        return _logout_step(attempt, refusal)
    if refusal.step in keys:
        return refusal.step
    if attempt.request is None and "request" in keys:
        return "request"
    return "user" if attempt.terms else "application"


def _logout_step(attempt: Attempt, refusal: Refusal) -> str:
    if attempt.logout is None:
        return "request"
    if attempt.context is None:
        return "application"
    if refusal.code.startswith("signature-") or refusal.code == "logout-no-certificate":
        return "signature"
    return "terms" if refusal.code in _LOGOUT_TERMS else "session"


def _passed_facts(key: str, attempt: Attempt, context: SignInContext, refusal: Refusal) -> Facts:
    if key == "request" and attempt.inbound:
        binding = _BINDINGS.get(attempt.inbound.binding, "")
        return {"binding": binding, "bytes": len(attempt.inbound.xml)}
    if key == "application":
        by_entity_id = attempt.request is not None or attempt.logout is not None
        return {"application": context.name, "by_entity_id": by_entity_id}
    if key == "signature" and attempt.logout is not None:
        return {"signature": "verified"}
    if key == "signature":
        return {"signature": _signature(attempt, refusal)}
    if key == "terms":
        return {"logout": attempt.logout is not None}
    if key == "acs":
        urls = sign_in_context.record_of(context).service_provider.acs_urls
        return {"registered": len(urls)}
    if key == "user":
        return {"user": attempt.session.user.display_name if attempt.session else ""}
    return {"application": context.name} if key == "role" else {}


def _signature(attempt: Attempt, refusal: Refusal) -> str:
    request, inbound = attempt.request, attempt.inbound
    if not (inbound and inbound.signed_query) and not (request and request.has_signature):
        return "none"
    signed = attempt.terms.signed if attempt.terms else refusal.signed
    return "verified" if signed else "unchecked"


def _missing_facts(key: str, attempt: Attempt, context: SignInContext, refusal: Refusal) -> Facts:
    if key == "user":
        user = attempt.user_in(context)
        return {"user": user.display_name if user else ""}
    if key == "role" and context.application_id:
        rows = query(_DEFAULT_ROLE, (context.application_id,))
        return {"role": rows[0][0]} if rows else {}
    if key == "response":
        is_sent = isinstance(refusal, RequestRefused) and bool(status_acs_url(attempt, refusal))
        status = refusal.status.rpartition(":")[2] if isinstance(refusal, RequestRefused) else ""
        return {"application": context.name or "", "status": status if is_sent else ""}
    return {}


def status_acs_url(attempt: Attempt, refusal: Refusal) -> str:
    """Return where the SP may get the status of a refusal; empty when it gets none."""
    return attempt.terms.acs_url if attempt.terms else refusal.acs_url


def _is_over_limit(issuer_id: str, user_id: str, code: str, now: int) -> bool:
    kind = (issuer_id, user_id)
    hour, day = now - 3600, now - 86_400
    is_over = _nth(HOURLY, kind, code) > hour or (
        _nth(DAILY, kind) > day and _nth(RARE, kind, code) > day
    )
    if is_over:
        last = query(f"{_NTH} AND code = ? ORDER BY at DESC LIMIT 1", (*kind, code))
        execute(_REPEAT, (now, last[0][0]))
    return is_over


def _nth(number: int, kind: tuple[str, str], code: str = "") -> int:
    """Return the time of the *number*-th last trace; 0 when there are fewer."""
    statement, params = (f"{_NTH} AND code = ?", (*kind, code)) if code else (_NTH, kind)
    rows = query(f"{statement} ORDER BY at DESC LIMIT 1 OFFSET ?", (*params, number - 1))
    return int(rows[0][1]) if rows else 0


def _insert(row: dict[str, Any]) -> str:
    for _ in range(_TRIES):
        reference = new_reference()
        try:
            with database.atomic():
                Trace.insert(reference=reference, **row).execute()
        except IntegrityError:
            continue  # the reference exists already
        return reference
    return ""


def _request(inbound: Inbound | None) -> str:
    return clean(shown_message(inbound.xml), 20_000) if inbound else ""


def _findings(attempt: Attempt, refusal: Refusal) -> dict[str, str]:
    """Return what a fix could add to the application."""
    request, inbound = attempt.request, attempt.inbound
    if refusal.code == "acs-not-registered" and request and request.acs_url:
        return {"acs_url": clean(request.acs_url, 2048)}
    if refusal.code == "nameid-format" and request and request.name_id_format:
        return {"name_id_format": clean(request.name_id_format, 256)}
    if refusal.code in _SIGNATURE_CODES and request and request.has_signature and inbound:
        certificate = signer_of(parse_xml(inbound.xml))
        return {"certificate": certificate} if certificate else {}
    return {}
