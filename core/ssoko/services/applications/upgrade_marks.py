"""Which applications were recorded from another plugin version than the loaded one.

Lists need this, so a plugin is called only when versions differ, and once per process for each
state of an application: plugins do not change while the process runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from ssoko.errors import InputError, PluginError
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications import proposals, settings, snapshots
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.context import Services
from ssoko.store.models.applications import Application, UpgradeDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeMark:
    """What an admin should know about another plugin version.

    :param proposer: the loaded plugin, such as ``ssoko-aws 0.2``.
    :param version: its version alone.
    :param state: it ``proposes`` changes, ``refuses`` the recorded settings, or ``fails``.
    :param errors: the refused settings, by field.
    """

    proposer: str
    version: str
    state: Literal["proposes", "refuses", "fails"]
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Proposal:
    digest: str
    differs: bool
    errors: Mapping[str, Sequence[str]]
    failed: bool


def propose(services: Services, loaded: LoadedIntegration, row: Application) -> Snapshot:
    """Ask the loaded plugin for its proposal for the recorded settings.

    :raises InputError: when it refuses them.
    :raises PluginError: when the plugin fails.
    """
    values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    return snapshots.offered(loaded, proposals.propose(services, loaded, values))


def proposing(services: Services, row: Application) -> LoadedIntegration | None:
    """Return the integration of an application, or the one that it has become, if loaded."""
    registry = services.registry
    return registry.get(row.integration) or registry.successor(row.integration)


def is_same_version(loaded: LoadedIntegration, row: Application) -> bool:
    """Return whether the record comes from the loaded version."""
    return bool(
        (loaded.slug, loaded.distribution, loaded.version)
        == (row.integration, row.distribution, row.version)
    )


def marks(services: Services, rows: Sequence[Application]) -> dict[str, UpgradeMark]:
    """Return the marks by application ID; most applications have none."""
    differing: dict[str, tuple[str, UpgradeMark]] = {}
    for row in rows:
        loaded = proposing(services, row)
        if loaded is None or is_same_version(loaded, row):
            continue
        key = (services.registry, row.id, row.updated_at)
        proposal: _Proposal = services.proposed.get(key, partial(_ask, services, loaded, row))
        if proposal.differs:
            differing[row.id] = (proposal.digest, _mark(loaded, proposal))
    reviewed = _reviewed_digests(list(differing))
    return {
        key: mark for key, (digest, mark) in differing.items() if digest != reviewed.get(key, "-")
    }


def _ask(services: Services, loaded: LoadedIntegration, row: Application) -> _Proposal:
    try:
        new = propose(services, loaded, row)
    except InputError as error:
        return _Proposal("", True, error.errors, False)
    except PluginError:
        return _Proposal("", True, {}, True)
    return _Proposal(new.digest, new != snapshots.recorded(row, like=new), {}, False)


def _mark(loaded: LoadedIntegration, proposal: _Proposal) -> UpgradeMark:
    return UpgradeMark(
        proposer=snapshots.proposer(loaded.distribution, loaded.version, slug=loaded.slug),
        version=loaded.version,
        state="fails" if proposal.failed else "refuses" if proposal.errors else "proposes",
        errors=proposal.errors,
    )


def _reviewed_digests(ids: list[str]) -> dict[str, str]:
    if not ids:
        return {}
    rows: Any = UpgradeDecision.select(UpgradeDecision.application, UpgradeDecision.digest).where(
        UpgradeDecision.application.in_(ids)
    )
    return dict(rows.tuples())
