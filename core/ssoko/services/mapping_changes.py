"""Change what an application tells its vendor about people."""

from typing import Any

from ssoko.errors import InputError
from ssoko.plugin import Mapping
from ssoko.services import application_rows, proposals, settings
from ssoko.services.application_views import find_row
from ssoko.services.context import Actor, Services
from ssoko.services.mappings import read_mappings
from ssoko.services.records import mappings_from_json, mappings_to_json
from ssoko.store.models import database


def set_mappings(
    services: Services,
    workspace_id: str,
    actor: Actor,
    app_id: str,
    mappings: object,
    *,
    seen: int | None = None,
) -> tuple[Mapping, ...]:
    """Replace the mappings of an application.

    :param mappings: list of objects with name, source, name_format, friendly_name, required, label.
    :param seen: ``updated_at`` of the application that the list was made from, if that matters.
    :raises InputError: with names like ``mappings.0.source``.
    :raises Conflict: when somebody changed the application since.
    """
    row = find_row(workspace_id, app_id)
    wanted = read_mappings(mappings)
    _write(services, actor, row, wanted, seen=seen)
    return wanted


def reset_mappings(
    services: Services, workspace_id: str, actor: Actor, app_id: str
) -> tuple[Mapping, ...]:
    """Go back to the mappings that the plugin proposed for the settings there are.

    :raises InputError: when they were never recorded and the plugin cannot be asked.
    """
    row = find_row(workspace_id, app_id)
    wanted = mappings_from_json(_proposed(services, row))
    _write(services, actor, row, wanted)
    return wanted


def _write(
    services: Services,
    actor: Actor,
    row: Any,
    wanted: tuple[Mapping, ...],
    *,
    seen: int | None = None,
) -> None:
    column = mappings_to_json(wanted)
    if column == row.mappings:
        return
    with database.atomic():
        application_rows.update(services, row.id, {"mappings": column}, seen=seen)
        application_rows.record(
            services,
            actor,
            "mappings.changed",
            row,
            {"attributes": [mapping.name for mapping in wanted]},
        )


def _proposed(services: Services, row: Any) -> list[dict[str, Any]]:
    recorded: list[dict[str, Any]] | None = row.proposed.get("mappings")
    if recorded is not None:
        return recorded
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of("", "The plugin of this application is not loaded; edit the list here.")
    values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    return proposals.mapping_column(proposals.propose(services, loaded, values))
