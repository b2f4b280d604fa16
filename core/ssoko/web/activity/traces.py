"""Refused sign-ins: why one was refused, and one press to mend it where one press can."""

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
from ssoko.web.framework.responses import Answer, Errors, argument, form_page, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_actor,
    current_scope,
    current_services,
    current_workspace,
)

blueprint = Blueprint("traces", __name__, url_prefix="/w/<workspace>/traces")

BINDINGS = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}


@dataclass(frozen=True, slots=True)
class Link:
    """A place to look at, beside the trace."""

    label: str
    href: str


@blueprint.get("")
@admin_only
def index() -> str:
    """List what was refused, newest first, of one application when the address says so."""
    services, here = current_services(), current_workspace()
    application = _application(argument("app")) if argument("app") else None
    page = traces.list_traces(
        services,
        here.id,
        application_id=application.id if application else argument("app"),
        cursor=argument("cursor") or None,
    )
    return render_template("activity/traces/index.html", page=page, application=application)


@blueprint.get("/<reference>")
@admin_only
def show(reference: str) -> str | Response:
    """Show one trace: what was got and expected, the rule, the fix, how far it got."""
    services, here = current_services(), current_workspace()
    try:
        trace = traces.get_trace(services, here.id, reference)
    except NotFound:
        # The event is kept for longer than the trace.
        event = log.find_event(here.id, reference)
        if event is None:
            raise
        return see("activity.show", event_id=event.id)
    application = _application(trace.application_id)
    return render_template(
        "activity/traces/show.html",
        trace=trace,
        application=application,
        person=_person(trace),
        comparison=compare(trace.got, trace.expected),
        offer=fixes.offer_for(services, here.id, trace),
        links=_links(trace, application),
        binding=BINDINGS.get(trace.binding, ""),
        diagnostics=diagnostics(trace, login_endpoint=_login_endpoint(trace)),
    )


@blueprint.route("/<reference>/mend", methods=["GET", "POST"])
@admin_only
def mend(reference: str) -> Answer:
    """Say what one press will change; then change it."""
    services, here = current_services(), current_workspace()
    trace = traces.get_trace(services, here.id, reference)
    errors: Errors = {}
    if request.method == "POST":
        try:
            offer = fixes.accept(
                services, here.id, current_actor(), trace, compared=posted("compared") == "yes"
            )
        except InputError as error:
            errors = error.errors
        else:
            who = trace.user_name or "the person"
            said = f"{_done(offer)} Ask {who} to try again."
            return see("traces.show", said, reference=trace.reference)
    offered = fixes.offer_for(services, here.id, trace)
    if offered is None or offered.done:
        return see("traces.show", reference=trace.reference)
    return form_page("activity/traces/mend.html", errors, trace=trace, offer=offered)


def _done(offer: fixes.Offer) -> str:
    app = offer.application.name if offer.application else ""
    who = offer.user.display_name if offer.user else ""
    return offer.done or {
        "add-acs-url": f"The ACS URL is added to {app}.",
        "trust-certificate": f"The certificate is recorded for {app}.",
        "enable-application": f"{app} is enabled.",
        "enable-user": f"{who} is enabled.",
        "give-role": f"{who} has the role {offer.role.name if offer.role else ''}.",
    }.get(offer.mend, "")


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


def _links(trace: TraceView, application: ApplicationView | None) -> list[Link]:
    """Return the pages where an admin can do what the fix says."""
    found = []
    slug = application.slug if application else ""
    person = _person(trace)
    for place in trace.places:
        if place == "user" and person:
            href = url_for("users.details", user_id=person.id)
            found.append(Link(f"Open {person.display_name}", href))
        elif place == "access" and application:
            asked = {"person": person.username} if person else {}
            found.append(Link("Open Access", url_for("applications.access", slug=slug, **asked)))
        elif place == "plugins":
            found.append(Link("Open Plugins", url_for("settings.plugins")))
        elif place == "uninstalled":
            href = url_for("applications.index", state="uninstalled")
            found.append(Link("Show uninstalled applications", href))
        elif place in ("settings", "mappers", "metadata") and application:
            href = url_for(f"applications.{place}", slug=slug)
            found.append(Link(f"Open {place.capitalize()}", href))
    return found
