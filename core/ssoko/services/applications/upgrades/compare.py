"""Compare an application with the proposal of the loaded plugin; nothing is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ssoko.errors import InputError, PluginError
from ssoko.plugin import ServiceProvider
from ssoko.plugin.host.record import (
    mappers_from_json,
    service_provider_from_json,
    service_provider_to_json,
)
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications import snapshots
from ssoko.services.applications.overrides import apply_checked
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.three_way_merge import merge_rows
from ssoko.services.applications.upgrade_marks import is_same_version, propose, proposing
from ssoko.services.applications.upgrades import undo
from ssoko.services.applications.upgrades.parts import TITLES, Part, parts_of
from ssoko.services.applications.views import ApplicationView, find_row, get_application
from ssoko.services.context import Scope, Services
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application, UpgradeDecision


@dataclass(frozen=True, slots=True)
class Proposals:
    """The recorded and the new proposal of an application, with its row and default role.

    :param loaded: the proposing plugin.
    :param settings: the settings to store with the proposal, or None for those recorded.
    """

    row: Application
    role: Role | None
    before: Snapshot
    new: Snapshot
    loaded: LoadedIntegration
    settings: dict[str, Any] | None = None


def proposals_of(services: Services, row: Application) -> Proposals | InputError | PluginError:
    """Return both proposals, or the error why the plugin has none."""
    loaded = proposing(services, row)
    if loaded is None:
        return InputError.of(
            "", "The plugin of this application is not loaded. Sign-in continues to work."
        )
    try:
        new = propose(services, loaded, row)
    except (InputError, PluginError) as error:
        return error
    return with_recorded(row, new, loaded)


def with_recorded(
    row: Application,
    new: Snapshot,
    loaded: LoadedIntegration,
    settings: dict[str, Any] | None = None,
) -> Proposals:
    role = Role.get_or_none(Role.application == row.id, Role.is_default, Role.removed_at.is_null())
    return Proposals(row, role, snapshots.recorded(row, like=new), new, loaded, settings)


def parts_between(proposals: Proposals) -> tuple[Part, ...]:
    role_texts = proposals.row.proposed.get("default_role", {}).get("made", {})
    return parts_of(proposals.row, proposals.role, proposals.before, proposals.new, role_texts)


def columns_after(proposals: Proposals, accept: frozenset[str]) -> dict[str, Any]:
    """Return the columns that accepting these parts writes, except those of the role."""
    row, before, new = proposals.row, proposals.before, proposals.new
    loaded = proposals.loaded
    base = _base(proposals, accept)
    columns: dict[str, Any] = {
        "service_provider": service_provider_to_json(_with_overrides(base, row.overrides)),
        "proposed": {
            **row.proposed,
            "service_provider": base,
            "mappers": new.mappers if "mappers" in accept else before.mappers,
            "adds_attributes": new.adds_attributes,
        },
        "integration": loaded.slug,
        "distribution": loaded.distribution,
        "version": loaded.version,
    }
    if proposals.settings is not None:
        columns["settings"] = proposals.settings
    if "mappers" in accept:
        columns["mappers"], _ = merge_rows(before.mappers, row.mappers, new.mappers)
    if "guide" in accept:
        columns |= {
            name: getattr(new, name) for name in ("guide", "metadata_fields", "vendor", "monogram")
        }
    return columns


def _base(proposals: Proposals, accept: frozenset[str]) -> dict[str, Any]:
    """Return the proposal to record; the entity ID stays."""
    fields = {
        difference.name
        for part in parts_between(proposals)
        if part.name in accept and part.name in ("service_provider", "protection")
        for difference in (*part.changes, *part.stays)
        if difference.name != "entity_id"
    }
    new = proposals.new.service_provider
    return {**proposals.before.service_provider, **{name: new[name] for name in fields}}


def _with_overrides(base: dict[str, Any], overrides: dict[str, Any]) -> ServiceProvider:
    provider = service_provider_from_json(base)
    # Validated even without overrides: parts may contradict each other.
    return apply_checked(provider, overrides or {"lifetime": provider.lifetime})


State = Literal["missing", "fails", "refuses", "same", "proposes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision of an admin about this proposal.

    :param kept: titles of the parts that were not accepted.
    """

    at: int
    by: str
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """The loaded plugin's proposal for an application, compared with the record.

    :param recorded_by: such as ``ssoko-aws 0.1``; ``loaded`` likewise, empty without a plugin.
    :param other_distribution: another distribution than the recorded one provides the integration.
    :param errors: the recorded settings that the plugin refuses, by field.
    :param problem: why the plugin failed, as a sentence.
    :param digest: identifies this proposal; empty when there is none.
    :param seen: ``updated_at`` of the compared application.
    :param former: the record before the last upgrade, while it can be restored.
    """

    application: ApplicationView
    recorded_by: str
    loaded: str
    same_version: bool = False
    other_distribution: bool = False
    parts: tuple[Part, ...] = ()
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problem: str = ""
    digest: str = ""
    seen: int = 0
    decision: Decision | None = None
    former: undo.Former | None = None

    @property
    def state(self) -> State:
        """The result of the comparison."""
        if not self.loaded:
            return "missing"
        if self.problem or self.errors:
            return "fails" if self.problem else "refuses"
        return "proposes" if self.parts else "same"

    @property
    def preselected(self) -> frozenset[str]:
        """The parts to preselect: those that weaken nothing, unless an admin decided already."""
        if self.decision:
            return frozenset()
        return frozenset(part.name for part in self.parts if not part.careful)


