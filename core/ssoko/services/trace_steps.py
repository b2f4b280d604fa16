"""How far an exchange got: what it passed, where it was refused, what was not reached."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ssoko.errors import Refusal, RequestRefused
from ssoko.services.candidates import Candidate, query

if TYPE_CHECKING:
    from ssoko.services.exchanges import Exchange

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
