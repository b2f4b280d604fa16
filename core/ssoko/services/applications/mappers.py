"""Mappings as admins write them."""

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from ssoko.errors import InputError
from ssoko.plugin import Mapping
from ssoko.plugin.host.record import NAME_FORMATS, mappers_from_json, mappers_to_json
from ssoko.plugin.host.validate import check_mappers
from ssoko.services.activity import log
from ssoko.services.applications import proposals, settings, views
from ssoko.services.applications.views import find_row
from ssoko.services.context import Scope, Services
from ssoko.store.models.applications import Application
from ssoko.store.models.table import database

MAX_MAPPINGS = 50

_NAMES = tuple(field.name for field in fields(Mapping))
_TEXTS = tuple(name for name in _NAMES if name != "required")


def read_mappers(raw: object) -> tuple[Mapping, ...]:
    """Return what a list of objects says, in its order.

    :param raw: each with ``name`` and ``source``, and whatever else a mapper has.
    :raises InputError: with names like ``mappers.0.source``.
    """
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        raise InputError.of("mappers", "Give a list of objects with name and source.")
    if len(raw) > MAX_MAPPINGS:
        raise InputError.of("mappers", f"Give at most {MAX_MAPPINGS} mappers.")
    errors: dict[str, list[str]] = {}
    found = []
    for place, item in enumerate(raw):
        wrong = _wrong_types(item)
        if wrong:
            errors |= {f"mappers.{place}{name}": [text] for name, text in wrong.items()}
        else:
            found.append(_read(item))
    if errors:
        raise InputError(errors)
    for problem in check_mappers(tuple(found)):
        name = problem.field.replace("attributes", "mappers", 1)
        errors.setdefault(name, []).append(problem.message)
    errors |= _two_formats(found)
    if errors:
        raise InputError(errors)
    return tuple(found)


def duplicates(mappers: Sequence[Mapping]) -> tuple[str, ...]:
    """Return the names that more than one mapper has; their values go out as one attribute."""
    names = [mapper.name for mapper in mappers]
    return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


def _two_formats(mappers: Sequence[Mapping]) -> dict[str, list[str]]:
    # One Name is one Attribute, so it has one NameFormat.
    first: dict[str, tuple[int, str]] = {}
    wrong = {}
    for place, mapper in enumerate(mappers):
        at, name_format = first.setdefault(mapper.name, (place, mapper.name_format))
        if NAME_FORMATS.get(name_format, name_format) != NAME_FORMATS.get(
            mapper.name_format, mapper.name_format
        ):
            wrong[f"mappers.{place}.name_format"] = [
                f"Number {at + 1} has the same name; give both the name format {name_format}"
            ]
    return wrong


def _wrong_types(item: object) -> dict[str, str]:
    if not isinstance(item, AnyMapping):
        return {"": "Give an object with name and source."}
    wrong = {
        f".{name}": "Remove this; a mapper has no such field."
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


def _read(item: AnyMapping[str, Any]) -> Mapping:
    texts = {name: item[name].strip() for name in _TEXTS if name in item and name != "source"}
    # A change may end with a space: join:, and the like.
    source = item["source"]
    texts["source"] = source.lstrip() if "|" in source else source.strip()
    texts["name_format"] = texts.get("name_format") or "unspecified"
    return Mapping(**texts, required=item.get("required", False))


def set_mappers(
    scope: Scope,
    app_id: str,
    mappers: object,
    *,
    seen: int | None = None,
) -> tuple[Mapping, ...]:
    """Replace the mappers of an application.

    :param mappers: list of objects with name, source, name_format, friendly_name, required, label.
    :param seen: ``updated_at`` of the application that the list was made from, if that matters.
    :raises InputError: with names like ``mappers.0.source``.
    :raises Conflict: when somebody changed the application since.
    """
    row = find_row(scope.workspace_id, app_id)
    wanted = read_mappers(mappers)
    _write(scope, row, wanted, seen=seen)
    return wanted


def reset_mappers(scope: Scope, app_id: str) -> tuple[Mapping, ...]:
    """Go back to the mappers that the plugin proposed for the settings there are.

    :raises InputError: when they were never recorded and the plugin cannot be asked.
    """
    row = find_row(scope.workspace_id, app_id)
    wanted = mappers_from_json(_proposed(scope.services, row))
    _write(scope, row, wanted)
    return wanted


def _write(
    scope: Scope,
    row: Application,
    wanted: tuple[Mapping, ...],
    *,
    seen: int | None = None,
) -> None:
    column = mappers_to_json(wanted)
    if column == row.mappers:
        return
    with database.atomic():
        views.update(scope.services, row.id, {"mappers": column}, seen=seen)
        log.record(
            scope,
            "mappers.changed",
            target=row,
            detail={"attributes": [mapper.name for mapper in wanted]},
        )


def _proposed(services: Services, row: Application) -> list[dict[str, Any]]:
    recorded: list[dict[str, Any]] | None = row.proposed.get("mappers")
    if recorded is not None:
        return recorded
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of("", "The plugin of this application is not loaded; edit the list here.")
    values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    return proposals.mapper_column(proposals.propose(services, loaded, values))
