"""Forms built from marshmallow schemas: fields for the templates, and posted values.

A page with the form of a schema::

    fields = form_fields(SamlForm, values=raw, errors=error.errors)      # GET, or POST again
    raw = read_form(SamlForm, request.form)                              # POST

and a page with fields that have no schema::

    fields = [text_field("name", "Name", value=name, errors=errors, required=True)]

:mod:`ssoko.web.components.plugin_form` renders and reads the form of a plugin, whose field names
have a prefix.

``raw`` is what users typed, in the shape that the schema loads: text, lists, rows. The services
validate it and raise :class:`ssoko.errors.InputError`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import marshmallow as ma
from werkzeug.datastructures import MultiDict

from ssoko.plugin.fields import Certificates
from ssoko.plugin.host.form import choices_of, rows_of

Errors = Mapping[str, Sequence[str]]

#: Kinds of fields that are chosen, and so have no empty text.
_CHOSEN = frozenset({"checkbox", "select", "choices"})
#: Empty rows that a form of nested rows shows after the filled ones.
SPARE_ROWS = 2
_MAX_ROWS = 200

_PEM_START = re.compile(r"-----BEGIN [A-Z0-9 ]{1,64}-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{1,64}-----")
#: DER of a certificate in base64, on any number of lines.
_BARE_CERTIFICATE = re.compile(r"MI[A-Za-z0-9+/=\s]{100,}")
#: What the services say of a required value that is missing.
_NO_VALUE = "Enter a value"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One form field, ready for the template.

    :param kind: ``text``, ``email``, ``url``, ``number``, ``password``, ``date``, ``file``,
        ``checkbox``, ``select``, ``choices`` (any number of a list), ``textarea``, ``lines`` (one
        value per line) or ``rows``.
    :param value: text; a bool for a checkbox; a tuple for choices; always empty for a secret.
    :param choices: pairs of (value, label) of a select or of choices.
    :param rows: the cells of each row, for ``rows``.
    :param optional: shown beside the label.
    """

    name: str
    label: str
    kind: str = "text"
    value: Any = ""
    help: str = ""
    placeholder: str = ""
    where_to_find: str = ""
    required: bool = False
    optional: bool = False
    errors: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple["FormField", ...], ...] = ()
    autocomplete: str = ""
    autofocus: bool = False

    @property
    def id(self) -> str:
        return "f-" + re.sub(r"[^a-zA-Z0-9_-]", "-", self.name)

    @property
    def describedby(self) -> str:
        parts = [f"{self.id}-help"] * bool(self.help) + [f"{self.id}-error"] * bool(self.errors)
        return " ".join(parts)

    @property
    def height(self) -> int:
        """Rows of a textarea: one more than its lines, from 3 to 14."""
        return min(max(str(self.value).count("\n") + 2, 3), 14)


def text_field(
    name: str, label: str, *, errors: Errors | None = None, value: str = "", **more: Any
) -> FormField:
    """Return a field without a schema; ``more`` as in :class:`FormField`."""
    messages = tuple((errors or {}).get(name, ()))
    return FormField(name=name, label=label, value=value, errors=messages, **more)


def form_fields(
    schema: type[ma.Schema] | Mapping[str, ma.fields.Field],
    *,
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
    prefix: str = "",
) -> list[FormField]:
    """Return the fields of a schema.

    :param schema: a class, or its fields by name.
    :param values: what was typed (:func:`read_form`) or the settings of an application.
    :param errors: dotted names, with the prefix, to messages.
    :param prefix: of each name in the page.
    """
    return [
        _field(name, field, (values or {}).get(name, ma.missing), errors or {}, prefix + name)
        for name, field in _fields_of(schema).items()
    ]


def _fields_of(
    schema: type[ma.Schema] | Mapping[str, ma.fields.Field],
) -> Mapping[str, ma.fields.Field]:
    return schema if isinstance(schema, Mapping) else schema().load_fields


def _field(key: str, field: ma.fields.Field, value: Any, errors: Errors, name: str) -> FormField:
    meta = field.metadata
    kind = _kind(field)
    label = str(meta.get("label") or key.replace("_", " ").capitalize())
    if value is ma.missing:
        value = _default(field)
    rows: tuple[tuple[FormField, ...], ...] = ()
    if kind == "rows":
        rows = _rows(field, value, errors, name)
    return FormField(
        name=name,
        label=label,
        kind=kind,
        value="" if meta.get("secret") or kind == "rows" else _shown(kind, value),
        help=str(meta.get("help", "")),
        placeholder=str(meta.get("placeholder", "")),
        where_to_find=str(meta.get("where_to_find", "")),
        required=field.required and kind != "rows",
        optional=_is_optional(field, kind),
        errors=_messages(field, label, errors, name, deep=kind != "rows"),
        choices=_choices_with(field, value) if kind in {"select", "choices"} else (),
        rows=rows,
        autocomplete="off",
    )


