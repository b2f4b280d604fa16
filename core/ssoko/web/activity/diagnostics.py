"""A trace as plain text, for a support ticket with the vendor."""

from collections.abc import Iterator
from datetime import UTC, datetime

from ssoko import __version__
from ssoko.services.troubleshooting.traces import TraceView

_STATES = {"passed": "passed", "refused": "denied", "not-reached": "not reached"}


def diagnostics(trace: TraceView, *, login_endpoint: str = "") -> str:
    """Return what the vendor needs to see, without names of users."""
    return "\n".join(_lines(trace, login_endpoint)) + "\n"


def _lines(trace: TraceView, login_endpoint: str) -> Iterator[str]:
    at = datetime.fromtimestamp(trace.at, UTC)
    initiator = {"ssoko": "Ssoko"}.get(trace.started, "the service provider")
    for label, value in (
        ("Reference", trace.reference),
        ("About", "a logout" if trace.started == "logout" else "a sign-in"),
        ("Time", f"{at:%Y-%m-%dT%H:%M:%SZ}"),
        ("Identity provider", f"Ssoko {__version__} {login_endpoint}".strip()),
        ("Application", trace.application_name),
        ("Service provider", trace.sp_entity_id),
        ("Started at", f"{initiator}{f' with {trace.binding}' if trace.binding else ''}"),
        ("User", "signed in" if trace.user_id else "not signed in"),
        ("Error", f"{trace.code}: {trace.message}"),
        ("Received", trace.received),
        ("Expected", trace.expected),
        ("Rule", f"{trace.rule} {f'({trace.source})' if trace.source else ''}".strip()),
    ):
        if value:
            yield f"{label}: {value}"
    yield "Where it stopped:"
    for step in trace.steps:
        yield f"  {step.title}: {_STATES[step.state]}"
    if trace.relay_state:
        yield f"RelayState: {trace.relay_state}"
    if trace.request:
        yield f"Message received, decoded:\n{trace.request}"
    if trace.undecoded:
        yield f"Message received, not decoded:\n{trace.undecoded}"
