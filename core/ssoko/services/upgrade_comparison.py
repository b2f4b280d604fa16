"""What the loaded version of a plugin proposes for one application; nothing is written here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ssoko.errors import InputError, PluginError
from ssoko.services import former_records, snapshots
from ssoko.services.application_views import ApplicationView, find_row, get_application
from ssoko.services.context import Services
from ssoko.services.records import mappings_from_json, service_provider_from_json
from ssoko.services.upgrade_marks import is_same_version
from ssoko.services.upgrade_parts import TITLES, Part
from ssoko.services.upgrade_sides import Sides, columns_after, parts_between, sides_of
from ssoko.store.upgrades import UpgradeDecision

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
    former: former_records.Former | None = None

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


def compare(services: Services, workspace_id: str, app_id: str) -> Upgrade:
    """Tell what the loaded plugin would change about an application; nothing is written."""
    row = find_row(workspace_id, app_id)
    return compared(services, row, sides_of(services, row))


def record_after(
    services: Services, workspace_id: str, app_id: str, accept: Collection[str]
) -> ApplicationView:
    """Return the application as it would be once these parts are accepted; nothing is written.

    :raises InputError: when they do not go together.
    """
    row = find_row(workspace_id, app_id)
    view = get_application(services, workspace_id, row.id)
    sides = sides_of(services, row)
    if not isinstance(sides, Sides):
        return view
    columns = columns_after(services, sides, frozenset(accept))
    return replace(
        view,
        service_provider=service_provider_from_json(columns["service_provider"]),
        mappings=mappings_from_json(columns.get("mappings", row.mappings)),
    )


def compared(services: Services, row: Any, sides: Sides | InputError | PluginError) -> Upgrade:
    loaded = services.registry.get(row.integration)
    found = Upgrade(
        application=get_application(services, row.workspace_id, row.id),
        recorded_by=snapshots.proposer(row.distribution, row.version),
        loaded=loaded_name(services, row),
        same_version=loaded is not None and is_same_version(loaded, row),
        other_distribution=loaded is not None and loaded.distribution != row.distribution,
        seen=row.updated_at,
        former=former_records.find(services, row),
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


def loaded_name(services: Services, row: Any) -> str:
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
