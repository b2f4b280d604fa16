"""The install form of a plugin inside a page of Ssoko.

Plugins choose any field names, so in HTML theirs have a prefix: a plugin's ``issuer`` is posted as
``plugin.issuer``, and the page's own field as ``issuer``. This module adds the prefix to fields and
errors, and removes it from posted forms. Settings, the API and the CLI use the plain names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from ssoko.errors import InputError
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.plugin.host.texts import plain, text_problem
from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.services.applications.settings import cleaning_notes
from ssoko.web.components.forms import Errors, FormField, form_fields, read_form

#: Names of the page's own controls; they are never read as a plugin's field.
OWN_CONTROLS = frozenset(
    "name issuer again as csrf_token"
    " metadata_file metadata_xml metadata_url metadata_certificate".split()
)


def render_fields(
    form: InstallForm,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
) -> list[FormField]:
    """Return the fields of a plugin's form.

    :param values: by plain name, as in :func:`ssoko.web.components.forms.form_fields`.
    :param errors: by posted name; see :func:`prefix_errors` and :func:`errors_of`.
    """
    with form.guard("showing"):
        fields = form_fields(form.fields, values=values, errors=errors, prefix=POSTED_PREFIX)
        defaults = [
            f.value for f in fields if f.name.removeprefix(POSTED_PREFIX) not in (values or ())
        ]
        if problem := text_problem(defaults):
            raise ValueError(problem)
    return fields


def read(form: InstallForm, posted: MultiDict[str, str]) -> dict[str, Any]:
    """Read a plugin's fields from a posted form, in the shape that its schema loads.

    A field that is posted only without the prefix is read too, unless its name is one of the page's
    own controls. So is a required one that is empty with the prefix.
    """
    values: MultiDict[str, str] = MultiDict()
    for key, value in posted.items(multi=True):
        if key.startswith(POSTED_PREFIX):
            values.add(key.removeprefix(POSTED_PREFIX), value)
    prefixed = {
        name
        for key, value in values.items(multi=True)
        if (name := _field_of(key)) and (value.strip() or not _is_required(form, name))
    }
    unprefixed = form.fields.keys() - prefixed - OWN_CONTROLS
    for key, value in posted.items(multi=True):
        if _field_of(key) in unprefixed:
            values.setlist(key, [*(v for v in values.getlist(key) if v.strip()), value])
    with form.guard("reading"):
        raw = read_form(form.fields, values, with_blanks=True)
    return raw


def prefix_errors(errors: Errors) -> dict[str, list[str]]:
    """Return the errors of a plugin's fields by posted name; ``""`` is the whole form."""
    return {POSTED_PREFIX + name if name else "": list(texts) for name, texts in errors.items()}


def errors_of(error: InputError) -> dict[str, list[str]]:
    """Return the errors of a page that has a plugin's fields and its own."""
    errors = {name: list(texts) for name, texts in error.own.items()}
    for name, texts in prefix_errors(error.settings).items():
        errors.setdefault(name, []).extend(texts)
    return errors


def cleaning_sentences(loaded: LoadedIntegration, raw: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each field from which something was removed."""
    return [
        f"{loaded.form.label(note.field)}: {note.message}." for note in cleaning_notes(loaded, raw)
    ]


def required_messages(form: InstallForm, names: Iterable[str]) -> dict[str, list[str]]:
    """Return, by posted name, the message of each of these fields for a missing value."""
    with form.guard("showing"):
        messages = {name: [plain(form.fields[name].error_messages["required"])] for name in names}
    return prefix_errors(messages)


def _is_required(form: InstallForm, name: str) -> bool:
    return name in form.fields and form.fields[name].required


def _field_of(key: str) -> str:
    return key.partition(".")[0]
