"""An upgrade of a plugin, application by application: what it proposes, and what is accepted.

Sign-in goes on from the record whatever is loaded; nothing changes until an admin accepts a part.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ssoko.errors import Conflict, InputError, PluginError
from ssoko.plugin import ServiceProvider
from ssoko.services import application_rows, former_records, roles, snapshots
from ssoko.services.application_views import ApplicationView, find_row, get_application
from ssoko.services.context import Actor, Services
from ssoko.services.proposals import overrides_over
from ssoko.services.records import (
    mappings_from_json,
    service_provider_from_json,
    service_provider_to_json,
)
from ssoko.services.snapshots import Snapshot
from ssoko.services.three_way import merge_rows
from ssoko.services.upgrade_marks import is_same_version, propose
from ssoko.services.upgrade_parts import TITLES, Part, parts_of
from ssoko.store.models import Role, database
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


@dataclass(frozen=True, slots=True)
class _Both:
    """The two proposals of one application, with the row and its default role."""

    row: Any
    role: Any
    before: Snapshot
    new: Snapshot


def compare(services: Services, workspace_id: str, app_id: str) -> Upgrade:
    """Tell what the loaded plugin would change about an application; nothing is written."""
    row = find_row(workspace_id, app_id)
    return _compare(services, row, _both(services, row))


def record_after(
    services: Services, workspace_id: str, app_id: str, accept: Collection[str]
) -> ApplicationView:
    """Return the application as it would be once these parts are accepted; nothing is written.

    :raises InputError: when they do not go together.
    """
    row = find_row(workspace_id, app_id)
    view = get_application(services, workspace_id, row.id)
    both = _both(services, row)
    if not isinstance(both, _Both):
        return view
    columns = _columns(services, both, frozenset(accept))
    return replace(
        view,
        service_provider=service_provider_from_json(columns["service_provider"]),
        mappings=mappings_from_json(columns.get("mappings", row.mappings)),
    )


def decide(
    services: Services,
    workspace_id: str,
    actor: Actor,
    app_id: str,
    *,
    accept: Collection[str],
    digest: str | None = None,
    seen: int | None = None,
) -> Upgrade:
    """Accept some parts of what is proposed, keep the others, and remember that it was decided.

    :param accept: names of parts; none keeps everything as it is recorded.
    :param digest: of the :class:`Upgrade` that was shown, ``seen`` likewise, when it matters.
    :raises InputError: at ``accept``, or at what does not go together; nothing is written then.
    :raises Conflict: when the plugin or the application changed since.
    """
    unknown = sorted(set(accept) - TITLES.keys())
    if unknown:
        raise InputError.of("accept", f"Choose from {', '.join(TITLES)}.")
    with database.atomic():
        row = find_row(workspace_id, app_id)
        both = _both(services, row)
        if not isinstance(both, _Both):
            raise both
        upgrade = _compare(services, row, both)
        if digest is not None and digest != upgrade.digest:
            raise Conflict.of("", "The plugin proposes something else by now. Look at it again.")
        if not upgrade.parts:
            raise InputError.of("", f"{upgrade.loaded} proposes what is recorded.")
        accepted = [part for part in upgrade.parts if part.name in accept]
        kept = [part for part in upgrade.parts if part.name not in accept]
        if accepted:
            _accept(services, actor, both, upgrade, accepted, seen=seen)
        _remember(services, actor, upgrade, kept)
        application_rows.record(
            services,
            actor,
            "application.upgraded" if accepted else "application.upgrade-kept",
            row,
            _detail(upgrade, accepted, kept),
        )
    return compare(services, workspace_id, app_id)


def put_back(services: Services, workspace_id: str, actor: Actor, app_id: str) -> Upgrade:
    """Put the record from before the last upgrade back, and keep it against the proposal.

    :raises Conflict: when there is none any more, or what it holds was changed since.
    """
    with database.atomic():
        row = find_row(workspace_id, app_id)
        former = former_records.put_back(services, workspace_id, actor, row)
        application_rows.record(
            services,
            actor,
            "application.upgrade-undone",
            row,
            {"from": snapshots.proposer(row.distribution, row.version), "to": former.proposer},
        )
        upgrade = compare(services, workspace_id, app_id)
        if upgrade.digest:
            _remember(services, actor, upgrade, upgrade.parts)
    return compare(services, workspace_id, app_id)


def _both(services: Services, row: Any) -> _Both | InputError | PluginError:
    """Return both proposals, or why the plugin has none."""
    loaded = services.registry.get(row.integration)
    if loaded is None:
        return InputError.of("", "The plugin of this application is not loaded; sign-in goes on.")
    try:
        new = propose(services, loaded, row)
    except (InputError, PluginError) as error:
        return error
    role = Role.get_or_none(Role.application == row.id, Role.is_default, Role.removed_at.is_null())
    return _Both(row, role, snapshots.recorded(row, like=new), new)


def _compare(services: Services, row: Any, both: _Both | InputError | PluginError) -> Upgrade:
    loaded = services.registry.get(row.integration)
    found = Upgrade(
        application=get_application(services, row.workspace_id, row.id),
        recorded_by=snapshots.proposer(row.distribution, row.version),
        loaded=snapshots.proposer(loaded.distribution, loaded.version, slug=loaded.slug)
        if loaded
        else "",
        same_version=loaded is not None and is_same_version(loaded, row),
        other_distribution=loaded is not None and loaded.distribution != row.distribution,
        seen=row.updated_at,
        former=former_records.find(services, row),
    )
    if isinstance(both, InputError):
        return replace(found, errors=both.errors if loaded else {})
    if isinstance(both, PluginError):
        return replace(found, problem=str(both))
    made = row.proposed.get("default_role", {}).get("made", {})
    return replace(
        found,
        parts=parts_of(row, both.role, both.before, both.new, made),
        digest=both.new.digest,
        decided=_decided(row.id, both.new.digest),
    )


def _columns(services: Services, both: _Both, accept: frozenset[str]) -> dict[str, Any]:
    """Return the columns that accepting these parts writes, but for those of the role."""
    row, before, new = both.row, both.before, both.new
    loaded = services.registry.get(row.integration)
    base = _base(both, accept)
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


def _base(both: _Both, accept: frozenset[str]) -> dict[str, Any]:
    """Return the proposal that is recorded from then on; the entity ID stays."""
    made = both.row.proposed.get("default_role", {}).get("made", {})
    parts = parts_of(both.row, both.role, both.before, both.new, made)
    fields = {
        one.name
        for part in parts
        if part.name in accept and part.name in ("service_provider", "protection")
        for one in (*part.changes, *part.stays)
        if one.name != "entity_id"
    }
    new = both.new.service_provider
    return {**both.before.service_provider, **{name: new[name] for name in fields}}


def _over(base: dict[str, Any], overrides: dict[str, Any]) -> ServiceProvider:
    provider = service_provider_from_json(base)
    # Judged even when nothing was set by hand: parts may not go together.
    return overrides_over(provider, overrides or {"lifetime": provider.lifetime})


def _accept(
    services: Services,
    actor: Actor,
    both: _Both,
    upgrade: Upgrade,
    accepted: Sequence[Part],
    *,
    seen: int | None,
) -> None:
    row = both.row
    columns = _columns(services, both, frozenset(part.name for part in accepted))
    role_change = _role_change(accepted)
    former_role = {name: str(getattr(both.role, name)) for name in role_change}
    if any(part.name == "default_role" for part in accepted):
        columns["proposed"]["default_role"] = {
            **both.new.default_role,
            "made": {**row.proposed.get("default_role", {}).get("made", {}), **role_change},
        }
    application_rows.update(
        services, row.id, columns, seen=row.updated_at if seen is None else seen
    )
    if role_change:
        _change_role(services, row, actor, both.role.id, role_change)
    former_records.keep(
        services,
        row,
        columns,
        proposer=upgrade.recorded_by,
        former_role=former_role,
        accepted_role=role_change,
    )


def _role_change(accepted: Sequence[Part]) -> dict[str, str]:
    return {
        one.name: "\n".join(one.new)
        for part in accepted
        if part.name == "default_role"
        for one in part.changes
    }


def _change_role(
    services: Services, row: Any, actor: Actor, role_id: str, change: Mapping[str, Any]
) -> None:
    try:
        roles.update_role(services, row.workspace_id, actor, role_id, **change)
    except InputError as error:
        kind = type(error)
        raise kind(
            {f"default_role.{name}": texts for name, texts in error.errors.items()}
        ) from None


def _remember(services: Services, actor: Actor, upgrade: Upgrade, kept: Sequence[Part]) -> None:
    app_id = upgrade.application.id
    UpgradeDecision.delete().where(UpgradeDecision.application == app_id).execute()
    UpgradeDecision.insert(
        application=app_id,
        digest=upgrade.digest,
        proposer=upgrade.loaded,
        kept=" ".join(part.name for part in kept),
        decided_at=services.clock(),
        decided_by=actor.name,
    ).execute()


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


def _detail(upgrade: Upgrade, accepted: Sequence[Part], kept: Sequence[Part]) -> dict[str, Any]:
    return {
        "from": upgrade.recorded_by,
        "to": upgrade.loaded,
        "accepted": ", ".join(part.title for part in accepted),
        "kept": ", ".join(part.title for part in kept),
        "changes": [words for part in accepted for words in _said(part)],
        "not_accepted": [words for part in kept for words in _said(part)],
    }


def _said(part: Part) -> list[str]:
    said = [one.words for one in part.changes]
    added = sum(line.kind == "added" for line in part.lines)
    removed = sum(line.kind == "removed" for line in part.lines)
    return said + ([f"Guide: {added} lines added, {removed} removed"] if part.lines else [])
