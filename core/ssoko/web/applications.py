"""Applications > SSO: the list, and the tabs of an application's page."""

from typing import Any

from flask import Blueprint, render_template

from ssoko.errors import NotFound
from ssoko.services import access, activity, applications, users
from ssoko.services.applications import ApplicationView
from ssoko.services.context import Page
from ssoko.web import application_changes as changes
from ssoko.web import application_check as checks
from ssoko.web import application_guide as guides
from ssoko.web import application_mappers as mappers
from ssoko.web import application_refresh as refreshes
from ssoko.web import application_saml as saml
from ssoko.web import application_upgrade as upgrade_pages
from ssoko.web.application_page import (
    certificate_facts,
    find,
    mark_of,
    metadata_values,
    render_tab,
    state_of,
)
from ssoko.web.event_pages import turns
from ssoko.web.notices import notices_of
from ssoko.web.pages import argument
from ssoko.web.session import admin_only, current_services, current_workspace
from ssoko.web.settings_keys import card_values

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
    here, services = current_workspace(), current_services()
    state = argument("state") if argument("state") in dict(STATES) else ""
    page: Page[ApplicationView] = Page((), None)
    uninstalled: tuple[Any, ...] = ()
    if state == "uninstalled":
        uninstalled = applications.list_uninstalled(services, here.id)
    else:
        page = applications.list_applications(
            services, here.id, q=argument("q"), state=state, cursor=argument("cursor") or None
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
    recent = activity.list_events(
        current_services(), current_workspace().id, application_id=application.id, limit=5
    )
    return render_tab(
        "overview",
        application,
        recent=recent.items,
        actions=activity.ACTIONS,
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
    here, services = current_workspace(), current_services()
    page = access.who_gets_in(
        services, here.id, application.id, q=argument("q"), cursor=argument("cursor") or None
    )
    person = argument("person")
    checked, decision, suggestions = None, None, ()
    if person:
        try:
            checked = users.find_user(here.id, person)
        except NotFound:
            suggestions = users.list_users(here.id, q=person, limit=6).items
        else:
            decision = access.decide(
                services, here.id, user_id=checked.id, application_id=application.id
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
    page = activity.list_events(
        current_services(),
        current_workspace().id,
        application_id=application.id,
        cursor=argument("cursor") or None,
    )
    return render_tab(
        "activity", application, page=page, turns=turns(page), actions=activity.ACTIONS
    )


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

for _path, _view, _methods in (
    ("/<slug>/guide", guides.guide, ["GET"]),
    ("/<slug>/guide/role", guides.give_me, ["POST"]),
    ("/<slug>/certificate.pem", guides.certificate, ["GET"]),
    ("/<slug>/metadata.xml", guides.metadata_xml, ["GET"]),
    ("/<slug>/saml", saml.saml, ["GET", "POST"]),
    ("/<slug>/saml/back", saml.saml_back, ["POST"]),
    ("/<slug>/mappers", mappers.mappers, ["GET"]),
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
