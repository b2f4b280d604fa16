"""The workspace itself, its activity log, and the traces of what was refused."""

from ssoko.schemas import dump
from ssoko.services.activity import log
from ssoko.services.troubleshooting import traces
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "")
def show(call: Call) -> dump.Json:
    """Read the workspace that the token belongs to."""
    return dump.workspace(call.workspace)


@endpoint("GET", "/events", query=inputs.EventQuery)
def events(call: Call) -> dump.Json:
    """List the activity log, newest first."""
    query = dict(call.query)
    found = log.list_events(
        call.scope,
        actor_id=query.pop("actor"),
        application_id=query.pop("application"),
        target_id=query.pop("target"),
        **query,
    )
    return dump.page(found, dump.event)


@endpoint("GET", "/traces", query=inputs.TraceQuery)
def list_traces(call: Call) -> dump.Json:
    """List the sign-ins that were refused in the last 30 days, newest first."""
    query = dict(call.query)
    found = traces.list_traces(
        call.services,
        call.workspace.id,
        application_id=query.pop("application"),
        user_id=query.pop("user"),
        **query,
    )
    return dump.page(found, dump.trace)


@endpoint("GET", "/traces/<id:reference>")
def show_trace(call: Call, reference: str) -> dump.Json:
    """Read one of them by the reference that the person saw."""
    return dump.trace(traces.get_trace(call.services, call.workspace.id, reference))
