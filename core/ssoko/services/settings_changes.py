"""What new settings change about an application's record.

The plugin proposes anew for new settings. Where another version of it is loaded than the one that
is recorded, or some of its proposal was kept out, only what the settings themselves change is
taken: the rest is for an admin to accept.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ssoko.errors import InputError
from ssoko.services import proposals, settings, snapshots
from ssoko.services.context import Services
from ssoko.services.install import require_free_sp
from ssoko.services.records import service_provider_from_json, service_provider_to_json
from ssoko.services.snapshots import Snapshot
from ssoko.services.three_way import merge_fields, merge_rows
from ssoko.services.upgrade_marks import is_same_version
from ssoko.store.upgrades import UpgradeDecision

if TYPE_CHECKING:
    from ssoko.plugin.registry import LoadedIntegration


def changes(
    services: Services, earlier: Mapping[str, Any], row: Any, raw: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the columns of an application that new settings change.

    :param earlier: columns that the same change writes otherwise, such as ``overrides``.
    :param raw: only the settings that change; an empty secret changes nothing.
    :raises InputError: with every field that is wrong; under ``""`` when the plugin is missing.
    :raises Conflict: when the new service provider is on the issuer already.
    """
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of(
            "",
            "The plugin of this application is not loaded, so its settings cannot be changed. "
            "Sign-in goes on as recorded; disable, enable and uninstall work.",
        )
    if not isinstance(raw, Mapping):
        raise InputError.of("settings", "Give the settings as an object of names and values.")
    merged = settings.merge(services, loaded, row.settings, raw, application_id=row.id)
    values = settings.load(loaded, merged)
    proposal = proposals.propose(services, loaded, values)
    stored = settings.dump(services, loaded, values, application_id=row.id)
    overrides = earlier.get("overrides", row.overrides)
    new, before = snapshots.offered(loaded, proposal), _before(services, loaded, row, merged)
    if before is not None and _waits(loaded, row, before):
        columns = _settled(row, overrides, before, new)
    else:
        columns = proposals.columns(loaded, proposal, overrides=overrides)
        columns["proposed"] = {**row.proposed, **columns["proposed"]}
        untouched = row.mappings == row.proposed.get("mappings")
        if untouched or before is None or new.mappings != before.mappings:
            columns["mappings"] = new.mappings
    require_free_sp(row.issuer_id, columns["sp_entity_id"], but=row.id)
    return {"settings": stored, **columns}


def _before(
    services: Services, loaded: "LoadedIntegration", row: Any, merged: Mapping[str, Any]
) -> Snapshot | None:
    """Return what the loaded plugin proposes for the settings there are, if it takes them.

    What a newer plugin misses in them is taken from the new ones.
    """
    try:
        values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    except InputError as error:
        asked = {name.partition(".")[0] for name in error.errors} & merged.keys()
        kept = settings.merge(services, loaded, row.settings, {}, application_id=row.id)
        try:
            values = settings.load(loaded, kept | {name: merged[name] for name in asked})
        except InputError:
            return None
    try:
        return snapshots.offered(loaded, proposals.propose(services, loaded, values))
    except InputError:
        return None


def _waits(loaded: "LoadedIntegration", row: Any, before: Snapshot) -> bool:
    """Tell whether some of what the plugin proposes was not looked at yet, or was kept out."""
    kept_out = (UpgradeDecision.application == row.id) & (UpgradeDecision.kept != "")
    if is_same_version(loaded, row) and not UpgradeDecision.select().where(kept_out).exists():
        return False
    return before != snapshots.recorded(row, like=before)


def _settled(
    row: Any, overrides: Mapping[str, Any], before: Snapshot, new: Snapshot
) -> dict[str, Any]:
    """Return the columns with what the settings change, and nothing of what the upgrade does."""
    there = snapshots.recorded(row, like=before)
    base = merge_fields(before.service_provider, there.service_provider, new.service_provider)
    provider = proposals.overrides_over(service_provider_from_json(base), overrides)
    return {
        "sp_entity_id": provider.entity_id,
        "service_provider": service_provider_to_json(provider),
        "proposed": {
            **row.proposed,
            "service_provider": base,
            "mappings": merge_rows(before.mappings, there.mappings, new.mappings)[0],
        },
        "mappings": merge_rows(before.mappings, row.mappings, new.mappings)[0],
    }
