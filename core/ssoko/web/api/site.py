"""The workspace itself and its activity log."""

from ssoko.services import activity
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
