"""The steps of a failed sign-in as text: a trace stores facts, and this module words them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

StepState = Literal["passed", "refused", "not-reached"]

#: Key of a step to its title.
TITLES = {
    "request": "Request read",
    "application": "Application",
    "signature": "Signature",
    "acs": "ACS URL",
    "terms": "Conditions",
    "user": "User",
    "role": "Role",
    "response": "Response",
    "session": "Session to end",
}

_BINDINGS = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}
_SIGNATURES = {
    "verified": "Verified with a recorded certificate",
    "unchecked": "Counts as unsigned: no certificate is recorded, or SHA-1 was used",
    "none": "Not signed, and no signature is required",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an attempt."""

    key: str
    state: StepState
    detail: str

    @property
    def title(self) -> str:
        """The title on pages."""
        return TITLES.get(self.key, self.key)


def read_steps(stored: Sequence[Any], *, message: str) -> tuple[Step, ...]:
    """Return the steps of a trace.

    :param stored: key, state and facts of each step, see ``services.sso.trace.steps_of``.
    :param message: what the user was shown, the detail of the refused step.
    """
    return tuple(
        Step(key, state, message if state == "refused" else _detail(key, state, facts))
        for key, state, facts in stored
    )


def _detail(key: str, state: StepState, facts: Mapping[str, Any]) -> str:
    if state == "passed":
        return _passed(key, facts)
    if key == "user":
        return f"{facts['user']} was signed in" if facts.get("user") else "No user was signed in"
    if key == "response":
        name = facts.get("application") or "the service provider"
        status = facts.get("status")
        return f"{name} got the status {status}" if status else f"Nothing was sent to {name}"
    return str(facts.get("role", ""))


def _passed(key: str, facts: Mapping[str, Any]) -> str:
    if key == "request" and facts:
        return f"{_BINDINGS.get(facts['binding'], '')}, {facts['bytes']:,} bytes"
    if key == "application":
        found = ", found by its entity ID" if facts["by_entity_id"] else ""
        return f"{facts['application']}{found}"
    if key == "signature":
        return _SIGNATURES[facts["signature"]]
    if key == "acs":
        return f"One of {facts['registered']} registered URLs"
    if key == "terms" and facts.get("logout"):
        return "Destination and time"
    if key == "terms":
        return "Destination, time, NameID and authentication method"
    if key == "user":
        return f"{facts['user']} is signed in"
    return f"Has a role of {facts['application']}" if key == "role" else ""
