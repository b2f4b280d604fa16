"""The Activity page and its CSV download; the filters are in the query string."""

from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.applications import views
from ssoko.services.people import users
from ssoko.services.troubleshooting import traces
from ssoko.services.troubleshooting.explanations import explanation_of
from ssoko.store.paging import Page
from ssoko.web.components.event_list import bars_of, page_links
from ssoko.web.components.forms import text_field
from ssoko.web.framework.dates import start_of_day, zone
from ssoko.web.framework.downloads import attachment, csv_lines
from ssoko.web.framework.responses import ViewResponse, argument, form_page
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)

blueprint = Blueprint("activity", __name__, url_prefix="/w/<workspace>")

#: Value in the query string, label, and number of days before today.
PERIODS = (
    ("", "7 days", 6),
    ("today", "Today", 0),
    ("30", "30 days", 29),
    ("all", "All time", None),
)
OUTCOMES = (("", "Any"), ("done", "Success"), ("refused", "Denied"))
FILTERS = ("q", "who", "what", "app", "target", "outcome", "since")

#: Most events in one CSV file.
CSV_LIMIT = 20_000


CSV_COLUMNS = (
    "When",
    "Who",
    "What",
    "Target",
    "Outcome",
    "IP address",
    "Reference",
    "Event ID",
    "Role or user",
    "Application",
    "Reason",
    "Who ID",
    "Target ID",
    "Application ID",
)


@blueprint.get("/activity")
@admin_only
def index() -> ViewResponse:
    """Show the events that match the filters, newest first."""
    chosen = {name: argument(name) for name in FILTERS}
    errors: dict[str, list[str]] = {}
    page: Page[log.EventView] = Page((), None)
    try:
        page = list_filtered(chosen, cursor=argument("cursor") or None)
    except InputError as error:
        errors = error.errors
    days = log.counts_by_day(current_scope())
    return form_page(
        "activity/index.html",
        errors,
        page=page,
        page_links=page_links(page),
        chosen=chosen,
        filtered=any(value for name, value in chosen.items() if name != "since"),
        query=text_field("q", "Search", value=chosen["q"], errors=errors),
        selects=_selects(chosen),
        actions=log.ACTIONS,
        bars=bars_of(days),
    )


@blueprint.get("/activity/<event_id>")
@admin_only
def show(event_id: str) -> str:
    """Show one event with all its details."""
    event = log.get_event(current_workspace().id, event_id)
    has_trace = traces.is_kept(current_services(), current_workspace().id, event.reference)
    return render_template(
        "activity/show.html",
        event=event,
        words=explanation_of(event.detail["code"]) if event.detail.get("code") else None,
        has_trace=has_trace,
        actions=log.ACTIONS,
    )


@blueprint.get("/activity.csv", endpoint="csv")
@admin_only
def download() -> Response:
    """Send the events that match the filters as CSV with a header line."""
    chosen = {name: argument(name) for name in FILTERS}
    first = list_filtered(chosen, limit=200)
    lines = "".join(csv_lines(_rows(chosen, first)))
    name = f"{current_workspace().slug}-activity.csv"
    return attachment(lines, mimetype="text/csv", name=name)


def list_filtered(
    chosen: dict[str, str], *, limit: int = 50, cursor: str | None = None
) -> Page[log.EventView]:
    """List the events that match the filters.

    :param chosen: value of each of :data:`FILTERS`; ``""`` for no filter.
    :raises InputError: at the filter with a wrong value.
    """
    days = {value: days for value, _, days in PERIODS}
    if chosen["since"] not in days:
        raise InputError.of("since", "Choose a period from the list")
    days_ago = days[chosen["since"]]
    workspace = current_workspace()
    now = current_services().clock()
    return log.list_events(
        current_scope(),
        q=chosen["q"],
        actor_id=chosen["who"],
        action=chosen["what"],
        application_id=chosen["app"],
        target_id=chosen["target"],
        outcome=chosen["outcome"],
        since=None
        if days_ago is None
        else start_of_day(now, time_zone=workspace.time_zone, days_ago=days_ago),
        limit=limit,
        cursor=cursor,
    )


def _selects(chosen: dict[str, str]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return name, label and options of each select field."""
    workspace = current_workspace()
    admins = users.list_users(workspace.id, admin=True, limit=50).items
    who = [("", "Anyone"), *((admin.id, admin.display_name) for admin in admins)]
    if chosen["who"] not in dict(who):
        try:
            name = users.get_user(workspace.id, chosen["who"]).display_name
        except NotFound:
            name = "Unknown user"
        who.append((chosen["who"], name))
    what = [("", "Any"), *sorted(log.ACTIONS.items(), key=lambda pair: pair[1])]
    return [
        ("who", "Who", who),
        ("what", "What", what),
        ("outcome", "Outcome", list(OUTCOMES)),
        ("since", "Period", [(value, label) for value, label, _ in PERIODS]),
    ]


def _rows(chosen: dict[str, str], page: Page[log.EventView]) -> Iterator[tuple[str, ...]]:
    time_zone = current_workspace().time_zone
    yield CSV_COLUMNS
    count = 0
    while True:
        names = views.names_of(current_workspace().id, (e.application_id for e in page.items))
        for event in page.items:
            yield (
                datetime.fromtimestamp(event.at, zone(time_zone)).isoformat(),
                event.actor_name,
                log.ACTIONS.get(event.action, event.action),
                event.target_name,
                event.outcome,
                event.address,
                event.reference,
                event.id,
                str(event.detail.get("role") or event.detail.get("user") or ""),
                names.get(event.application_id, ""),
                str(event.detail.get("received") or event.detail.get("reason") or ""),
                event.actor_id,
                event.target_id,
                event.application_id,
            )
        count += len(page.items)
        if page.next is None or count >= CSV_LIMIT:
            return
        page = list_filtered(chosen, limit=200, cursor=page.next)