def _default(field: ma.fields.Field) -> Any:
    """Return the default of a field as it would be entered."""
    default = field.load_default
    if default is ma.missing or default is None:
        return None
    default = default() if callable(default) else default
    return field._serialize(default, "", None)


def _is_optional(field: ma.fields.Field, kind: str) -> bool:
    # A field with a default is never empty, so "optional" would tell nothing.
    has_default = field.load_default not in (ma.missing, None, "", list)
    return not (field.required or has_default or kind in _CHOSEN or kind == "rows")


def _kind(field: ma.fields.Field) -> str:
    meta = field.metadata
    if isinstance(field, ma.fields.List):
        if isinstance(field.inner, ma.fields.Nested):
            return "rows"
        return "choices" if choices_of(field) else "lines"
    if isinstance(field, ma.fields.Boolean):
        return "checkbox"
    if meta.get("secret"):
        return "password"
    if meta.get("multiline"):
        return "textarea"
    if _choices(field):
        return "select"
    # With the types url and email the browser would reject values that a plugin may accept.
    if isinstance(field, ma.fields.Number):
        return "number"
    return "text"


def _choices(field: ma.fields.Field) -> tuple[tuple[str, str], ...]:
    pairs = list(choices_of(field))
    if not pairs or isinstance(field, ma.fields.List):
        return tuple(pairs)
    if not field.required and field.load_default in (ma.missing, None, "") and pairs[0][0]:
        pairs.insert(0, ("", "Choose"))
    return tuple(pairs)


def _choices_with(field: ma.fields.Field, value: Any) -> tuple[tuple[str, str], ...]:
    # A value that was set through the API and is not in the list is kept.
    choices = _choices(field)
    if isinstance(field, ma.fields.List):
        values = value if isinstance(value, list | tuple) else str(value or "").splitlines()
        known = {option for option, _ in choices}
        more = dict.fromkeys(str(one) for one in values if str(one) not in known)
        return (*choices, *((one, one) for one in more))
    if value in (None, "") or str(value) in {option for option, _ in choices}:
        return choices
    return (*choices, (str(value), str(value)))


def _shown(kind: str, value: Any) -> Any:
    if kind == "checkbox":
        return value is True or str(value).lower() in {"true", "yes", "on", "1"}
    if kind == "choices":
        values = value if isinstance(value, list | tuple) else str(value or "").splitlines()
        return tuple(map(str, values))
    if value is None:
        return ""
    if kind == "lines" and not isinstance(value, str):
        return "\n".join(str(line) for line in value)
    return str(value)


def _rows(
    field: ma.fields.Field, value: Any, errors: Errors, name: str
) -> tuple[tuple[FormField, ...], ...]:
    inner = rows_of(field) or {}
    filled = [row if isinstance(row, Mapping) else {} for row in value or ()]
    rows = []
    for index, row in enumerate(filled + [{}] * SPARE_ROWS):
        cells = [
            _field(key, cell, row.get(key, ma.missing), errors, f"{name}.{index}.{key}")
            for key, cell in inner.items()
        ]
        # Rows may stay empty, so the browser must not require a cell. Only the first row has help.
        changes = {} if index == 0 else {"help": ""}
        rows.append(
            tuple(replace(cell, required=False, optional=False, **changes) for cell in cells)
        )
    return tuple(rows)


def _messages(
    field: ma.fields.Field, label: str, errors: Errors, name: str, *, deep: bool
) -> tuple[str, ...]:
    """Return the messages of a field, without the full stop.

    :param deep: add the messages of its items, counted from 1.
    """
    messages = list(errors.get(name, ()))
    if deep:
        for key, of_item in errors.items():
            head, _, rest = key.rpartition(".")
            if head == name and rest.isdigit():
                messages += [f"Number {int(rest) + 1}: {message}" for message in of_item]
    empty = {str(field.error_messages[key]).rstrip(".") for key in ("required", "null")}
    empty.add(_NO_VALUE)
    stripped = (message.rstrip(".") for message in messages)
    return tuple(f"Enter the {label}" if text in empty else text for text in stripped)


