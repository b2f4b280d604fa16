"""Keep a trace of an exchange that failed, and only so many of them.

A stranger may send what they like, so traces are rationed: :data:`HOURLY` an hour of one kind
(issuer, person or nobody, code), and past :data:`DAILY` a day of one issuer and person only
:data:`RARE` a day of each code. What goes beyond raises a counter in the last trace of its kind.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from peewee import IntegrityError

from ssoko.errors import Refusal, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.readable import shown_message
from ssoko.saml.refusals import ASK_VENDOR
from ssoko.saml.verify import signer_of
from ssoko.saml.xml import parse_xml
from ssoko.services.activity.references import new_reference
from ssoko.services.sso.sign_in_context import Candidate
from ssoko.services.troubleshooting.explanations import explanation_of
from ssoko.store.models.sso import Trace
from ssoko.store.models.table import database
from ssoko.store.sql import execute, query

if TYPE_CHECKING:
    from ssoko.services.sso.attempt import Exchange

#: Seconds that a trace is kept.
KEPT = 30 * 86_400

HOURLY = 200
DAILY = 500
RARE = 20

#: Characters of RelayState, of base64 that could not be decoded, and of any other text.
MAX_RELAY_STATE = 200
MAX_RAW = 4096
MAX_TEXT = 2000

#: Traces that ended are deleted so many at a time when a new one is written.
_SWEPT = 50
_TRIES = 5

_NTH = "SELECT id, at FROM trace WHERE issuer_id = ? AND user_id = ?"
_REPEAT = "UPDATE trace SET repeats = repeats + 1, repeated_at = ? WHERE id = ?"
_SWEEP = "DELETE FROM trace WHERE id IN (SELECT id FROM trace WHERE at <= ? ORDER BY at LIMIT ?)"
_SIGNED = frozenset({"signature-wrong", "signature-required"})


def keep(exchange: "Exchange", candidate: Candidate, refusal: Refusal) -> str:
    """Write the trace of a refusal in the caller's transaction, and return its reference.

    The refusal gets the rule and the fix that go with its code. There is no trace, and no
    reference, when there were too many of this kind.
    """
    source = refusal.rule
    explain(refusal)
    user = exchange.person_of(candidate)
    if _rationed(candidate.issuer_id, user.id if user else "", refusal.code, exchange.now):
        return ""
    sweep(exchange.now, limit=_SWEPT)
    person = user.display_name if user else ""
    steps = steps_of(exchange, candidate, refusal, person=person)
    message = exchange.request or exchange.logout
    row = {
        "workspace": candidate.workspace_id,
        "at": exchange.now,
        "issuer_id": candidate.issuer_id,
        "application_id": candidate.application_id or "",
        "application_name": candidate.name or "",
        "sp_entity_id": clean(message.issuer if message else ""),
        "user_id": user.id if user else "",
        "user_name": person,
        "started": exchange.started,
        "binding": _BINDINGS.get(exchange.binding, ""),
        "relay_state": clean(exchange.relay_state, MAX_RELAY_STATE),
        "code": refusal.code,
        "message": clean(str(refusal)),
        "got": clean(refusal.got),
        "expected": clean(refusal.expected),
        "rule": clean(refusal.rule),
        "source": clean(source if source != refusal.rule else ""),
        "fix": clean(refusal.fix),
        "request": _request(exchange.inbound),
        "undecoded": clean(exchange.raw, MAX_RAW),
        "steps": [[step.key, step.state, clean(step.detail)] for step in steps],
        "findings": _findings(exchange, refusal),
    }
    return _insert(row)


def explain(refusal: Refusal) -> None:
    """Give a refusal the rule and the fix of its code, in an admin's words."""
    words = explanation_of(refusal.code)
    refusal.rule = words.rule
    if words.fix or refusal.fix in ("", ASK_VENDOR):
        refusal.fix = words.fix or ASK_VENDOR


