"""An upgrade of a plugin, application by application: accept what it proposes, keep it out, undo.

Sign-in goes on from the record whatever is loaded; nothing changes until an admin accepts a part.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ssoko.errors import Conflict, InputError
from ssoko.services.access import roles
from ssoko.services.activity import log
from ssoko.services.applications import snapshots, views
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.upgrades import undo
from ssoko.services.applications.upgrades.compare import (
    Sides,
    Upgrade,
    against,
    columns_after,
    compare,
    compared,
    loaded_name,
    parts_between,
    sides_of,
)
from ssoko.services.applications.upgrades.parts import TITLES, Part
from ssoko.services.applications.views import find_row
from ssoko.services.context import Scope
from ssoko.store.models.applications import Application, UpgradeDecision
from ssoko.store.models.table import database


def decide(
    scope: Scope,
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
    # The plugin is asked before the transaction, so that a slow one keeps nobody from writing.
    row = find_row(scope.workspace_id, app_id)
    sides = sides_of(scope.services, row)
    if not isinstance(sides, Sides):
        raise sides
    upgrade = compared(scope, row, sides)
    if digest is not None and digest != upgrade.digest:
        raise Conflict.of("", "The plugin proposes something else by now. Look at it again.")
    if not upgrade.parts:
        raise InputError.of("", f"{upgrade.loaded} proposes what is recorded.")
    accepted = [part for part in upgrade.parts if part.name in accept]
    kept = [part for part in upgrade.parts if part.name not in accept]
    with database.atomic():
        if accepted:
            _accept(scope, sides, upgrade, accepted, seen=seen)
        _remember(scope, row, sides.new, kept)
        log.record(
            scope,
            "application.upgraded" if accepted else "application.upgrade-kept",
            target=row,
            detail=_detail(upgrade, accepted, kept),
        )
    return compare(scope, app_id)


def put_back(scope: Scope, app_id: str) -> Upgrade:
    """Put the record from before the last upgrade back, and keep it against the proposal.

    :raises Conflict: when there is none any more, or what it holds was changed since.
    """
    row = find_row(scope.workspace_id, app_id)
    sides = sides_of(scope.services, row)
    with database.atomic():
        former = undo.put_back(scope, row)
        log.record(
            scope,
            "application.upgrade-undone",
            target=row,
            detail={
                "from": snapshots.proposer(row.distribution, row.version),
                "to": former.proposer,
            },
        )
        if isinstance(sides, Sides):
            again = against(find_row(scope.workspace_id, app_id), sides.new)
            _remember(scope, again.row, again.new, parts_between(again))
    return compare(scope, app_id)


def _accept(
    scope: Scope,
    sides: Sides,
    upgrade: Upgrade,
    accepted: Sequence[Part],
    *,
    seen: int | None,
) -> None:
    row = sides.row
    columns = columns_after(scope.services, sides, frozenset(part.name for part in accepted))
    role_change = _role_change(accepted)
    former_role = {name: str(getattr(sides.role, name)) for name in role_change}
    if any(part.name == "default_role" for part in accepted):
        columns["proposed"]["default_role"] = {
            **sides.new.default_role,
            "made": {**row.proposed.get("default_role", {}).get("made", {}), **role_change},
        }
    views.update(scope.services, row.id, columns, seen=row.updated_at if seen is None else seen)
    if sides.role is not None and role_change:
        _change_role(scope, sides.role.id, role_change)
    undo.keep(
        scope.services,
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


def _change_role(scope: Scope, role_id: str, change: Mapping[str, Any]) -> None:
    try:
        roles.update_role(scope, role_id, **change)
    except InputError as error:
        kind = type(error)
        raise kind(
            {f"default_role.{name}": texts for name, texts in error.errors.items()}
        ) from None


def _remember(scope: Scope, row: Application, new: Snapshot, kept: Sequence[Part]) -> None:
    decided = {
        "digest": new.digest,
        "proposer": loaded_name(scope.services, row),
        "kept": " ".join(part.name for part in kept),
        "decided_at": scope.services.clock(),
        "decided_by": scope.actor.name,
    }
    # Two may decide at once; the later one counts.
    UpgradeDecision.insert(application=row.id, **decided).on_conflict(
        conflict_target=[UpgradeDecision.application], update=decided
    ).execute()


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
    return said + ([f"Guide, in lines: {added} added, {removed} removed"] if part.lines else [])
