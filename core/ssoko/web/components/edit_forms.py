"""Forms of things that another admin may change at the same time.

A form carries digests of the values that it showed, inside its CSRF token. When it is saved, fields
that its user did not change get the values of now, so that only the user's own changes apply. A
field that both changed is reported, and saving again replaces the other value.

A view calls :func:`rebase` with the stored values, before it reads ``request.form``.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from flask import g, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.web.components.forms import FormField, row_numbers, text_field
from ssoko.web.framework.responses import Errors
from ssoko.web.framework.security import posted_form_state

#: Kinds of fields that never show their value.
_HIDDEN = frozenset({"password", "file"})
#: Cells with a value in an empty row.
_PRESET = frozenset({"checkbox", "select"})
#: In the state of a form that depends on a version: it may be sent to another path.
_VERSION = "version"
#: Characters of the other value in a message.
_SHOWN = 100


def rebase_texts(stored: Mapping[str, str]) -> Errors:
    """Do the same as :func:`rebase` for text fields, by name."""
    return rebase(text_field(name, name, value=value) for name, value in stored.items())


def rebase(stored: Iterable[FormField]) -> Errors:
    """Put the stored values into the fields of the posted form that its user did not change.

    The page that is rendered afterwards carries the state of the stored values.

    :param stored: the fields with the values that are stored now.
    :returns: messages for the fields that were changed here and meanwhile also elsewhere.
    """
    fields = [field for field in stored if field.kind not in _HIDDEN]
    g.form_state = _encode(fields)
    shown = _decode(posted_form_state()) if request.method == "POST" else None
    if shown is None:
        return {}
    form: MultiDict[str, str] = MultiDict(request.form)
    conflicts: Errors = {}
    for field in fields:
        current = _stored_text(field)
        typed = _typed_text(field, form)
        before = shown.get(field.name, _digest(current))
        if typed is None and field.name.removeprefix(POSTED_PREFIX) in form:
            # A field of a plugin that is sent without the prefix.
            continue
        if typed is None or _digest(typed) == before:
            _put(form, field)
        elif typed != current and _digest(current) != before:
            conflicts[field.name] = [_describe(field, current)]
    request.form = ImmutableMultiDict(form)
    return conflicts


def rebase_version(version: object) -> bool:
    """Return whether the posted form was rendered for another version of what it changes.

    For changes that depend on the whole, such as an order. The page that is rendered afterwards
    carries the version.

    :param version: anything with a complete ``repr``.
    """
    field = text_field("", "", value=repr(version))
    g.form_state = _encode([field], page=_VERSION)
    shown = _decode(posted_form_state(), page=_VERSION) if request.method == "POST" else None
    return shown is not None and shown.get("") != _digest(field.value)


def _describe(field: FormField, current: str) -> str:
    if field.kind == "checkbox":
        change = "This was turned on" if current else "This was turned off"
    elif field.kind == "rows":
        change = "These rows were changed"
    elif not current:
        change = "This was emptied"
    else:
        words = dict(field.choices).get(current, " ".join(current.split()))
        change = f"This was changed to “{words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}”"
    return f"{change} after you opened this page. Save again to replace it with your value"


def _stored_text(field: FormField) -> str:
    if field.kind == "rows":
        rows = [
            {_key(cell): (_stored_text(cell), cell.kind in _PRESET) for cell in row}
            for row in field.rows
        ]
        return _row_text(rows)
    if field.kind == "checkbox":
        return "yes" if field.value else ""
    return _plain(str(field.value))


def _typed_text(field: FormField, form: MultiDict[str, str]) -> str | None:
    """Return what was typed, comparable with the stored text; None for a field not sent."""
    if field.kind == "rows":
        cells = {_key(cell): cell.kind for cell in field.rows[0]} if field.rows else {}
        rows = []
        for number in row_numbers(form, field.name):
            start = f"{field.name}.{number}."
            rows.append(
                {
                    key: (
                        ("yes" if start + key in form else "")
                        if kind == "checkbox"
                        else _plain(form.get(start + key, "")),
                        kind in _PRESET,
                    )
                    for key, kind in cells.items()
                }
            )
        return _row_text(rows)
    if field.kind == "checkbox":
        return "yes" if field.name in form else ""
    if field.name not in form:
        return None
    return _plain("\n".join(form.getlist(field.name)))


def _put(form: MultiDict[str, str], field: FormField) -> None:
    if field.kind == "rows":
        for number in row_numbers(form, field.name):
            for name in [name for name in form if name.startswith(f"{field.name}.{number}.")]:
                form.poplist(name)
        for row in field.rows:
            for cell in row:
                _put(form, cell)
        return
    form.poplist(field.name)
    if field.kind != "checkbox":
        form[field.name] = str(field.value)
    elif field.value:
        form[field.name] = "yes"


def _row_text(rows: list[dict[str, tuple[str, bool]]]) -> str:
    filled = [
        {key: text for key, (text, _) in row.items()}
        for row in rows
        if any(text and not preset for text, preset in row.values())
    ]
    return json.dumps(filled, sort_keys=True) if filled else ""


def _key(cell: FormField) -> str:
    return cell.name.rpartition(".")[2]


def _plain(text: str) -> str:
    lines = (line.strip() for line in text.replace("\r\n", "\n").split("\n"))
    return "\n".join(lines).strip()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(sha256(text.encode("utf-8", "replace")).digest()[:6]).decode()


def _encode(fields: Iterable[FormField], *, page: str = "") -> str:
    state: dict[str, Any] = {field.name: _digest(_stored_text(field)) for field in fields}
    text = json.dumps([page or _digest(request.path), state], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(state: str, *, page: str = "") -> dict[str, str] | None:
    """Return field to digest; None without the state of a form of this page."""
    try:
        rendered, shown = json.loads(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4)))
    except (ValueError, TypeError):
        return None
    if rendered != (page or _digest(request.path)) or not isinstance(shown, dict):
        return None
    return {str(name): str(digest) for name, digest in shown.items()}
