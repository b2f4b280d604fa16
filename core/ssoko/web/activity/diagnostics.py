"""A trace as plain text, to paste into a vendor's form or a ticket."""

from collections.abc import Iterator
from datetime import UTC, datetime

from ssoko import __version__
from ssoko.services.troubleshooting.traces import TraceView


def diagnostics(trace: TraceView, *, login_endpoint: str = "") -> str:
    """Return what a vendor needs to see; names of people are left out."""
    return "\n".join(_lines(trace, login_endpoint)) + "\n"


def _lines(trace: TraceView, login_endpoint: str) -> Iterator[str]:
    at = datetime.fromtimestamp(trace.at, UTC)
    begun = {"sp": "the service provider", "ssoko": "Ssoko"}[trace.started]
    for label, value in (
        ("Reference", trace.reference),
        ("Time", f"{at:%Y-%m-%dT%H:%M:%SZ}"),
        ("Identity provider", f"Ssoko {__version__} {login_endpoint}".strip()),
        ("Application", trace.application_name),
        ("Service provider", trace.sp_entity_id),
        ("Started at", f"{begun}{f' by {trace.binding}' if trace.binding else ''}"),
        ("Person", "signed in" if trace.user_id else "not signed in"),
        ("Refused", f"{trace.code}: {trace.message}"),
        ("Got", trace.got),
        ("Expected", trace.expected),
        ("Rule", f"{trace.rule} {f'({trace.source})' if trace.source else ''}".strip()),
    ):
        if value:
            yield f"{label}: {value}"
    yield "How far it got:"
    for step in trace.steps:
        yield f"  {step.title}: {step.state.replace('-', ' ')}"
    if trace.relay_state:
        yield f"RelayState: {trace.relay_state}"
    if trace.request:
        yield f"Message, decoded:\n{trace.request}"
    if trace.undecoded:
        yield f"Message as it came:\n{trace.undecoded}"
