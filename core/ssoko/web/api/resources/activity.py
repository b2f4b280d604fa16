"""The workspace, its activity log and its traces."""

from ssoko.schemas.activity import EventSchema
from ssoko.schemas.output import page_of
from ssoko.schemas.troubleshooting import TraceSchema
from ssoko.schemas.workspaces import WorkspaceSchema
from ssoko.services.activity import log
from ssoko.services.activity.log import EventView
from ssoko.services.troubleshooting import traces
from ssoko.services.troubleshooting.traces import TraceView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.paging import Page
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "", returns=WorkspaceSchema)
def show(call: Call) -> WorkspaceView:
    """Return the workspace of the token."""
    return call.workspace


@endpoint("GET", "/events", query=inputs.EventQuery, returns=page_of(EventSchema))
def events(call: Call) -> Page[EventView]:
    """List the activity log, newest first."""
    query = dict(call.query)
    return log.list_events(
        call.scope,
        actor_id=query.pop("actor"),
        application_id=query.pop("application"),
        target_id=query.pop("target"),
        **query,
    )


@endpoint("GET", "/traces", query=inputs.TraceQuery, returns=page_of(TraceSchema))
def list_traces(call: Call) -> Page[TraceView]:
    """List the traces of the last 30 days, newest first."""
    query = dict(call.query)
    return traces.list_traces(
        call.services,
        call.workspace.id,
        application_id=query.pop("application"),
        user_id=query.pop("user"),
        **query,
    )


@endpoint("GET", "/traces/<id:reference>", returns=TraceSchema)
def show_trace(call: Call, reference: str) -> TraceView:
    """Return the trace with the reference that the user saw."""
    return traces.get_trace(call.services, call.workspace.id, reference)
