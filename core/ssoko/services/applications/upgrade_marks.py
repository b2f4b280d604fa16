"""Which applications are recorded from another version of their plugin than the loaded one.

Lists ask for this, so a plugin is called only when versions differ, and once in a process for
each state of an application: plugins do not change while it runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ssoko.errors import InputError, PluginError
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications import proposals, settings, snapshots
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.context import Services
from ssoko.store.models.applications import Application, UpgradeDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeMark:
    """What an admin should know of a plugin's other version.

    :param proposer: what is loaded, such as ``ssoko-aws 0.2``.
    :param version: of it alone.
    :param state: it ``proposes`` something else; it ``refuses`` the recorded settings; or it
        ``fails`` when it is asked.
    :param errors: by field, what it says of the settings that it refuses.
    """

    proposer: str
    version: str
    state: Literal["proposes", "refuses", "fails"]
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Answer:
    digest: str
    differs: bool
    errors: Mapping[str, Sequence[str]]
    failed: bool


def propose(services: Services, loaded: LoadedIntegration, row: Application) -> Snapshot:
    """Ask the loaded plugin what it makes of the recorded settings.

    :raises InputError: when it refuses them.
    :raises PluginError: when it is at fault.
    """
    values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    return snapshots.offered(loaded, proposals.propose(services, loaded, values))


def is_same_version(loaded: LoadedIntegration, row: Application) -> bool:
    """Tell whether the record comes from the very version that is loaded."""
    return bool((loaded.distribution, loaded.version) == (row.distribution, row.version))


def marks(services: Services, rows: Sequence[Application]) -> dict[str, UpgradeMark]:
    """Return the marks by application; most have none."""
    found: dict[str, tuple[str, UpgradeMark]] = {}
    for row in rows:
        loaded = services.registry.get(row.integration)
        if loaded is None or is_same_version(loaded, row):
            continue
        key = (services.registry, row.id, row.updated_at)
        answer: _Answer = services.proposed.get(key, lambda at=(loaded, row): _ask(services, *at))  # type: ignore[misc]
        if answer.differs:
            found[row.id] = (answer.digest, _mark(loaded, answer))
    decided = _decided(list(found))
    return {key: mark for key, (digest, mark) in found.items() if digest != decided.get(key, "-")}


def _ask(services: Services, loaded: LoadedIntegration, row: Application) -> _Answer:
    try:
        new = propose(services, loaded, row)
    except InputError as error:
        return _Answer("", True, error.errors, False)
    except PluginError:
        return _Answer("", True, {}, True)
    return _Answer(new.digest, new != snapshots.recorded(row, like=new), {}, False)


def _mark(loaded: LoadedIntegration, answer: _Answer) -> UpgradeMark:
    return UpgradeMark(
        proposer=snapshots.proposer(loaded.distribution, loaded.version, slug=loaded.slug),
        version=loaded.version,
        state="fails" if answer.failed else "refuses" if answer.errors else "proposes",
        errors=answer.errors,
    )


def _decided(ids: list[str]) -> dict[str, str]:
    if not ids:
        return {}
    rows: Any = UpgradeDecision.select(UpgradeDecision.application, UpgradeDecision.digest).where(
        UpgradeDecision.application.in_(ids)
    )
    return dict(rows.tuples())
