"""The Settings tab, and enabling, disabling, uninstalling and restoring an application."""

from collections.abc import Iterator
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications import change
from ssoko.services.applications.differences import shown
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides import guide
from ssoko.web.applications.page import find_application, render_tab, vendor_name
from ssoko.web.components import plugin_form
from ssoko.web.components.edit_forms import rebase
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.framework.responses import (
    Errors,
    Undo,
    ViewResponse,
    counted,
    form_page,
    has_entries,
    posted,
    see,
)
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)

#: Shown after saving while another version of the plugin waits for its review.
_REVIEW = "What the update of the plugin changes waits for your review."
#: Parts of a field name that are written in uppercase.
_ACRONYMS = frozenset("acs api arn iam id idp saml slo sp sso uri url urls".split())


@admin_only
def edit_settings(slug: str) -> ViewResponse:
    """Show the install form with the current settings, and save the changes."""
    application = find_application(slug)
    loaded = current_services().registry.get(application.integration)
    typed: dict[str, Any] = application.settings
    stored = [text_field("name", "Name", value=application.name)]
    if loaded:
        stored += plugin_form.render_fields(loaded.form, values=typed)
    errors = rebase(stored)
    if has_entries() and loaded:
        typed = plugin_form.read(loaded.form, request.form)
    if request.method == "POST" and not errors:
        # A missing field keeps its value, so required fields that were cleared are sent as None.
        cleared = dict.fromkeys(_required_fields(loaded) - typed.keys())
        try:
            changed = change.update_application(
                current_scope(),
                application.id,
                name=posted("name"),
                settings=typed | cleared if loaded else None,
            )
        except InputError as error:
            errors = plugin_form.errors_of(error)
            if loaded:
                errors |= plugin_form.required_messages(loaded.form, cleared)
        else:
            waiting = changed.upgrade is not None and changed.upgrade.state == "proposes"
            cleaned = plugin_form.cleaning_sentences(loaded, typed) if loaded else []
            message = " ".join((f"Saved {changed.name}.", *cleaned, *[_REVIEW] * waiting))
            return see("applications.edit_settings", message, slug=changed.slug)
    fields = [_name_field(application, errors)]
    if loaded:
        fields += plugin_form.render_fields(loaded.form, values=typed, errors=errors)
    page = render_tab(
        "settings",
        application,
        errors=errors,
        fields=fields,
        loaded=loaded,
        stored_settings=() if loaded else _stored_settings(application),
        reads_metadata=loaded is not None and fill_form.accepts_metadata(loaded),
    )
    return (page, 422) if errors else page


@admin_only
def enable_application(slug: str) -> Response:
    """Enable the application: users with its roles can sign in again."""
    application = _set_enabled(slug, enabled=True)
    return see(
        "applications.show_overview",
        f"Enabled {application.name}. People with a role of this application can sign in again.",
        slug=application.slug,
    )


@admin_only
def disable_application(slug: str) -> Response:
    """Disable the application: nobody can sign in, and its settings are kept."""
    application = _set_enabled(slug, enabled=False)
    people = application.people_count
    who = f" for {counted(people, 'person', 'people')}" if people else ""
    return see(
        "applications.show_overview",
        f"Disabled {application.name}{who}. Nobody can sign in until you enable it.",
        undo=Undo(url_for("applications.enable_application", slug=application.slug)),
        slug=application.slug,
    )


@admin_only
def decide_without_plugin(slug: str) -> Response:
    """Allow or stop sign-ins while the plugin that adds attributes is not loaded."""
    allow = posted("allow") == "yes"
    application = change.update_application(
        current_scope(), find_application(slug).id, without_plugin=allow
    )
    message = (
        f"People can sign in to {application.name} without the plugin's attributes."
        if allow
        else f"Nobody can sign in to {application.name} until its plugin is loaded."
    )
    return see("applications.show_overview", message, slug=application.slug)


@admin_only
def uninstall_application(slug: str) -> ViewResponse:
    """Ask for confirmation with the consequences, then uninstall; restorable for 30 days."""
    application = find_application(slug)
    impact = change.impact(current_scope(), application.id)
    errors: Errors = {}
    if request.method == "POST":
        if not impact.people or posted("name") == application.name:
            change.uninstall(current_scope(), application.id)
            return see(
                "applications.list_applications",
                f"Uninstalled {application.name}. You can restore it for 30 days.",
                state="uninstalled",
            )
        errors = {"name": [f"Type {application.name} exactly as shown"]}
    return form_page(
        "applications/uninstall.html",
        errors,
        application=application,
        vendor=vendor_name(application),
        impact=impact,
        fields=_confirmation_fields(application, errors) if impact.people else [],
        removal=removal_section(application),
    )


@admin_only
def restore_application(application_id: str) -> Response:
    """Restore an uninstalled application with its roles, issuer and assignments."""
    application = change.restore(current_scope(), application_id)
    return see(
        "applications.show_overview",
        f"Restored {application.name} with its roles and assignments.",
        slug=application.slug,
    )


def removal_section(application: ApplicationView) -> guide.Section | None:
    """Return the section of the guide that tells what to remove at the vendor."""
    rendered = guide.render_guide(application.guide, guide.guide_values(application))
    return next((s for s in rendered.sections if s.title.casefold().startswith("remove")), None)


def _required_fields(loaded: LoadedIntegration | None) -> set[str]:
    """Return the fields that must have a value; an empty secret keeps the stored one."""
    if loaded is None:
        return set()
    form = loaded.form
    return {name for name, field in form.fields.items() if field.required} - form.secret


def _confirmation_fields(application: ApplicationView, errors: Errors) -> list[FormField]:
    return [
        text_field(
            "name",
            f"Type {application.name} to confirm",
            value=posted("name"),
            errors=errors,
            required=True,
            autocomplete="off",
        )
    ]


def _name_field(application: ApplicationView, errors: Errors) -> FormField:
    return text_field(
        "name",
        "Name",
        value=request.form.get("name", application.name),
        errors=errors,
        required=True,
        autocomplete="off",
        help="Shown on the tile. URLs and the role name don't change",
    )


def _stored_settings(application: ApplicationView) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return label and lines of each stored setting, for a plugin that is not loaded."""
    return tuple(
        (_label(name), tuple(_lines(value))) for name, value in application.settings.items()
    )


def _label(name: str) -> str:
    """Return a label made of the field name; the real label is in the plugin."""
    first, *rest = (word.upper() if word in _ACRONYMS else word for word in name.split("_"))
    return " ".join((first[:1].upper() + first[1:], *rest))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield ", ".join(f"{key}: {' '.join(_lines(item))}" for key, item in value.items())
    elif isinstance(value, list):
        for item in value:
            yield from _lines(item)
    else:
        yield from shown(value)


def _set_enabled(slug: str, *, enabled: bool) -> ApplicationView:
    return change.update_application(
        current_scope(),
        find_application(slug).id,
        enabled=enabled,
    )
