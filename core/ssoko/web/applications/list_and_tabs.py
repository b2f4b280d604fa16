"""Applications > SSO: the list, the tabs of an application's page, and the URLs of them all."""

from typing import Any

from flask import Blueprint, render_template

from ssoko.errors import NotFound
from ssoko.services.access import decisions
from ssoko.services.activity import log
from ssoko.services.applications import change, views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.issuers import issuers
from ssoko.services.people import users
from ssoko.store.paging import Page
from ssoko.web.applications import check, guide, mappers, refresh, saml_settings, settings, upgrade
from ssoko.web.applications.page import (
    describe_state,
    find_application,
    metadata_values,
    plugin_badge,
    render_tab,
)
from ssoko.web.components.certificates import card_values, certificate_facts
from ssoko.web.components.event_list import page_links
from ssoko.web.components.notices import application_notices
from ssoko.web.framework.responses import argument
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)

#: Code of a decision to the label of its badge.
NO_ACCESS = {
    "no-role": "No role",
    "role-expired": "Expired",
    "user-disabled": "User disabled",
    "application-disabled": "Application disabled",
}

blueprint = Blueprint("applications", __name__, url_prefix="/w/<workspace>/applications")

STATES = (
    ("", "All"),
    ("active", "Active"),
    ("needs-setup", "Needs setup"),
    ("disabled", "Disabled"),
    ("uninstalled", "Uninstalled"),
)


@admin_only
def list_applications() -> str:
    """List the applications, or the uninstalled ones that can still be restored."""
    services = current_services()
    state = argument("state") if argument("state") in dict(STATES) else ""
    page: Page[ApplicationView] = Page((), None)
    total = 0
    uninstalled: tuple[Any, ...] = ()
    if state == "uninstalled":
        uninstalled = change.list_uninstalled(current_scope())
    else:
        page = views.list_applications(
            current_scope(), q=argument("q"), state=state, cursor=argument("cursor") or None
        )
        total = views.count_applications(current_scope(), q=argument("q"), state=state)
    return render_template(
        "applications/index.html",
        page=page,
        total=total,
        uninstalled=uninstalled,
        states=STATES,
        state=state,
        q=argument("q"),
        describe_state=describe_state,
        plugin_badge=plugin_badge,
        now=services.clock(),
    )


@admin_only
def show_overview(slug: str) -> str:
    """Show what the application is, its state and the next step."""
    application = find_application(slug)
    recent = log.list_events(current_scope(), application_id=application.id, limit=5)
    return render_tab(
        "overview",
        application,
        recent=recent.items,
        actions=log.ACTIONS,
        notices=application_notices(application),
        labels=upgrade.field_labels(application),
    )


@admin_only
def show_metadata(slug: str) -> str:
    """Show the values that the vendor asks for, the certificate and its rotation."""
    application = find_application(slug)
    return render_tab(
        "metadata",
        application,
        values=metadata_values(application),
        signed_metadata_url=issuers.signed_metadata_url(
            current_services().config.base_url, application.issuer.id
        ),
        certificate=certificate_facts(application.issuer, now=current_services().clock()),
        notices=application_notices(application),
        **card_values(application.issuer.id),
    )


@admin_only
def show_access(slug: str) -> str:
    """Show who has access and why, and explain the decision for one user."""
    application = find_application(slug)
    workspace = current_workspace()
    page = decisions.list_access(
        current_scope(), application.id, q=argument("q"), cursor=argument("cursor") or None
    )
    person = argument("person")
    user, decision, suggestions = None, None, ()
    if person:
        try:
            user = users.find_user(workspace.id, person)
        except NotFound:
            suggestions = users.list_users(workspace.id, q=person, limit=6).items
        else:
            decision = decisions.decide(
                current_scope(), user_id=user.id, application_id=application.id
            )
    return render_tab(
        "access",
        application,
        page=page,
        q=argument("q"),
        person=person,
        user=user,
        decision=decision,
        suggestions=suggestions,
        no_access=NO_ACCESS,
    )


@admin_only
def show_activity(slug: str) -> str:
    """Show the events of this application, newest first."""
    application = find_application(slug)
    page = log.list_events(
        current_scope(),
        application_id=application.id,
        cursor=argument("cursor") or None,
    )
    return render_tab(
        "activity", application, page=page, page_links=page_links(page), actions=log.ACTIONS
    )


for _path, _view, _methods in (
    ("", list_applications, ["GET"]),
    ("/<slug>", show_overview, ["GET"]),
    ("/<slug>/metadata", show_metadata, ["GET"]),
    ("/<slug>/access", show_access, ["GET"]),
    ("/<slug>/activity", show_activity, ["GET"]),
    ("/<slug>/check", check.check_connection, ["GET"]),
    ("/<slug>/guide", guide.show_guide, ["GET"]),
    ("/<slug>/guide/role", guide.assign_role_to_me, ["POST"]),
    ("/<slug>/certificate.pem", guide.download_certificate, ["GET"]),
    ("/<slug>/metadata.xml", guide.download_metadata, ["GET"]),
    ("/<slug>/mappers", mappers.show_mappers, ["GET"]),
    ("/<slug>/mappers/new", mappers.add_mapper, ["GET", "POST"]),
    ("/<slug>/mappers/proposal", mappers.reset_mappers, ["GET", "POST"]),
    ("/<slug>/mappers/preview", check.preview_assertion, ["GET"]),
    ("/<slug>/mappers/<int:place>", mappers.edit_mapper, ["GET", "POST"]),
    ("/<slug>/mappers/<int:place>/move", mappers.move_mapper, ["POST"]),
    ("/<slug>/mappers/<int:place>/remove", mappers.remove_mapper, ["GET", "POST"]),
    ("/<slug>/settings", settings.edit_settings, ["GET", "POST"]),
    ("/<slug>/enable", settings.enable_application, ["POST"]),
    ("/<slug>/disable", settings.disable_application, ["POST"]),
    ("/<slug>/without-plugin", settings.decide_without_plugin, ["POST"]),
    ("/<slug>/uninstall", settings.uninstall_application, ["GET", "POST"]),
    ("/<application_id>/restore", settings.restore_application, ["POST"]),
    ("/<slug>/refresh", refresh.refresh_application, ["GET", "POST"]),
    ("/<slug>/refresh/signer", refresh.require_signer, ["POST"]),
    ("/<slug>/refresh/accept", refresh.accept_refresh, ["POST"]),
    ("/<slug>/saml", saml_settings.edit_saml_settings, ["GET", "POST"]),
    ("/<slug>/saml/back", saml_settings.reset_saml_settings, ["POST"]),
    ("/<slug>/upgrade", upgrade.review_upgrade, ["GET", "POST"]),
    ("/<slug>/upgrade/back", upgrade.undo_upgrade, ["POST"]),
):
    blueprint.add_url_rule(_path, view_func=_view, methods=_methods)
