"""What an admin changes about an application: settings, on and off, uninstall and restore."""

from flask import render_template, request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services import applications, guides
from ssoko.services.applications import ApplicationView
from ssoko.web.application_page import find, render_tab, vendor_of
from ssoko.web.pages import Answer, posted, see
from ssoko.web.session import admin_only, current_actor, current_services, current_workspace


@admin_only
def enable(slug: str) -> Response:
    """Let the people with the role in again."""
    application = _change(slug, enabled=True)
    return see(
        "applications.overview",
        f"{application.name} is enabled. People with its role get in again.",
        slug=application.slug,
    )


@admin_only
def disable(slug: str) -> Response:
    """Let nobody in, and keep everything else as it is."""
    application = _change(slug, enabled=False)
    return see(
        "applications.overview",
        f"{application.name} is disabled. Nobody gets in until you enable it.",
        slug=application.slug,
    )


@admin_only
def uninstall(slug: str) -> Answer:
    """Ask first, naming what breaks; then take the application away, for 30 days restorably."""
    application = find(slug)
    impact = applications.impact(current_services(), current_workspace().id, application.id)
    typed, error = posted("name"), ""
    if request.method == "POST":
        if not impact.people or typed == application.name:
            applications.uninstall(
                current_services(), current_workspace().id, current_actor(), application.id
            )
            return see(
                "applications.index",
                f"{application.name} is uninstalled. You can restore it for 30 days.",
                state="uninstalled",
            )
        error = f"Type {application.name} exactly as it is written here"
    page = render_template(
        "applications/uninstall.html",
        application=application,
        vendor=vendor_of(application),
        impact=impact,
        typed=typed,
        error=error,
        remove=remove_section(application),
    )
    return (page, 422) if error else page


@admin_only
def restore(application_id: str) -> Response:
    """Bring an uninstalled application back with its roles, its issuer and its people."""
    application = applications.restore(
        current_services(), current_workspace().id, current_actor(), application_id
    )
    return see(
        "applications.overview",
        f"{application.name} is back, with its roles and the people who had them.",
        slug=application.slug,
    )


def remove_section(application: ApplicationView) -> guides.Section | None:
    """Return the part of the guide that says what to undo on the vendor's side."""
    rendered = guides.render_guide(application.guide, guides.guide_values(application))
    return next((s for s in rendered.sections if s.title.casefold().startswith("remove")), None)


def _change(slug: str, *, enabled: bool) -> ApplicationView:
    return applications.update_application(
        current_services(), current_workspace().id, current_actor(), find(slug).id, enabled=enabled
    )