def compare(scope: Scope, app_id: str) -> Upgrade:
    """Return what the loaded plugin would change about an application; nothing is written."""
    row = find_row(scope.workspace_id, app_id)
    return comparison(scope, row, proposals_of(scope.services, row))


def record_after(scope: Scope, app_id: str, accept: Collection[str]) -> ApplicationView:
    """Return the application as it would be with these parts accepted; nothing is written.

    :raises InputError: when they contradict each other.
    """
    row = find_row(scope.workspace_id, app_id)
    view = get_application(scope, row.id)
    proposals = proposals_of(scope.services, row)
    if not isinstance(proposals, Proposals):
        return view
    columns = columns_after(proposals, frozenset(accept))
    return replace(
        view,
        service_provider=service_provider_from_json(columns["service_provider"]),
        mappers=mappers_from_json(columns.get("mappers", row.mappers)),
    )


def comparison(
    scope: Scope, row: Application, proposals: Proposals | InputError | PluginError
) -> Upgrade:
    loaded = (
        proposals.loaded if isinstance(proposals, Proposals) else proposing(scope.services, row)
    )
    upgrade = Upgrade(
        application=get_application(scope, row.id),
        recorded_by=snapshots.proposer(row.distribution, row.version),
        loaded=name_of(loaded) if loaded else "",
        same_version=loaded is not None and is_same_version(loaded, row),
        other_distribution=loaded is not None and loaded.distribution != row.distribution,
        seen=row.updated_at,
        former=undo.find(scope.services, row),
    )
    if isinstance(proposals, InputError):
        return replace(upgrade, errors=proposals.errors if loaded else {})
    if isinstance(proposals, PluginError):
        return replace(upgrade, problem=str(proposals))
    return replace(
        upgrade,
        parts=parts_between(proposals),
        digest=proposals.new.digest,
        decision=_decision(row.id, proposals.new.digest),
    )


def name_of(loaded: LoadedIntegration) -> str:
    """Return the name of a proposing plugin, such as ``ssoko-aws 0.2``."""
    return snapshots.proposer(loaded.distribution, loaded.version, slug=loaded.slug)


def _decision(app_id: str, digest: str) -> Decision | None:
    row = UpgradeDecision.get_or_none(
        UpgradeDecision.application == app_id, UpgradeDecision.digest == digest
    )
    if row is None:
        return None
    names: Any = row.kept.split()
    return Decision(
        at=row.decided_at,
        by=row.decided_by,
        kept=tuple(TITLES[name] for name in names if name in TITLES),
    )
