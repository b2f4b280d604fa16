"""The workspace itself, its activity log, and the traces of what was refused."""

from ssoko.services import activity, traces
from ssoko.web.api import render, schemas
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "")
def show(call: Call) -> render.Json:
    """Read the workspace that the token belongs to."""
    return render.workspace(call.workspace)


@endpoint("GET", "/events", query=schemas.EventQuery)
def events(call: Call) -> render.Json:
    """List the activity log, newest first."""
    query = dict(call.query)
    found = activity.list_events(
        call.services,
        call.workspace.id,
        actor_id=query.pop("actor"),
        application_id=query.pop("application"),
        target_id=query.pop("target"),
        **query,
    )
    return render.page(found, render.event)


@endpoint("GET", "/traces", query=schemas.TraceQuery)
def list_traces(call: Call) -> render.Json:
    """List the sign-ins that were refused in the last 30 days, newest first."""
    query = dict(call.query)
    found = traces.list_traces(
        call.services,
        call.workspace.id,
        application_id=query.pop("application"),
        user_id=query.pop("user"),
        **query,
    )
    return render.page(found, render.trace)


@endpoint("GET", "/traces/<id:reference>")
def show_trace(call: Call, reference: str) -> render.Json:
    """Read one of them by the reference that the person saw."""
    return render.trace(traces.get_trace(call.services, call.workspace.id, reference))
