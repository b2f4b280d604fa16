"""What an admin changes about an application: settings, on and off, uninstall and restore."""

from collections.abc import Iterator
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications import change
from ssoko.services.applications.differences import shown
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides import guide
from ssoko.web.applications.page import find, render_tab, vendor_of
from ssoko.web.components import plugin_form
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.framework.responses import Answer, Errors, form_page, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)

#: Words that are written in capital letters.
_SHORT = frozenset("acs api arn iam id idp saml slo sp sso uri url urls".split())


@admin_only
def settings(slug: str) -> Answer:
    """Show the install form again, with what is recorded; save what was changed."""
    application = find(slug)
    loaded = current_services().registry.get(application.integration)
    typed: dict[str, Any] = application.settings
    errors: Errors = {}
    if request.method == "POST":
        typed = plugin_form.read(loaded.form, request.form) if loaded else {}
        # What is left out is kept, so a field that was emptied has to be named.
        emptied = dict.fromkeys(_required(loaded) - typed.keys())
        try:
            changed = change.update_application(
                current_scope(),
                application.id,
                name=posted("name"),
                settings=typed | emptied if loaded else None,
            )
        except InputError as error:
            missing = plugin_form.place({name: ["Fill this in"] for name in emptied})
            errors = plugin_form.errors_of(error) | missing
        else:
            return see("applications.settings", f"{changed.name} is saved.", slug=changed.slug)
    fields = [_name_field(application, errors)]
    if loaded:
        fields += plugin_form.draw(loaded.form, values=typed, errors=errors)
    page = render_tab(
        "settings",
        application,
        errors=errors,
        fields=fields,
        loaded=loaded,
        answers=() if loaded else _answers(application),
        takes_metadata=loaded is not None and fill_form.accepts_metadata(loaded),
    )
    return (page, 422) if errors else page


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
    impact = change.impact(current_scope(), application.id)
    errors: Errors = {}
    if request.method == "POST":
        if not impact.people or posted("name") == application.name:
            change.uninstall(current_scope(), application.id)
            return see(
                "applications.index",
                f"{application.name} is uninstalled. You can restore it for 30 days.",
                state="uninstalled",
            )
        errors = {"name": [f"Type {application.name}, exactly as it is written here"]}
    return form_page(
        "applications/uninstall.html",
        errors,
        application=application,
        vendor=vendor_of(application),
        impact=impact,
        fields=_confirmation(application, errors) if impact.people else [],
        remove=remove_section(application),
    )


@admin_only
def restore(application_id: str) -> Response:
    """Bring an uninstalled application back with its roles, its issuer and its people."""
    application = change.restore(current_scope(), application_id)
    return see(
        "applications.overview",
        f"{application.name} is back, with its roles and the people who had them.",
        slug=application.slug,
    )


def remove_section(application: ApplicationView) -> guide.Section | None:
    """Return the part of the guide that says what to undo on the vendor's side."""
    rendered = guide.render_guide(application.guide, guide.guide_values(application))
    return next((s for s in rendered.sections if s.title.casefold().startswith("remove")), None)


def _required(loaded: LoadedIntegration | None) -> set[str]:
    """Return the fields that may not be emptied; an empty secret means to keep it."""
    if loaded is None:
        return set()
    fields = loaded.form().load_fields.items()
    return {name for name, field in fields if field.required and not field.metadata.get("secret")}


def _confirmation(application: ApplicationView, errors: Errors) -> list[FormField]:
    return [
        text_field(
            "name",
            f"Type {application.name} to go on",
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
        help="Shown on the tile. Addresses and the name of its role stay as they are",
    )


def _answers(application: ApplicationView) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what was typed into a form that is not here, to read: a name, and its lines."""
    return tuple(
        (_label(name), tuple(_lines(value))) for name, value in application.settings.items()
    )


def _label(name: str) -> str:
    """Return the name of a field as words, since its label went with the plugin."""
    first, *others = (one.upper() if one in _SHORT else one for one in name.split("_"))
    return " ".join((first[:1].upper() + first[1:], *others))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield ", ".join(f"{key}: {' '.join(_lines(one))}" for key, one in value.items())
    elif isinstance(value, list):
        for one in value:
            yield from _lines(one)
    else:
        yield from shown(value)


def _change(slug: str, *, enabled: bool) -> ApplicationView:
    return change.update_application(current_scope(), find(slug).id, enabled=enabled)
