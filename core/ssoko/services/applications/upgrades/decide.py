"""Accept or skip the parts of a plugin update for one application, or undo the last one.

Sign-in uses the record, whatever is loaded; nothing changes until an admin accepts a part.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ssoko.errors import Conflict, InputError
from ssoko.services.access import roles
from ssoko.services.activity import log
from ssoko.services.applications import snapshots, views
from ssoko.services.applications.upgrades import undo
from ssoko.services.applications.upgrades.compare import (
    Proposals,
    Upgrade,
    columns_after,
    compare,
    comparison,
    name_of,
    parts_between,
    proposals_of,
    with_recorded,
)
from ssoko.services.applications.upgrades.parts import TITLES, Part
from ssoko.services.applications.views import find_row
from ssoko.services.context import Scope
from ssoko.store.models.applications import UpgradeDecision
from ssoko.store.models.table import database


def decide(
    scope: Scope,
    app_id: str,
    *,
    accept: Collection[str],
    digest: str | None = None,
    seen: int | None = None,
) -> Upgrade:
    """Accept some parts of a proposal, skip the others, and record the decision.

    :param accept: names of parts; with none, everything stays as recorded.
    :param digest: of the shown :class:`Upgrade`, and ``seen`` likewise, if known.
    :raises InputError: at ``accept``, or when parts contradict each other; nothing is written.
    :raises Conflict: when the plugin or the application changed since.
    """
    # The plugin is called before the transaction, so that a slow one blocks no other writer.
    row = find_row(scope.workspace_id, app_id)
    proposals = proposals_of(scope.services, row)
    if not isinstance(proposals, Proposals):
        raise proposals
    return decide_about(scope, proposals, accept=accept, digest=digest, seen=seen)


def decide_about(
    scope: Scope,
    proposals: Proposals,
    *,
    accept: Collection[str],
    digest: str | None,
    seen: int | None,
) -> Upgrade:
    """Accept some parts of these proposals, as :func:`decide` does."""
    unknown = sorted(set(accept) - TITLES.keys())
    if unknown:
        raise InputError.of("accept", f"Choose from {', '.join(TITLES)}.")
    row = proposals.row
    upgrade = comparison(scope, row, proposals)
    if digest is not None and digest != upgrade.digest:
        raise Conflict.of("", "The plugin now proposes something else. Review it again.")
    if not upgrade.parts:
        raise InputError.of("", f"{upgrade.loaded} proposes no changes.")
    accepted = [part for part in upgrade.parts if part.name in accept]
    skipped = [part for part in upgrade.parts if part.name not in accept]
    with database.atomic():
        if accepted:
            _accept(scope, proposals, upgrade, accepted, seen=seen)
        _remember(scope, proposals, skipped)
        log.record(
            scope,
            "application.upgraded" if accepted else "application.upgrade-skipped",
            target=row,
            detail=_detail(upgrade, accepted, skipped),
        )
    return compare(scope, row.id)


def undo_upgrade(scope: Scope, app_id: str) -> Upgrade:
    """Restore the record from before the last update, and skip the current proposal.

    :raises Conflict: when there is none, or the application was changed since.
    """
    row = find_row(scope.workspace_id, app_id)
    proposals = proposals_of(scope.services, row)
    with database.atomic():
        former = undo.restore(scope, row)
        log.record(
            scope,
            "application.upgrade-undone",
            target=row,
            detail={
                "from": snapshots.proposer(row.distribution, row.version),
                "to": former.proposer,
            },
        )
        if isinstance(proposals, Proposals):
            again = with_recorded(
                find_row(scope.workspace_id, app_id), proposals.new, proposals.loaded
            )
            _remember(scope, again, parts_between(again))
    return compare(scope, app_id)


def _accept(
    scope: Scope,
    proposals: Proposals,
    upgrade: Upgrade,
    accepted: Sequence[Part],
    *,
    seen: int | None,
) -> None:
    row = proposals.row
    columns = columns_after(proposals, frozenset(part.name for part in accepted))
    role_change = _role_change(accepted)
    former_role = {name: str(getattr(proposals.role, name)) for name in role_change}
    if any(part.name == "default_role" for part in accepted):
        columns["proposed"]["default_role"] = {
            **proposals.new.default_role,
            "made": {**row.proposed.get("default_role", {}).get("made", {}), **role_change},
        }
    views.update(scope.services, row.id, columns, seen=row.updated_at if seen is None else seen)
    if proposals.role is not None and role_change:
        _change_role(scope, proposals.role.id, role_change)
    undo.store(
        scope.services,
        row,
        columns,
        proposer=upgrade.recorded_by,
        former_role=former_role,
        accepted_role=role_change,
    )


def _role_change(accepted: Sequence[Part]) -> dict[str, str]:
    return {
        difference.name: "\n".join(difference.new)
        for part in accepted
        if part.name == "default_role"
        for difference in part.changes
    }


def _change_role(scope: Scope, role_id: str, change: Mapping[str, Any]) -> None:
    try:
        roles.update_role(scope, role_id, **change)
    except InputError as error:
        kind = type(error)
        raise kind(
            {f"default_role.{name}": texts for name, texts in error.errors.items()}
        ) from None


def _remember(scope: Scope, proposals: Proposals, skipped: Sequence[Part]) -> None:
    decided = {
        "digest": proposals.new.digest,
        "proposer": name_of(proposals.loaded),
        "kept": " ".join(part.name for part in skipped),
        "decided_at": scope.services.clock(),
        "decided_by": scope.actor.name,
    }
    # Of two concurrent decisions, the later one counts.
    UpgradeDecision.insert(application=proposals.row.id, **decided).on_conflict(
        conflict_target=[UpgradeDecision.application], update=decided
    ).execute()


def _detail(upgrade: Upgrade, accepted: Sequence[Part], skipped: Sequence[Part]) -> dict[str, Any]:
    return {
        "from": upgrade.recorded_by,
        "to": upgrade.loaded,
        "accepted": ", ".join(part.title for part in accepted),
        "kept": ", ".join(part.title for part in skipped),
        "changes": [words for part in accepted for words in _change_lines(part)],
        "not_accepted": [words for part in skipped for words in _change_lines(part)],
    }


def _change_lines(part: Part) -> list[str]:
    lines = [difference.words for difference in part.changes]
    added = sum(line.kind == "added" for line in part.lines)
    removed = sum(line.kind == "removed" for line in part.lines)
    return lines + ([f"Guide: {added} lines added, {removed} removed"] if part.lines else [])
