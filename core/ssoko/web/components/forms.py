"""Forms made from marshmallow schemas: fields for the templates, settings out of what was sent.

A page with the form of a schema::

    fields = form_fields(SamlForm, values=raw, errors=error.errors)      # GET, or POST again
    raw = read_form(SamlForm, request.form)                              # POST

and one with fields of its own::

    fields = [text_field("name", "Name", value=name, errors=errors, required=True)]

The form of a plugin is drawn and read by :mod:`ssoko.web.components.plugin_form`,
which keeps its names apart from ours.

``raw`` is what people typed, in the shape that the schema loads: text, lists, rows. What is wrong
with it is said by the service, as :class:`ssoko.errors.InputError`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import marshmallow as ma
from werkzeug.datastructures import MultiDict

Errors = Mapping[str, Sequence[str]]

#: Rows beyond the filled ones that a form of nested rows shows.
SPARE_ROWS = 2
_MAX_ROWS = 200

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?-----END [A-Z0-9 ]+-----", re.DOTALL)
#: DER of a certificate in base64, in as many lines as it came.
_BARE_CERTIFICATE = re.compile(r"MI[A-Za-z0-9+/=\s]{100,}")
_MISSING = "Missing data for required field."


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field as the template draws it.

    :param kind: ``text``, ``email``, ``url``, ``number``, ``password``, ``date``, ``file``,
        ``checkbox``, ``select``, ``textarea``, ``lines`` (one value a line) or ``rows``.
    :param value: text; a bool for a checkbox. Never that of a secret.
    :param choices: pairs of (value, label) of a select.
    :param rows: the cells of each row, for ``rows``.
    :param optional: say so beside the label.
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
        """Rows of a textarea: what is in it and one more, within reason."""
        return min(max(str(self.value).count("\n") + 2, 3), 14)


def text_field(
    name: str, label: str, *, errors: Errors | None = None, value: str = "", **more: Any
) -> FormField:
    """Return a field that no schema stands behind; ``more`` as in :class:`FormField`."""
    said = tuple((errors or {}).get(name, ()))
    return FormField(name=name, label=label, value=value, errors=said, **more)


def form_fields(
    schema: type[ma.Schema],
    *,
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
    prefix: str = "",
) -> list[FormField]:
    """Turn a schema into fields.

    :param values: what was typed (:func:`read_form`) or the settings of an application.
    :param errors: dotted names to messages, with the prefix.
    :param prefix: what stands before each name in the page.
    """
    return [
        _field(name, field, (values or {}).get(name, ma.missing), errors or {}, prefix + name)
        for name, field in schema().load_fields.items()
    ]


def _field(key: str, field: ma.fields.Field, value: Any, errors: Errors, name: str) -> FormField:
    meta = field.metadata
    kind = _kind(field)
    label = str(meta.get("label") or key.replace("_", " ").capitalize())
    if value is ma.missing:
        value = field.load_default if field.load_default is not ma.missing else None
        value = value() if callable(value) else value
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
        errors=_said(label, errors, name, deep=kind != "rows"),
        choices=_choices_with(field, value) if kind == "select" else (),
        rows=rows,
        autocomplete="off",
    )


def _is_optional(field: ma.fields.Field, kind: str) -> bool:
    # Where a default stands, nothing is missing, so there is nothing to say.
    has_default = field.load_default not in (ma.missing, None, "", list)
    return not (field.required or has_default or kind in {"checkbox", "select", "rows"})


def _kind(field: ma.fields.Field) -> str:
    meta = field.metadata
    if isinstance(field, ma.fields.List):
        return "rows" if isinstance(field.inner, ma.fields.Nested) else "lines"
    if isinstance(field, ma.fields.Boolean):
        return "checkbox"
    if meta.get("secret"):
        return "password"
    if meta.get("multiline"):
        return "textarea"
    if _choices(field):
        return "select"
    # A type of url or email would have the browser refuse what the plugin may accept.
    if isinstance(field, ma.fields.Number):
        return "number"
    return "text"


def _choices(field: ma.fields.Field) -> tuple[tuple[str, str], ...]:
    given = field.metadata.get("choices")
    if isinstance(given, Mapping):
        pairs = [(str(value), str(word)) for value, word in given.items()]
    elif given:
        pairs = [
            (str(v[0]), str(v[1])) if isinstance(v, tuple) else (str(v), str(v)) for v in given
        ]
    else:
        one_of = [v for v in field.validators if isinstance(v, ma.validate.OneOf)]
        if not one_of:
            return ()
        words = list(one_of[0].labels)
        options = [str(value) for value in one_of[0].choices]
        pairs = list(zip(options, words if len(words) == len(options) else options, strict=True))
    if not field.required and field.load_default in (ma.missing, None, "") and pairs[0][0]:
        pairs.insert(0, ("", "Choose"))
    return tuple(pairs)


def _choices_with(field: ma.fields.Field, value: Any) -> tuple[tuple[str, str], ...]:
    # A value from the API that the list does not know stays as it is.
    choices = _choices(field)
    if value in (None, "") or str(value) in {known for known, _ in choices}:
        return choices
    return (*choices, (str(value), str(value)))


def _shown(kind: str, value: Any) -> Any:
    if kind == "checkbox":
        return value is True or str(value).lower() in {"true", "yes", "on", "1"}
    if value is None:
        return ""
    if kind == "lines" and not isinstance(value, str):
        return "\n".join(str(line) for line in value)
    return str(value)


def _rows(
    field: ma.fields.Field, value: Any, errors: Errors, name: str
) -> tuple[tuple[FormField, ...], ...]:
    inner = field.inner.schema.load_fields  # type: ignore[attr-defined]
    given = [row if isinstance(row, Mapping) else {} for row in value or ()]
    given += [{}] * SPARE_ROWS
    drawn = []
    for index, row in enumerate(given):
        cells = [
            _field(key, cell, row.get(key, ma.missing), errors, f"{name}.{index}.{key}")
            for key, cell in inner.items()
        ]
        # A spare row may stay empty, so the browser must not insist on it. What a column means is
        # said once, in the first row.
        said = {} if index == 0 else {"help": ""}
        drawn.append(tuple(replace(cell, required=False, optional=False, **said) for cell in cells))
    return tuple(drawn)


def _said(label: str, errors: Errors, name: str, *, deep: bool) -> tuple[str, ...]:
    said = list(errors.get(name, ()))
    if deep:
        # A wrong value of a list is named by its number, as people count.
        for key, messages in errors.items():
            head, _, rest = key.rpartition(".")
            if head == name and rest.isdigit():
                said += [f"Number {int(rest) + 1}: {message}" for message in messages]
    return tuple(f"Fill in {label}" if m == _MISSING else m.rstrip(".") for m in said)


def read_form(schema: type[ma.Schema], form: MultiDict[str, str]) -> dict[str, Any]:
    """Read what was sent into the shape that the schema loads.

    An empty field is left out, so that the schema's default or its "required" applies; a checkbox
    that was not ticked is False; lists come one a line, PEM blocks whole; rows that are empty are
    dropped.
    """
    fields = schema().load_fields
    return _read(fields, form, "")


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
        elif kind == "lines":
            raw[key] = split_lines("\n".join(form.getlist(name)))
        else:
            text = form.get(name, "").replace("\r\n", "\n").strip()
            if text:
                raw[key] = text
            elif not field.required and isinstance(field, ma.fields.String):
                # Cleared on purpose, where there was a default.
                raw[key] = "" if field.load_default not in (ma.missing, None) else None
    return {key: value for key, value in raw.items() if value is not None}


def split_lines(text: str) -> list[str]:
    """Split a field of several values: whole certificates when there are any, or else lines."""
    text = text.replace("\r\n", "\n").strip()
    if _BARE_CERTIFICATE.fullmatch(text):
        return [text]
    blocks = _PEM.findall(text)
    rest = _PEM.sub("", text)
    return blocks + [line.strip() for line in rest.splitlines() if line.strip()]


def _read_rows(
    field: ma.fields.Field, form: MultiDict[str, str], name: str
) -> list[dict[str, Any]]:
    inner = field.inner.schema.load_fields  # type: ignore[attr-defined]
    pattern = re.compile(re.escape(name) + r"\.(\d{1,4})\.")
    numbers = sorted({int(m[1]) for key in form if (m := pattern.match(key))})[:_MAX_ROWS]
    rows = []
    for number in numbers:
        row = f"{name}.{number}."
        typed = [
            key
            for key, cell in inner.items()
            if _kind(cell) not in {"checkbox", "select"} and form.get(row + key, "").strip()
        ]
        if typed:
            rows.append(_read(inner, form, row))
    return rows


def summary_lines(fields: Iterable[FormField], errors: Errors) -> list[tuple[str, str]]:
    """Return (href, text) for each error: the words of its field, or of the whole form."""
    lines = []
    seen = set()
    for field in _flat(fields):
        for message in field.errors:
            lines.append((f"#{field.id}", f"{field.label}: {message}"))
        if field.errors:
            seen.add(field.name)
    for name, messages in errors.items():
        head, _, rest = name.rpartition(".")
        if name not in seen and not (rest.isdigit() and head in seen):
            lines += [("", message) for message in messages]
    return lines


def _flat(fields: Iterable[FormField]) -> Iterable[FormField]:
    for field in fields:
        yield field
        for row in field.rows:
            yield from row
