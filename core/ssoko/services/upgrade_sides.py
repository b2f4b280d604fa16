"""Both sides of an upgrade: what is recorded of the last proposal, and what is proposed now."""

from dataclasses import dataclass
from typing import Any

from ssoko.errors import InputError, PluginError
from ssoko.plugin import ServiceProvider
from ssoko.services import snapshots
from ssoko.services.context import Services
from ssoko.services.proposals import overrides_over
from ssoko.services.records import service_provider_from_json, service_provider_to_json
from ssoko.services.snapshots import Snapshot
from ssoko.services.three_way import merge_rows
from ssoko.services.upgrade_marks import propose
from ssoko.services.upgrade_parts import Part, parts_of
from ssoko.store.models import Role


@dataclass(frozen=True, slots=True)
class Sides:
    """The two proposals of one application, with the row and its default role."""

    row: Any
    role: Any
    before: Snapshot
    new: Snapshot


def sides_of(services: Services, row: Any) -> Sides | InputError | PluginError:
    """Return both proposals, or why the plugin has none."""
    loaded = services.registry.get(row.integration)
    if loaded is None:
        return InputError.of("", "The plugin of this application is not loaded; sign-in goes on.")
    try:
        new = propose(services, loaded, row)
    except (InputError, PluginError) as error:
        return error
    return against(row, new)


def against(row: Any, new: Snapshot) -> Sides:
    role = Role.get_or_none(Role.application == row.id, Role.is_default, Role.removed_at.is_null())
    return Sides(row, role, snapshots.recorded(row, like=new), new)


def parts_between(sides: Sides) -> tuple[Part, ...]:
    made = sides.row.proposed.get("default_role", {}).get("made", {})
    return parts_of(sides.row, sides.role, sides.before, sides.new, made)


def columns_after(services: Services, sides: Sides, accept: frozenset[str]) -> dict[str, Any]:
    """Return the columns that accepting these parts writes, but for those of the role."""
    row, before, new = sides.row, sides.before, sides.new
    loaded = services.registry.get(row.integration)
    base = _base(sides, accept)
    columns: dict[str, Any] = {
        "service_provider": service_provider_to_json(_over(base, row.overrides)),
        "proposed": {
            **row.proposed,
            "service_provider": base,
            "mappings": new.mappings if "mappings" in accept else before.mappings,
            "adds_attributes": new.adds_attributes,
        },
        "distribution": loaded.distribution if loaded else row.distribution,
        "version": loaded.version if loaded else row.version,
    }
    if "mappings" in accept:
        columns["mappings"], _ = merge_rows(before.mappings, row.mappings, new.mappings)
    if "guide" in accept:
        columns |= {
            name: getattr(new, name) for name in ("guide", "metadata_fields", "vendor", "monogram")
        }
    return columns


def _base(sides: Sides, accept: frozenset[str]) -> dict[str, Any]:
    """Return the proposal that is recorded from then on; the entity ID stays."""
    fields = {
        one.name
        for part in parts_between(sides)
        if part.name in accept and part.name in ("service_provider", "protection")
        for one in (*part.changes, *part.stays)
        if one.name != "entity_id"
    }
    new = sides.new.service_provider
    return {**sides.before.service_provider, **{name: new[name] for name in fields}}


def _over(base: dict[str, Any], overrides: dict[str, Any]) -> ServiceProvider:
    provider = service_provider_from_json(base)
    # Judged even when nothing was set by hand: parts may not go together.
    return overrides_over(provider, overrides or {"lifetime": provider.lifetime})
