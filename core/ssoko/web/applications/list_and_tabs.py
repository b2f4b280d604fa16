"""Applications > SSO: the list, and the tabs of an application's page."""

from typing import Any

from flask import Blueprint, render_template

from ssoko.errors import NotFound
from ssoko.services.access import decisions
from ssoko.services.activity import log
from ssoko.services.applications import change, views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.people import users
from ssoko.store.paging import Page
from ssoko.web.applications import check as checks
from ssoko.web.applications import guide as guides
from ssoko.web.applications import mappers as mappers
from ssoko.web.applications import refresh as refreshes
from ssoko.web.applications import saml_settings as saml
from ssoko.web.applications import settings as changes
from ssoko.web.applications import upgrade as upgrade_pages
from ssoko.web.applications.page import (
    find,
    mark_of,
    metadata_values,
    render_tab,
    state_of,
)
from ssoko.web.components.certificates import card_values, certificate_facts
from ssoko.web.components.event_list import turns
from ssoko.web.components.notices import notices_of
from ssoko.web.framework.responses import argument
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)

#: Why somebody does not get in, in a word or two.
REFUSED = {
    "no-role": "No role",
    "role-expired": "Expired",
    "user-disabled": "Disabled",
    "application-disabled": "Application off",
}

blueprint = Blueprint("applications", __name__, url_prefix="/w/<workspace>/applications")

STATES = (
    ("", "All"),
    ("active", "Active"),
    ("needs-setup", "Needs setup"),
    ("disabled", "Disabled"),
    ("uninstalled", "Uninstalled"),
)


@blueprint.get("")
@admin_only
def index() -> str:
    """List the applications, or those that were uninstalled and can still come back."""
    services = current_services()
    state = argument("state") if argument("state") in dict(STATES) else ""
    page: Page[ApplicationView] = Page((), None)
    uninstalled: tuple[Any, ...] = ()
    if state == "uninstalled":
        uninstalled = change.list_uninstalled(current_scope())
    else:
        page = views.list_applications(
            current_scope(), q=argument("q"), state=state, cursor=argument("cursor") or None
        )
    return render_template(
        "applications/index.html",
        page=page,
        uninstalled=uninstalled,
        states=STATES,
        state=state,
        q=argument("q"),
        state_of=state_of,
        mark_of=mark_of,
        now=services.clock(),
    )


@blueprint.get("/<slug>")
@admin_only
def overview(slug: str) -> str:
    """Show what the application is, the state it is in and what to do next."""
    application = find(slug)
    recent = log.list_events(current_scope(), application_id=application.id, limit=5)
    return render_tab(
        "overview",
        application,
        recent=recent.items,
        actions=log.ACTIONS,
        notices=notices_of(application),
        labels=upgrade_pages.field_labels(application),
    )


@blueprint.get("/<slug>/metadata")
@admin_only
def metadata(slug: str) -> str:
    """Show the values of ours that the vendor asks for, and the next certificate."""
    application = find(slug)
    return render_tab(
        "metadata",
        application,
        values=metadata_values(application),
        certificate=certificate_facts(application.issuer, now=current_services().clock()),
        notices=notices_of(application),
        **card_values(application.issuer.id),
    )


@blueprint.get("/<slug>/access", endpoint="access")
@admin_only
def who_gets_in(slug: str) -> str:
    """Show who gets in and why, and answer for one person who does not."""
    application = find(slug)
    here = current_workspace()
    page = decisions.who_gets_in(
        current_scope(), application.id, q=argument("q"), cursor=argument("cursor") or None
    )
    person = argument("person")
    checked, decision, suggestions = None, None, ()
    if person:
        try:
            checked = users.find_user(here.id, person)
        except NotFound:
            suggestions = users.list_users(here.id, q=person, limit=6).items
        else:
            decision = decisions.decide(
                current_scope(), user_id=checked.id, application_id=application.id
            )
    return render_tab(
        "access",
        application,
        page=page,
        q=argument("q"),
        person=person,
        checked=checked,
        decision=decision,
        suggestions=suggestions,
        refused=REFUSED,
    )


@blueprint.get("/<slug>/activity", endpoint="activity")
@admin_only
def events(slug: str) -> str:
    """Show the events of this application, newest first."""
    application = find(slug)
    page = log.list_events(
        current_scope(),
        application_id=application.id,
        cursor=argument("cursor") or None,
    )
    return render_tab("activity", application, page=page, turns=turns(page), actions=log.ACTIONS)


blueprint.add_url_rule("/<slug>/settings", view_func=changes.settings, methods=["GET", "POST"])
blueprint.add_url_rule("/<slug>/refresh", view_func=refreshes.refresh, methods=["GET", "POST"])
blueprint.add_url_rule(
    "/<slug>/refresh/signer", view_func=refreshes.require_signer, methods=["POST"]
)
blueprint.add_url_rule(
    "/<slug>/refresh/accept", view_func=refreshes.accept_refresh, methods=["POST"]
)
blueprint.add_url_rule("/<slug>/enable", view_func=changes.enable, methods=["POST"])
blueprint.add_url_rule("/<slug>/disable", view_func=changes.disable, methods=["POST"])
blueprint.add_url_rule("/<slug>/uninstall", view_func=changes.uninstall, methods=["GET", "POST"])
blueprint.add_url_rule("/<application_id>/restore", view_func=changes.restore, methods=["POST"])

blueprint.add_url_rule("/<slug>/mappers", "mappers", mappers.show_mappers)

for _path, _view, _methods in (
    ("/<slug>/guide", guides.guide, ["GET"]),
    ("/<slug>/guide/role", guides.give_me, ["POST"]),
    ("/<slug>/certificate.pem", guides.certificate, ["GET"]),
    ("/<slug>/metadata.xml", guides.metadata_xml, ["GET"]),
    ("/<slug>/saml", saml.saml, ["GET", "POST"]),
    ("/<slug>/saml/back", saml.saml_back, ["POST"]),
    ("/<slug>/mappers/new", mappers.new_mapper, ["GET", "POST"]),
    ("/<slug>/mappers/proposal", mappers.reset_mappers, ["GET", "POST"]),
    ("/<slug>/mappers/preview", checks.preview, ["GET"]),
    ("/<slug>/mappers/<int:place>", mappers.edit_mapper, ["GET", "POST"]),
    ("/<slug>/mappers/<int:place>/move", mappers.move_mapper, ["POST"]),
    ("/<slug>/mappers/<int:place>/remove", mappers.remove_mapper, ["GET", "POST"]),
    ("/<slug>/check", checks.check, ["GET"]),
    ("/<slug>/upgrade", upgrade_pages.upgrade, ["GET", "POST"]),
    ("/<slug>/upgrade/back", upgrade_pages.put_back, ["POST"]),
):
    blueprint.add_url_rule(_path, view_func=_view, methods=_methods)
