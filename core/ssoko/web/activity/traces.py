"""Denied sign-ins: why a sign-in was denied, and the fix that Ssoko can apply."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.applications import views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.issuers import issuers
from ssoko.services.people import users
from ssoko.services.troubleshooting import fixes, traces
from ssoko.services.troubleshooting.traces import TraceView
from ssoko.web.activity.diagnostics import diagnostics
from ssoko.web.components.differences import compare
from ssoko.web.framework.responses import Errors, ViewResponse, argument, form_page, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)

blueprint = Blueprint("traces", __name__, url_prefix="/w/<workspace>/traces")

BINDINGS = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}


@dataclass(frozen=True, slots=True)
class Link:
    """A link from a trace to the page where the fix is done."""

    label: str
    href: str


@blueprint.get("")
@admin_only
def index() -> str:
    """List denied sign-ins, newest first; with ``app`` in the query string, those to it."""
    application = _application(argument("app")) if argument("app") else None
    page = traces.list_traces(
        current_services(),
        current_workspace().id,
        application_id=application.id if application else argument("app"),
        cursor=argument("cursor") or None,
    )
    return render_template("activity/traces/index.html", page=page, application=application)


@blueprint.get("/<reference>")
@admin_only
def show(reference: str) -> str | Response:
    """Show one trace: what was received and expected, the rule, the fix, where it stopped."""
    services, workspace = current_services(), current_workspace()
    try:
        trace = traces.get_trace(services, workspace.id, reference)
    except NotFound:
        # Events are kept longer than traces.
        event = log.find_event(workspace.id, reference)
        if event is None:
            raise
        return see("activity.show", event_id=event.id)
    application = _application(trace.application_id)
    return render_template(
        "activity/traces/show.html",
        trace=trace,
        application=application,
        person=_person(trace),
        comparison=compare(trace.received, trace.expected),
        fix=fixes.find_fix(current_scope(), trace),
        links=_links(trace, application),
        binding=BINDINGS.get(trace.binding, ""),
        diagnostics=diagnostics(trace, login_endpoint=_login_endpoint(trace)),
    )


@blueprint.route("/<reference>/fix", methods=["GET", "POST"])
@admin_only
def fix(reference: str) -> ViewResponse:
    """Show what the fix will change; apply it on POST."""
    services, workspace = current_services(), current_workspace()
    trace = traces.get_trace(services, workspace.id, reference)
    errors: Errors = {}
    if request.method == "POST":
        try:
            applied = fixes.apply_fix(current_scope(), trace, compared=posted("compared") == "yes")
        except InputError as error:
            errors = error.errors
        else:
            message = applied.applied if applied.needed else applied.done
            retry = f"Ask {trace.user_name or 'the user'} to try again."
            return see("traces.show", f"{message} {retry}", reference=trace.reference)
    available = fixes.find_fix(current_scope(), trace)
    if available is None or not available.needed:
        return see("traces.show", reference=trace.reference)
    return form_page("activity/traces/fix.html", errors, trace=trace, fix=available)


def _application(application_id: str) -> ApplicationView | None:
    try:
        return views.get_application(current_scope(), application_id)
    except NotFound:
        return None


def _person(trace: TraceView) -> users.UserView | None:
    try:
        return users.get_user(current_workspace().id, trace.user_id) if trace.user_id else None
    except NotFound:
        return None


def _login_endpoint(trace: TraceView) -> str:
    return issuers.login_endpoint(current_services().config.base_url, trace.issuer_id)


#: Tab of an application to its endpoint.
_APPLICATION_TABS = {
    "settings": "applications.edit_settings",
    "mappers": "applications.show_mappers",
    "metadata": "applications.show_metadata",
}


def _links(trace: TraceView, application: ApplicationView | None) -> list[Link]:
    """Return links to the pages where the fix is done."""
    links = []
    slug = application.slug if application else ""
    person = _person(trace)
    for place in trace.places:
        if place == "user" and person:
            href = url_for("users.details", user_id=person.id)
            links.append(Link(f"Open {person.display_name}", href))
        elif place == "access" and application:
            query = {"person": person.username} if person else {}
            links.append(
                Link("Open Access", url_for("applications.show_access", slug=slug, **query))
            )
        elif place == "plugins":
            links.append(Link("Open Plugins", url_for("settings.plugins")))
        elif place == "uninstalled":
            href = url_for("applications.list_applications", state="uninstalled")
            links.append(Link("View uninstalled applications", href))
        elif place in _APPLICATION_TABS and application:
            href = url_for(_APPLICATION_TABS[place], slug=slug)
            links.append(Link(f"Open {place.capitalize()}", href))
    return links
