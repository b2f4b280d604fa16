"""SAML settings: what an admin sets by hand over the plugin's proposal, and takes back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.plugin import ServiceProvider
from ssoko.services.applications import change
from ssoko.services.applications.overrides import (
    ENCRYPTION_METHODS,
    FIELDS,
    NAME_ID_FORMATS,
    SamlForm,
)
from ssoko.services.applications.views import ApplicationView
from ssoko.services.marketplace.proposed_values import source_words
from ssoko.web.applications.page import find, render_tab
from ssoko.web.components.forms import FormField, form_fields, read_form, text_field
from ssoko.web.components.source_form import place_errors, read_source, source_fields
from ssoko.web.framework.responses import Answer, Errors, posted, refused, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
)

_AT = "service_provider."
#: Title of a part of the page, and its fields.
PARTS = (
    ("Who people are", ("name_id_format", "name_id_source")),
    ("Signatures", ("sign_response", "sign_assertion", "require_signed_requests", "certificates")),
    ("Encryption", ("encrypt_assertions", "encryption_method", "encryption_certificates")),
    ("Addresses", ("acs_urls", "relay_state", "slo_url", "slo_binding", "slo_response_url")),
    ("Lifetimes", ("lifetime", "session_lifetime")),
)
_WORDS = NAME_ID_FORMATS | ENCRYPTION_METHODS | {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as the page draws it.

    :param fields: most have one.
    :param by_hand: it was set here; ``proposed`` is what the plugin says, in words.
    """

    name: str
    fields: tuple[FormField, ...]
    by_hand: bool
    proposed: str


@admin_only
def saml(slug: str) -> Answer:
    """Show what is recorded of the vendor's side, and set some of it by hand."""
    application = find(slug)
    errors: Errors = {}
    values = _recorded(application)
    if request.method == "POST":
        values = _typed(application)
        try:
            _change(application, values)
        except InputError as error:
            errors = _placed(error, application, values)
        else:
            return see("applications.saml", "The SAML settings are saved.", slug=application.slug)
    parts = _parts(application, values, errors)
    page = render_tab(
        "settings",
        application,
        template="saml",
        parts=parts,
        fields=[f for _, settings in parts for one in settings for f in one.fields],
        errors=errors,
    )
    return (page, 422) if errors else page


@admin_only
def saml_back(slug: str) -> Response:
    """Take one setting, or all of them, back to what the plugin proposes."""
    application, field = find(slug), posted("field")
    names = FIELDS if field == "all" else [name for name in FIELDS if name == field]
    try:
        _change(application, dict.fromkeys(names))
    except InputError as error:
        return refused(error, "applications.saml", slug=slug)
    return see("applications.saml", "That is the plugin's proposal again.", slug=slug)


def _change(application: ApplicationView, values: Mapping[str, Any]) -> None:
    change.update_application(
        current_scope(),
        application.id,
        service_provider=dict(values),
    )


def _recorded(application: ApplicationView) -> dict[str, Any]:
    return {name: getattr(application.service_provider, name) for name in FIELDS}


def _typed(application: ApplicationView) -> dict[str, Any]:
    """Return what was sent as the service takes it; an empty number goes back."""
    typed = read_form(SamlForm, request.form)
    typed |= {name: typed.get(name) for name in ("lifetime", "session_lifetime")}
    typed["name_id_source"] = read_source(request.form)
    if typed.get("name_id_format", "other") == "other":
        typed["name_id_format"] = posted("name_id_format_uri")
    typed["acs_urls"] = [*application.proposed.acs_urls, *typed.get("acs_urls", ())]
    return typed


def _placed(error: InputError, application: ApplicationView, typed: Mapping[str, Any]) -> Errors:
    """Bring the names of the service's errors to the fields of this page."""
    found: Errors = {}
    for name, messages in error.errors.items():
        field = name.removeprefix(_AT)
        head, _, number = field.partition(".")
        if field == "name_id_source":
            found |= place_errors(typed["name_id_source"], messages, request.form)
        elif field == "name_id_format" and posted("name_id_format") == "other":
            found["name_id_format_uri"] = messages
        elif head == "acs_urls" and number.isdigit():
            found[f"acs_urls.{int(number) - len(application.proposed.acs_urls)}"] = messages
        else:
            found[field] = messages
    return found


def _parts(
    application: ApplicationView, values: Mapping[str, Any], errors: Errors
) -> list[tuple[str, list[Setting]]]:
    own = application.proposed.acs_urls
    shown = dict(values) | {"acs_urls": [u for u in values["acs_urls"] if u not in own]}
    drawn = {field.name: (field,) for field in form_fields(SamlForm, values=shown, errors=errors)}
    for name in ("lifetime", "session_lifetime"):
        drawn[name] = (replace(drawn[name][0], optional=False),)
    drawn["name_id_format"] = _format_fields(str(values["name_id_format"]), errors)
    drawn["name_id_source"] = tuple(
        source_fields(values["name_id_source"], errors, label="Name ID source", single=True)
    )
    return [
        (
            title,
            [
                Setting(
                    name,
                    drawn[name],
                    name in application.overrides,
                    _words(name, application.proposed),
                )
                for name in names
            ],
        )
        for title, names in PARTS
    ]


def _format_fields(name_id_format: str, errors: Errors) -> tuple[FormField, ...]:
    known = name_id_format in NAME_ID_FORMATS
    return (
        text_field(
            "name_id_format",
            "NameID format",
            value=name_id_format if known else "other",
            errors=errors,
            kind="select",
            choices=(*NAME_ID_FORMATS.items(), ("other", "Another one, by its URI")),
        ),
        text_field(
            "name_id_format_uri",
            "URI of another NameID format",
            value="" if known else name_id_format,
            errors=errors,
            optional=True,
            autocomplete="off",
        ),
    )


def _words(name: str, proposed: ServiceProvider) -> str:
    """Write a proposed value in words."""
    value = getattr(proposed, name)
    if isinstance(value, bool):
        return "On" if value else "Off"
    if name == "acs_urls":
        return "Its own addresses alone"
    if isinstance(value, tuple):
        return f"{len(value)} of them" if value else "None"
    if name == "name_id_source":
        return source_words(value)
    return _WORDS.get(str(value), str(value)) or "Nothing"
