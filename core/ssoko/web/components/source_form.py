"""The form fields of a source, so that admins need not learn its syntax.

Three fields make one source: ``source``, ``source_key`` for the key of a custom attribute or for a
fixed text, and rows of ``change`` for the transformations.
"""

import re
from collections.abc import Mapping

from marshmallow import ValidationError

from ssoko.plugin.sources import (
    CONSTANT,
    CUSTOM,
    MANY_VALUED,
    SOURCE_LABELS,
    TRANSFORMS,
    parse_source,
)
from ssoko.web.components.forms import SPARE_ROWS, Errors, FormField, text_field
from ssoko.web.framework.responses import Errors as FieldErrors

#: Rows of transformations that are read from a form.
_MAX_ROWS = 20
_ROW = re.compile(r"change\.(\d{1,2})\.name")


def source_fields(source: str, errors: Errors, *, label: str, single: bool) -> list[FormField]:
    """Return the fields of a source.

    :param source: as stored or typed; it may be invalid.
    :param single: leave out the sources with several values.
    """
    base, _, steps = (source, "", "") if source.startswith(CONSTANT) else source.partition("|")
    kind = next((kind for kind in (CUSTOM, CONSTANT) if base.startswith(kind)), base)
    usable = {k: label for k, label in SOURCE_LABELS.items() if not (single and k in MANY_VALUED)}
    choices = (*usable.items(), (CUSTOM, "Custom attribute"), (CONSTANT, "Fixed text"))
    if kind and kind not in dict(choices):
        choices = (*choices, (kind, kind))
    return [
        text_field("source", label, value=kind, errors=errors, kind="select", choices=choices),
        text_field(
            "source_key",
            "Attribute key or text",
            value=base.removeprefix(kind) if kind in (CUSTOM, CONSTANT) else "",
            errors=errors,
            help="The key of the custom attribute, such as cost_center, or the fixed text",
            autocomplete="off",
        ),
        _transformations([step for step in steps.split("|") if step], errors),
    ]


def _transformations(steps: list[str], errors: Errors) -> FormField:
    choices = (("", "None"), *((name, t.label) for name, t in TRANSFORMS.items()))
    with_text = [t.label for t in TRANSFORMS.values() if t.argument]
    rows = []
    for place, step in enumerate((*steps, *[""] * SPARE_ROWS)):
        name, _, argument = step.partition(":")
        listed = choices if name in dict(choices) else (*choices, (name, name))
        rows.append(
            (
                text_field(
                    f"change.{place}.name",
                    "Transformation",
                    value=name,
                    errors=errors,
                    kind="select",
                    choices=listed,
                ),
                text_field(
                    f"change.{place}.argument",
                    "Text",
                    value=argument,
                    errors=errors,
                    autocomplete="off",
                ),
            )
        )
    return FormField(
        name="change",
        label="Transformations",
        kind="rows",
        help="Applied from top to bottom. "
        f"{', '.join(with_text[:-1])} and {with_text[-1]} need a text",
        errors=tuple(errors.get("change", ())),
        rows=tuple(rows),
    )


def read_source(form: Mapping[str, str]) -> str:
    """Return the source of the posted fields, valid or not."""
    base = form.get("source", "").strip()
    key = form.get("source_key", "").strip()
    if base == CONSTANT:
        return base + key
    if base == CUSTOM:
        base += key
    rows = sorted(int(m[1]) for name in form if (m := _ROW.fullmatch(name)))[:_MAX_ROWS]
    steps = (_step(form, row) for row in rows)
    return "|".join((base, *(step for step in steps if step)))


def _step(form: Mapping[str, str], row: int) -> str:
    name = form.get(f"change.{row}.name", "").strip()
    argument = form.get(f"change.{row}.argument", "")
    if name not in {"join", "prefix", "suffix"}:
        argument = argument.strip()
    needs_text = name not in TRANSFORMS or TRANSFORMS[name].argument
    return f"{name}:{argument}" if argument or (name and needs_text) else name


def place_errors(source: str, messages: list[str], form: Mapping[str, str]) -> FieldErrors:
    """Return the errors of a source at the field that causes them."""
    for name in form:
        if name.endswith(".argument") and "|" in form[name]:
            return {name: ["Remove the |; it separates transformations"]}
        row = _ROW.fullmatch(name)
        argument = TRANSFORMS[form[name]].argument if row and form[name] in TRANSFORMS else ""
        if row and argument and not form.get(f"change.{row[1]}.argument"):
            return {f"change.{row[1]}.argument": [f"Enter the {argument}"]}
    try:
        parse_source(source.partition("|")[0])
    except ValidationError:
        if form.get("source") not in (CUSTOM, CONSTANT):
            return {"source": messages}
        missing = ["Enter the attribute key or the text"]
        return {"source_key": messages if form.get("source_key") else missing}
    return {"change" if "|" in source else "source": messages}
