"""The install form of a plugin inside a page of ours.

A plugin names its fields as it likes, so in HTML they have a prefix: a plugin's ``issuer`` is
posted as ``plugin.issuer``, and our own ``issuer`` as ``issuer``. The prefix is put on here, where
fields are drawn and errors are placed, and taken off here, where a posted form is read. Settings,
the API and the command line have the plain names.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from werkzeug.datastructures import MultiDict

from ssoko.errors import InputError
from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.web.components.forms import Errors, FormField, form_fields, read_form

#: Controls of ours on pages with a plugin's form; what is posted under them is never a plugin's.
OWN_CONTROLS = frozenset(
    "name issuer again as csrf_token"
    " metadata_file metadata_xml metadata_url metadata_certificate".split()
)


def draw(
    form: type[ma.Schema],
    *,
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
) -> list[FormField]:
    """Turn a plugin's form into fields.

    :param values: by their plain names, as in :func:`ssoko.web.components.forms.form_fields`.
    :param errors: by the names of the page: see :func:`place` and :func:`errors_of`.
    """
    return form_fields(form, values=values, errors=errors, prefix=POSTED_PREFIX)


def read(form: type[ma.Schema], posted: MultiDict[str, str]) -> dict[str, Any]:
    """Read a plugin's fields out of a posted form, into the shape that its schema loads.

    A field that was posted only without the prefix is taken too, for scripts that were written
    before there was one; but not where that name is a control of ours.
    """
    plain: MultiDict[str, str] = MultiDict()
    for key, value in posted.items(multi=True):
        if key.startswith(POSTED_PREFIX):
            plain.add(key.removeprefix(POSTED_PREFIX), value)
    given = {_field_of(key) for key in plain}
    older = form().load_fields.keys() - given - OWN_CONTROLS
    for key, value in posted.items(multi=True):
        if _field_of(key) in older:
            plain.add(key, value)
    return read_form(form, plain)


def place(errors: Errors) -> dict[str, list[str]]:
    """Bring errors at a plugin's fields to their fields on the page; the others stay apart."""
    return {POSTED_PREFIX + name if name else "": list(said) for name, said in errors.items()}


def errors_of(error: InputError) -> dict[str, list[str]]:
    """Return the errors of a page that has a plugin's fields beside our own."""
    found = {name: list(said) for name, said in error.own.items()}
    for name, said in place(error.settings).items():
        found.setdefault(name, []).extend(said)
    return found


def _field_of(key: str) -> str:
    return key.partition(".")[0]
