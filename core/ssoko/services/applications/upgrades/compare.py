"""What the loaded version of a plugin proposes for one application; nothing is written here."""

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
from ssoko.services.applications import snapshots
from ssoko.services.applications.overrides import overrides_over
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.three_way_merge import merge_rows
from ssoko.services.applications.upgrade_marks import is_same_version, propose
from ssoko.services.applications.upgrades import undo
from ssoko.services.applications.upgrades.parts import TITLES, Part, parts_of
from ssoko.services.applications.views import ApplicationView, find_row, get_application
from ssoko.services.context import Scope, Services
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application, UpgradeDecision


@dataclass(frozen=True, slots=True)
class Sides:
    """The two proposals of one application, with the row and its default role."""

    row: Application
    role: Role | None
    before: Snapshot
    new: Snapshot


def sides_of(services: Services, row: Application) -> Sides | InputError | PluginError:
    """Return both proposals, or why the plugin has none."""
    loaded = services.registry.get(row.integration)
    if loaded is None:
        return InputError.of("", "The plugin of this application is not loaded; sign-in goes on.")
    try:
        new = propose(services, loaded, row)
    except (InputError, PluginError) as error:
        return error
    return against(row, new)


def against(row: Application, new: Snapshot) -> Sides:
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
            "mappers": new.mappers if "mappers" in accept else before.mappers,
            "adds_attributes": new.adds_attributes,
        },
        "distribution": loaded.distribution if loaded else row.distribution,
        "version": loaded.version if loaded else row.version,
    }
    if "mappers" in accept:
        columns["mappers"], _ = merge_rows(before.mappers, row.mappers, new.mappers)
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


State = Literal["missing", "fails", "refuses", "same", "proposes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What somebody decided about the very proposal that is looked at.

    :param kept: titles of the parts that were kept as recorded.
    """

    at: int
    by: str
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What the loaded plugin proposes for one application, against what is recorded.

    :param recorded_by: such as ``ssoko-aws 0.1``; ``loaded`` likewise, empty without a plugin.
    :param other_distribution: another distribution than the record's provides the integration.
    :param errors: what the plugin says of the recorded settings, by field, when it refuses them.
    :param problem: why it could not be asked, in a sentence.
    :param digest: names this proposal; empty when there is none.
    :param seen: ``updated_at`` of the application that was compared.
    :param former: the record from before the last upgrade, as long as it can be put back.
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
    decided: Decided | None = None
    former: undo.Former | None = None

    @property
    def state(self) -> State:
        """What the comparison came to."""
        if not self.loaded:
            return "missing"
        if self.problem or self.errors:
            return "fails" if self.problem else "refuses"
        return "proposes" if self.parts else "same"

    @property
    def preselected(self) -> frozenset[str]:
        """The parts that give nothing up; none of what somebody kept already."""
        if self.decided:
            return frozenset()
        return frozenset(part.name for part in self.parts if not part.careful)


def compare(scope: Scope, app_id: str) -> Upgrade:
    """Tell what the loaded plugin would change about an application; nothing is written."""
    row = find_row(scope.workspace_id, app_id)
    return compared(scope, row, sides_of(scope.services, row))


def record_after(scope: Scope, app_id: str, accept: Collection[str]) -> ApplicationView:
    """Return the application as it would be once these parts are accepted; nothing is written.

    :raises InputError: when they do not go together.
    """
    row = find_row(scope.workspace_id, app_id)
    view = get_application(scope, row.id)
    sides = sides_of(scope.services, row)
    if not isinstance(sides, Sides):
        return view
    columns = columns_after(scope.services, sides, frozenset(accept))
    return replace(
        view,
        service_provider=service_provider_from_json(columns["service_provider"]),
        mappers=mappers_from_json(columns.get("mappers", row.mappers)),
    )


def compared(scope: Scope, row: Application, sides: Sides | InputError | PluginError) -> Upgrade:
    loaded = scope.services.registry.get(row.integration)
    found = Upgrade(
        application=get_application(scope, row.id),
        recorded_by=snapshots.proposer(row.distribution, row.version),
        loaded=loaded_name(scope.services, row),
        same_version=loaded is not None and is_same_version(loaded, row),
        other_distribution=loaded is not None and loaded.distribution != row.distribution,
        seen=row.updated_at,
        former=undo.find(scope.services, row),
    )
    if isinstance(sides, InputError):
        return replace(found, errors=sides.errors if loaded else {})
    if isinstance(sides, PluginError):
        return replace(found, problem=str(sides))
    return replace(
        found,
        parts=parts_between(sides),
        digest=sides.new.digest,
        decided=_decided(row.id, sides.new.digest),
    )


def loaded_name(services: Services, row: Application) -> str:
    loaded = services.registry.get(row.integration)
    if loaded is None:
        return ""
    return snapshots.proposer(loaded.distribution, loaded.version, slug=loaded.slug)


def _decided(app_id: str, digest: str) -> Decided | None:
    found = UpgradeDecision.get_or_none(
        UpgradeDecision.application == app_id, UpgradeDecision.digest == digest
    )
    if found is None:
        return None
    names: Any = found.kept.split()
    return Decided(
        at=found.decided_at,
        by=found.decided_by,
        kept=tuple(TITLES[name] for name in names if name in TITLES),
    )
