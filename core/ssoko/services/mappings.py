"""Mappings as admins write them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ssoko.errors import InputError
from ssoko.plugin import Mapping as AttributeMapping
from ssoko.plugin.describe import check_mappings
from ssoko.services.records import NAME_FORMATS

MAX_MAPPINGS = 50

_NAMES = tuple(field.name for field in fields(AttributeMapping))
_TEXTS = tuple(name for name in _NAMES if name != "required")


def read_mappings(raw: object) -> tuple[AttributeMapping, ...]:
    """Return what a list of objects says, in its order.

    :param raw: each with ``name`` and ``source``, and whatever else a mapping has.
    :raises InputError: with names like ``mappings.0.source``.
    """
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        raise InputError.of("mappings", "Give a list of objects with name and source.")
    if len(raw) > MAX_MAPPINGS:
        raise InputError.of("mappings", f"Give at most {MAX_MAPPINGS} mappings.")
    errors: dict[str, list[str]] = {}
    found = []
    for place, item in enumerate(raw):
        wrong = _wrong_types(item)
        if wrong:
            errors |= {f"mappings.{place}{name}": [text] for name, text in wrong.items()}
        else:
            found.append(_read(item))
    if errors:
        raise InputError(errors)
    for problem in check_mappings(tuple(found)):
        name = problem.field.replace("attributes", "mappings", 1)
        errors.setdefault(name, []).append(problem.message)
    errors |= _two_formats(found)
    if errors:
        raise InputError(errors)
    return tuple(found)


def duplicates(mappings: Sequence[AttributeMapping]) -> tuple[str, ...]:
    """Return the names that more than one mapping has; their values go out as one attribute."""
    names = [mapping.name for mapping in mappings]
    return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


def _two_formats(mappings: Sequence[AttributeMapping]) -> dict[str, list[str]]:
    # One Name is one Attribute, so it has one NameFormat.
    first: dict[str, tuple[int, str]] = {}
    wrong = {}
    for place, mapping in enumerate(mappings):
        at, name_format = first.setdefault(mapping.name, (place, mapping.name_format))
        if NAME_FORMATS.get(name_format, name_format) != NAME_FORMATS.get(
            mapping.name_format, mapping.name_format
        ):
            wrong[f"mappings.{place}.name_format"] = [
                f"Number {at + 1} has the same name; give both the name format {name_format}"
            ]
    return wrong


def _wrong_types(item: object) -> dict[str, str]:
    if not isinstance(item, Mapping):
        return {"": "Give an object with name and source."}
    wrong = {
        f".{name}": "Remove this; a mapping has no such field."
        for name in item
        if name not in _NAMES
    }
    for name in _TEXTS:
        if name in item and not isinstance(item[name], str):
            wrong[f".{name}"] = "Give a text."
    for name in ("name", "source"):
        if name not in item:
            wrong[f".{name}"] = "Fill this in."
    if not isinstance(item.get("required", False), bool):
        wrong[".required"] = "Give true or false."
    return wrong


def _read(item: Mapping[str, Any]) -> AttributeMapping:
    texts = {name: item[name].strip() for name in _TEXTS if name in item and name != "source"}
    # A change may end with a space: join:, and the like.
    source = item["source"]
    texts["source"] = source.lstrip() if "|" in source else source.strip()
    texts["name_format"] = texts.get("name_format") or "unspecified"
    return AttributeMapping(**texts, required=item.get("required", False))
