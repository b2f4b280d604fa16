"""SAML settings: what an admin overrides in the plugin's proposal, and resets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.plugin import ServiceProvider
from ssoko.plugin.sources import describe_source
from ssoko.services.applications import change
from ssoko.services.applications.overrides import (
    ENCRYPTION_METHODS,
    FIELDS,
    NAME_ID_FORMATS,
    SamlForm,
)
from ssoko.services.applications.views import ApplicationView
from ssoko.web.applications.page import find_application, render_tab
from ssoko.web.components.edit_forms import rebase
from ssoko.web.components.forms import FormField, form_fields, read_form, text_field
from ssoko.web.components.source_form import place_errors, read_source, source_fields
from ssoko.web.framework.responses import (
    Errors,
    ViewResponse,
    has_entries,
    posted,
    refused,
    see,
)
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
)

_ERROR_PREFIX = "service_provider."
#: Sections of the page: the title and the fields.
SECTIONS = (
    ("NameID", ("name_id_format", "name_id_source")),
    ("Signatures", ("sign_response", "sign_assertion", "require_signed_requests", "certificates")),
    ("Encryption", ("encrypt_assertions", "encryption_method", "encryption_certificates")),
    ("Start of sign-ins", ("idp_initiated",)),
    ("URLs", ("acs_urls", "relay_state", "slo_url", "slo_binding", "slo_response_url")),
    ("Lifetime", ("lifetime", "session_lifetime")),
)
_VALUE_LABELS = (
    NAME_ID_FORMATS | ENCRYPTION_METHODS | {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the page.

    :param fields: its form fields; most settings have one.
    :param overridden: whether an admin set it.
    :param proposed: value that the plugin proposes, in words.
    """

    name: str
    fields: tuple[FormField, ...]
    overridden: bool
    proposed: str


@admin_only
def edit_saml_settings(slug: str) -> ViewResponse:
    """Show the settings of the service provider, and override what the plugin proposes."""
    application = find_application(slug)
    values = _current_values(application)
    errors = rebase(_fields(_sections(application, values, {})))
    if has_entries():
        values = _read_values(application)
    if request.method == "POST" and not errors:
        try:
            _change(application, values)
        except InputError as error:
            errors = _field_errors(error, application, values)
        else:
            return see(
                "applications.edit_saml_settings", "Saved the SAML settings.", slug=application.slug
            )
    sections = _sections(application, values, errors)
    page = render_tab(
        "settings",
        application,
        template="saml",
        sections=sections,
        fields=_fields(sections),
        errors=errors,
    )
    return (page, 422) if errors else page


@admin_only
def reset_saml_settings(slug: str) -> Response:
    """Reset one setting, or all of them, to what the plugin proposes."""
    application, field = find_application(slug), posted("field")
    names = FIELDS if field == "all" else [name for name in FIELDS if name == field]
    try:
        _change(application, dict.fromkeys(names))
    except InputError as error:
        return refused(error, "applications.edit_saml_settings", slug=slug)
    message = "Reset all settings." if field == "all" else "Reset the setting."
    return see("applications.edit_saml_settings", message, slug=slug)


def _change(application: ApplicationView, values: Mapping[str, Any]) -> None:
    change.update_application(
        current_scope(),
        application.id,
        service_provider=dict(values),
    )


def _current_values(application: ApplicationView) -> dict[str, Any]:
    return {name: getattr(application.service_provider, name) for name in FIELDS}


def _read_values(application: ApplicationView) -> dict[str, Any]:
    """Return the posted values in the shape of the service; an empty number resets the setting."""
    typed = read_form(SamlForm, request.form)
    typed |= {name: typed.get(name) for name in ("lifetime", "session_lifetime")}
    typed["name_id_source"] = read_source(request.form)
    if typed.get("name_id_format", "other") == "other":
        typed["name_id_format"] = posted("name_id_format_uri")
    typed["acs_urls"] = [*application.proposed.acs_urls, *typed.get("acs_urls", ())]
    return typed


def _field_errors(
    error: InputError, application: ApplicationView, typed: Mapping[str, Any]
) -> Errors:
    """Return the errors of the service by the field names of this page."""
    errors: Errors = {}
    for name, messages in error.errors.items():
        field = name.removeprefix(_ERROR_PREFIX)
        head, _, number = field.partition(".")
        if field == "name_id_source":
            errors |= place_errors(typed["name_id_source"], messages, request.form)
        elif field == "name_id_format" and posted("name_id_format") == "other":
            errors["name_id_format_uri"] = messages
        elif head == "acs_urls" and number.isdigit():
            errors[f"acs_urls.{int(number) - len(application.proposed.acs_urls)}"] = messages
        else:
            errors[field] = messages
    return errors


def _sections(
    application: ApplicationView, values: Mapping[str, Any], errors: Errors
) -> list[tuple[str, list[Setting]]]:
    own = application.proposed.acs_urls
    shown = dict(values) | {"acs_urls": [u for u in values["acs_urls"] if u not in own]}
    fields = {field.name: (field,) for field in form_fields(SamlForm, values=shown, errors=errors)}
    for name in ("lifetime", "session_lifetime"):
        fields[name] = (replace(fields[name][0], optional=False),)
    fields["name_id_format"] = _format_fields(str(values["name_id_format"]), errors)
    fields["name_id_source"] = tuple(
        source_fields(values["name_id_source"], errors, label="NameID source", single=True)
    )
    return [
        (
            title,
            [
                Setting(
                    name,
                    fields[name],
                    name in application.overrides,
                    _describe_value(name, application.proposed),
                )
                for name in names
            ],
        )
        for title, names in SECTIONS
    ]


def _fields(sections: list[tuple[str, list[Setting]]]) -> list[FormField]:
    return [field for _, settings in sections for setting in settings for field in setting.fields]


def _format_fields(name_id_format: str, errors: Errors) -> tuple[FormField, ...]:
    is_listed = name_id_format in NAME_ID_FORMATS
    return (
        text_field(
            "name_id_format",
            "NameID format",
            value=name_id_format if is_listed else "other",
            errors=errors,
            kind="select",
            choices=(*NAME_ID_FORMATS.items(), ("other", "Other (enter its URI)")),
        ),
        text_field(
            "name_id_format_uri",
            "NameID format URI",
            value="" if is_listed else name_id_format,
            errors=errors,
            optional=True,
            autocomplete="off",
        ),
    )


def _describe_value(name: str, proposed: ServiceProvider) -> str:
    """Return a proposed value in words."""
    value = getattr(proposed, name)
    if isinstance(value, bool):
        return "On" if value else "Off"
    if name == "acs_urls":
        return "No additional URLs"
    if isinstance(value, tuple):
        return str(len(value)) if value else "None"
    if name == "name_id_source":
        return describe_source(value)
    return _VALUE_LABELS.get(str(value), str(value)) or "Empty"
