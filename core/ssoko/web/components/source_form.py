"""Choose where a value comes from: fields of a form, and the source that they make.

Three fields stand for one source, so that nobody has to learn its spelling: ``source``, the
``source_key`` of a custom attribute or a fixed text, and rows of ``change``.
"""

import re
from collections.abc import Mapping

from marshmallow import ValidationError

from ssoko.plugin.sources import CONSTANT, CUSTOM, MANY_VALUED, TRANSFORMS, parse_source
from ssoko.services.marketplace.proposed_values import SOURCES
from ssoko.web.components.forms import SPARE_ROWS, Errors, FormField, text_field
from ssoko.web.framework.responses import Errors as Wrong

#: Rows of changes that a form may send.
_MOST_ROWS = 20
_ROW = re.compile(r"change\.(\d{1,2})\.name")


def source_fields(source: str, errors: Errors, *, label: str, single: bool) -> list[FormField]:
    """Return the fields for a source.

    :param source: as it is recorded or was typed; what cannot be read is shown as far as it goes.
    :param single: leave out what gives lists.
    """
    base, _, changes = (source, "", "") if source.startswith(CONSTANT) else source.partition("|")
    kind = next((kind for kind in (CUSTOM, CONSTANT) if base.startswith(kind)), base)
    known = {k: word for k, word in SOURCES.items() if not (single and k in MANY_VALUED)}
    choices = (*known.items(), (CUSTOM, "A custom attribute"), (CONSTANT, "Always the same text"))
    if kind and kind not in dict(choices):
        choices = (*choices, (kind, kind))
    return [
        text_field("source", label, value=kind, errors=errors, kind="select", choices=choices),
        text_field(
            "source_key",
            "Key or text",
            value=base.removeprefix(kind) if kind in (CUSTOM, CONSTANT) else "",
            errors=errors,
            help="For a custom attribute its key, such as cost_centre; for the same text, the text",
            autocomplete="off",
        ),
        _changes([part for part in changes.split("|") if part], errors),
    ]


def _changes(steps: list[str], errors: Errors) -> FormField:
    choices = (("", "No change"), *((name, one.label) for name, one in TRANSFORMS.items()))
    rows = []
    for place, step in enumerate((*steps, *[""] * SPARE_ROWS)):
        name, _, argument = step.partition(":")
        listed = choices if name in dict(choices) else (*choices, (name, name))
        rows.append(
            (
                text_field(
                    f"change.{place}.name",
                    "Change",
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
        label="Changes on the way",
        kind="rows",
        help="From top to bottom. Put before, Put after, Join with and Only those like need a text",
        errors=tuple(errors.get("change", ())),
        rows=tuple(rows),
    )


def read_source(form: Mapping[str, str]) -> str:
    """Return the source that the fields make, right or wrong."""
    base = form.get("source", "").strip()
    key = form.get("source_key", "").strip()
    if base == CONSTANT:
        return base + key
    if base == CUSTOM:
        base += key
    rows = sorted(int(m[1]) for name in form if (m := _ROW.fullmatch(name)))[:_MOST_ROWS]
    steps = (_step(form, row) for row in rows)
    return "|".join((base, *(step for step in steps if step)))


def _step(form: Mapping[str, str], row: int) -> str:
    name = form.get(f"change.{row}.name", "").strip()
    argument = form.get(f"change.{row}.argument", "")
    if name not in {"join", "prefix", "suffix"}:
        argument = argument.strip()
    takes_text = name not in TRANSFORMS or TRANSFORMS[name].argument
    return f"{name}:{argument}" if argument or (name and takes_text) else name


def place_errors(source: str, messages: list[str], form: Mapping[str, str]) -> Wrong:
    """Say at the right one of the fields what is wrong with a source."""
    for name in form:
        if name.endswith(".argument") and "|" in form[name]:
            return {name: ["Leave out the |; it stands between changes"]}
        row = _ROW.fullmatch(name)
        wants = TRANSFORMS[form[name]].argument if row and form[name] in TRANSFORMS else ""
        if row and wants and not form.get(f"change.{row[1]}.argument"):
            return {f"change.{row[1]}.argument": [f"Write the {wants}"]}
    try:
        parse_source(source.partition("|")[0])
    except ValidationError:
        at = "source_key" if form.get("source") in (CUSTOM, CONSTANT) else "source"
        return {at: ["Fill this in"] if at == "source_key" and not form.get(at) else messages}
    return {"change" if "|" in source else "source": messages}
