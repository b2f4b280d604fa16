"""Mappers as admins edit them: read, validate, replace and reset."""

from collections.abc import Mapping as JsonObject
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

MAX_MAPPERS = 50

_NAMES = tuple(field.name for field in fields(Mapping))
_TEXTS = tuple(name for name in _NAMES if name != "required")


def read_mappers(raw: object) -> tuple[Mapping, ...]:
    """Return a list of JSON objects as mappers, in the same order.

    :param raw: each with ``name`` and ``source``, and optionally the other fields of a mapper.
    :raises InputError: with names like ``mappers.0.source``.
    """
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        raise InputError.of("mappers", "Enter a list of objects with name and source.")
    if len(raw) > MAX_MAPPERS:
        raise InputError.of("mappers", f"Enter at most {MAX_MAPPERS} mappers.")
    errors: dict[str, list[str]] = {}
    read: list[Mapping] = []
    for place, item in enumerate(raw):
        field_errors = _wrong_types(item)
        if field_errors:
            errors |= {f"mappers.{place}{name}": [text] for name, text in field_errors.items()}
        else:
            read.append(_read(item))
    if errors:
        raise InputError(errors)
    for problem in check_mappers(tuple(read)):
        name = problem.field.replace("attributes", "mappers", 1)
        errors.setdefault(name, []).append(problem.message)
    errors |= _two_formats(read)
    if errors:
        raise InputError(errors)
    return tuple(read)


def duplicates(mappers: Sequence[Mapping]) -> tuple[str, ...]:
    """Return names that several mappers share; their values are sent as one attribute."""
    names = [mapper.name for mapper in mappers]
    return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


def _two_formats(mappers: Sequence[Mapping]) -> dict[str, list[str]]:
    # One Name is one Attribute, which has one NameFormat.
    first: dict[str, tuple[int, str]] = {}
    errors = {}
    for place, mapper in enumerate(mappers):
        at, name_format = first.setdefault(mapper.name, (place, mapper.name_format))
        if NAME_FORMATS.get(name_format, name_format) != NAME_FORMATS.get(
            mapper.name_format, mapper.name_format
        ):
            errors[f"mappers.{place}.name_format"] = [
                f"Number {at + 1} has the same name. Use the name format {name_format} for both"
            ]
    return errors


def _wrong_types(item: object) -> dict[str, str]:
    if not isinstance(item, JsonObject):
        return {"": "Enter an object with name and source."}
    errors = {
        f".{name}": "Remove this field. A mapper does not have it."
        for name in item
        if name not in _NAMES
    }
    for name in _TEXTS:
        if name in item and not isinstance(item[name], str):
            errors[f".{name}"] = "Enter text."
    for name in ("name", "source"):
        if name not in item:
            errors[f".{name}"] = "Enter a value."
    if not isinstance(item.get("required", False), bool):
        errors[".required"] = "Enter true or false."
    return errors


def _read(item: JsonObject[str, Any]) -> Mapping:
    texts = {name: item[name].strip() for name in _TEXTS if name in item and name != "source"}
    # A transformation such as join: may end with a space.
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
    :param seen: ``updated_at`` of the application version that the list is based on, if any.
    :raises InputError: with names like ``mappers.0.source``.
    :raises Conflict: when the application was changed since.
    """
    row = find_row(scope.workspace_id, app_id)
    mappers_to_store = read_mappers(mappers)
    _write(scope, row, mappers_to_store, seen=seen)
    return mappers_to_store


def reset_mappers(scope: Scope, app_id: str) -> tuple[Mapping, ...]:
    """Reset the mappers to the plugin's proposal for the current settings.

    :raises InputError: when none were recorded and the plugin is not loaded.
    """
    row = find_row(scope.workspace_id, app_id)
    mappers_to_store = mappers_from_json(_proposed(scope.services, row))
    _write(scope, row, mappers_to_store)
    return mappers_to_store


def _write(
    scope: Scope,
    row: Application,
    mappers_to_store: tuple[Mapping, ...],
    *,
    seen: int | None = None,
) -> None:
    column = mappers_to_json(mappers_to_store)
    if column == row.mappers:
        return
    with database.atomic():
        views.update(scope.services, row.id, {"mappers": column}, seen=seen)
        log.record(
            scope,
            "mappers.changed",
            target=row,
            detail={"attributes": [mapper.name for mapper in mappers_to_store]},
        )


def _proposed(services: Services, row: Application) -> list[dict[str, Any]]:
    recorded: list[dict[str, Any]] | None = row.proposed.get("mappers")
    if recorded is not None:
        return recorded
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of(
            "", "The plugin of this application is not loaded. Edit the mappers here."
        )
    values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    return proposals.mapper_column(proposals.propose(services, loaded, values))
