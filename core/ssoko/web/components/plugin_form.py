"""The install form of a plugin inside a page of Ssoko.

Plugins choose any field names, so in HTML theirs have a prefix: a plugin's ``issuer`` is posted as
``plugin.issuer``, and the page's own field as ``issuer``. This module adds the prefix to fields and
errors, and removes it from posted forms. Settings, the API and the CLI use the plain names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import marshmallow as ma
from werkzeug.datastructures import MultiDict

from ssoko.errors import InputError
from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.web.components.forms import Errors, FormField, form_fields, read_form

#: Names of the page's own controls; they are never read as a plugin's field.
OWN_CONTROLS = frozenset(
    "name issuer again as csrf_token"
    " metadata_file metadata_xml metadata_url metadata_certificate".split()
)


def render_fields(
    form: type[ma.Schema],
    *,
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
) -> list[FormField]:
    """Return the fields of a plugin's form.

    :param values: by plain name, as in :func:`ssoko.web.components.forms.form_fields`.
    :param errors: by posted name; see :func:`prefix_errors` and :func:`errors_of`.
    """
    return form_fields(form, values=values, errors=errors, prefix=POSTED_PREFIX)


def read(form: type[ma.Schema], posted: MultiDict[str, str]) -> dict[str, Any]:
    """Read a plugin's fields from a posted form, in the shape that its schema loads.

    A field that is posted only without the prefix is read too, unless its name is one of the page's
    own controls.
    """
    plain: MultiDict[str, str] = MultiDict()
    for key, value in posted.items(multi=True):
        if key.startswith(POSTED_PREFIX):
            plain.add(key.removeprefix(POSTED_PREFIX), value)
    prefixed = {_field_of(key) for key in plain}
    unprefixed = form().load_fields.keys() - prefixed - OWN_CONTROLS
    for key, value in posted.items(multi=True):
        if _field_of(key) in unprefixed:
            plain.add(key, value)
    return read_form(form, plain)


def prefix_errors(errors: Errors) -> dict[str, list[str]]:
    """Return the errors of a plugin's fields by posted name; ``""`` is the whole form."""
    return {POSTED_PREFIX + name if name else "": list(texts) for name, texts in errors.items()}


def errors_of(error: InputError) -> dict[str, list[str]]:
    """Return the errors of a page that has a plugin's fields and its own."""
    errors = {name: list(texts) for name, texts in error.own.items()}
    for name, texts in prefix_errors(error.settings).items():
        errors.setdefault(name, []).extend(texts)
    return errors


def required_messages(form: type[ma.Schema], names: Iterable[str]) -> dict[str, list[str]]:
    """Return, by posted name, the message of each of these fields for a missing value."""
    fields = form().load_fields
    return prefix_errors({name: [str(fields[name].error_messages["required"])] for name in names})


def _field_of(key: str) -> str:
    return key.partition(".")[0]