def read_form(
    schema: type[ma.Schema] | Mapping[str, ma.fields.Field],
    form: MultiDict[str, str],
    *,
    with_blanks: bool = False,
) -> dict[str, Any]:
    """Read a posted form into the shape that the schema loads.

    An empty field is omitted, so that the schema's default or ``required`` applies; an unchecked
    checkbox is False; a list has one item per line or PEM block; empty rows are dropped.

    :param with_blanks: an empty optional field is an empty text, which :class:`InstallForm` reads
        as cleared.
    """
    fields = _fields_of(schema)
    raw = _read(fields, form, "")
    if with_blanks:
        posted = {name for name in form if name in fields}
        raw |= {n: "" for n in posted - raw.keys() if not fields[n].required}
    return raw


def _read(
    fields: Mapping[str, ma.fields.Field], form: MultiDict[str, str], prefix: str
) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for key, field in fields.items():
        name = prefix + key
        kind = _kind(field)
        if kind == "rows":
            raw[key] = _read_rows(field, form, name)
        elif kind == "checkbox":
            raw[key] = name in form
        elif kind == "choices":
            raw[key] = [value for value in form.getlist(name) if value]
        elif isinstance(field, Certificates):
            # Around certificates, tools write lines that belong to none.
            text = "\n".join(form.getlist(name)).replace("\r\n", "\n").strip()
            raw[key] = [text] if text else []
        elif kind == "lines":
            raw[key] = split_lines("\n".join(form.getlist(name)))
        else:
            text = form.get(name, "").replace("\r\n", "\n").strip()
            if text:
                raw[key] = text
            elif not field.required and isinstance(field, ma.fields.String):
                # An empty text replaces the default.
                raw[key] = "" if field.load_default not in (ma.missing, None) else None
    return {key: value for key, value in raw.items() if value is not None}


def split_lines(text: str) -> list[str]:
    """Split a field with several values into PEM blocks and lines."""
    text = text.replace("\r\n", "\n").strip()
    if _BARE_CERTIFICATE.fullmatch(text):
        return [text]
    blocks, rest = _take_blocks(text)
    return blocks + [line.strip() for line in rest.splitlines() if line.strip()]


def _take_blocks(text: str) -> tuple[list[str], str]:
    """Return the PEM blocks of a text, and the text without them, in time linear in its length."""
    blocks: list[str] = []
    rest: list[str] = []
    place = 0
    while start := _PEM_START.search(text, place):
        end = _PEM_END.search(text, start.end())
        if end is None:
            # No block ends after this, so no later start needs to be looked at.
            break
        rest.append(text[place : start.start()])
        blocks.append(text[start.start() : end.end()])
        place = end.end()
    return blocks, "".join([*rest, text[place:]])


def _read_rows(
    field: ma.fields.Field, form: MultiDict[str, str], name: str
) -> list[dict[str, Any]]:
    inner = rows_of(field) or {}
    numbers = row_numbers(form, name)[:_MAX_ROWS]
    rows = []
    for number in numbers:
        row = f"{name}.{number}."
        filled = [
            key
            for key, cell in inner.items()
            if _kind(cell) not in _CHOSEN and form.get(row + key, "").strip()
        ]
        if filled:
            rows.append(_read(inner, form, row))
    return rows


def row_numbers(form: MultiDict[str, str], name: str) -> list[int]:
    """Return the numbers of the posted rows of a field, in order."""
    pattern = re.compile(re.escape(name) + r"\.(\d{1,4})\.")
    return sorted({int(match[1]) for key in form if (match := pattern.match(key))})


def summary_lines(fields: Iterable[FormField], errors: Errors) -> list[tuple[str, str]]:
    """Return (href, text) for each error of a field, and ("", text) for those of the form."""
    lines = []
    with_errors = set()
    for field in _flat(fields):
        for message in field.errors:
            text = message if field.label in message else f"{field.label}: {message}"
            lines.append((f"#{field.id}", text))
        if field.errors:
            with_errors.add(field.name)
    for name, messages in errors.items():
        head, _, rest = name.rpartition(".")
        if name not in with_errors and not (rest.isdigit() and head in with_errors):
            lines += [("", message) for message in messages]
    return lines


def _flat(fields: Iterable[FormField]) -> Iterable[FormField]:
    for field in fields:
        yield field
        for row in field.rows:
            yield from row