def sweep(now: int, *, limit: int) -> int:
    """Delete traces that have ended, the oldest first, and return how many."""
    return int(execute(_SWEEP, (now - KEPT, limit)).rowcount)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Cut what was sent to what both databases and a page can hold."""
    cut = text if len(text) <= limit else text[: limit - 1] + "\u2026"
    return cut.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


_BINDINGS = {names.BINDING_REDIRECT: "redirect", names.BINDING_POST: "post"}


def _rationed(issuer_id: str, user_id: str, code: str, now: int) -> bool:
    kind = (issuer_id, user_id)
    hour, day = now - 3600, now - 86_400
    many = _nth(HOURLY, kind, code) > hour or (
        _nth(DAILY, kind) > day and _nth(RARE, kind, code) > day
    )
    if many:
        last = query(f"{_NTH} AND code = ? ORDER BY at DESC LIMIT 1", (*kind, code))
        execute(_REPEAT, (now, last[0][0]))
    return many


def _nth(number: int, kind: tuple[str, str], code: str = "") -> int:
    """Return when the last trace but *number* - 1 was written; 0 when there are not so many."""
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
            continue  # one of 2**40 was taken
        return reference
    return ""


def _request(inbound: Inbound | None) -> str:
    return clean(shown_message(inbound.xml), 20_000) if inbound else ""


def _findings(exchange: "Exchange", refusal: Refusal) -> dict[str, str]:
    """Return what one press could add to the application."""
    request, inbound = exchange.request, exchange.inbound
    if refusal.code == "acs-not-registered" and request and request.acs_url:
        return {"acs_url": clean(request.acs_url, 2048)}
    if refusal.code in _SIGNED and request and request.has_signature and inbound:
        certificate = signer_of(parse_xml(inbound.xml))
        return {"certificate": certificate} if certificate else {}
    return {}


if TYPE_CHECKING:
    from ssoko.services.sso.attempt import Exchange

StepState = Literal["passed", "refused", "not-reached"]

#: In the order in which an exchange goes through them; one that begins here has no request.
STEPS = {
    "request": "Request read",
    "application": "Application",
    "signature": "Signature",
    "acs": "ACS URL",
    "terms": "Terms",
    "person": "Person",
    "role": "Role",
    "answer": "Answer",
}
_OF_REQUESTS = frozenset({"request", "signature", "acs", "terms"})

#: Refused after later steps were passed already.
_BACK = {
    "application-disabled": "application",
    "application-uninstalled": "application",
    "replayed": "request",
    "session-ended": "person",
    "other-subject": "person",
    "user-disabled": "person",
}

_DEFAULT_ROLE = """
SELECT name FROM role WHERE application_id = ? AND is_default AND removed_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an exchange.

    :param key: of :data:`STEPS`; ``title`` is what pages call it.
    """

    key: str
    state: StepState
    detail: str

    @property
    def title(self) -> str:
        """What pages call it."""
        return STEPS.get(self.key, self.key)


def steps_of(
    exchange: "Exchange", candidate: Candidate, refusal: Refusal, *, person: str
) -> tuple[Step, ...]:
    """Return the steps of an exchange that was refused.

    :param person: name of who was signed in; empty for nobody.
    """
    begun_here = exchange.started == "ssoko"
    keys = [key for key in STEPS if not (begun_here and key in _OF_REQUESTS)]
    refused = _BACK.get(refusal.code) or next((k for k in keys if k not in exchange.passed), "")
    otherwise = _not_reached(exchange, candidate, refusal, person)
    steps = []
    for key in keys:
        if key == refused:
            steps.append(Step(key, "refused", str(refusal)))
        elif key in exchange.passed:
            steps.append(Step(key, "passed", exchange.passed[key]))
        else:
            steps.append(Step(key, "not-reached", otherwise.get(key, "")))
    return tuple(steps)


def _not_reached(
    exchange: "Exchange", candidate: Candidate, refusal: Refusal, person: str
) -> dict[str, str]:
    name = candidate.name or "anybody"
    roles = query(_DEFAULT_ROLE, (candidate.application_id,)) if candidate.application_id else []
    told = isinstance(refusal, RequestRefused) and exchange.answer_to
    status = refusal.status.rpartition(":")[2] if isinstance(refusal, RequestRefused) else ""
    return {
        "person": f"{person} was signed in" if person else "Nobody was signed in yet",
        "role": roles[0][0] if roles else "",
        "answer": f"{name} was told so: {status}" if told else f"Nothing was sent to {name}",
    }
