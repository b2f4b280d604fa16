"""The record of an application from before an upgrade was accepted, to be put back for 30 days."""

from dataclasses import dataclass
from typing import Any

from ssoko.errors import Conflict
from ssoko.services.access import roles
from ssoko.services.applications import views
from ssoko.services.context import Scope, Services
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application, FormerRecord

#: Seconds that a former record can be put back.
KEPT = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A record that can be put back.

    :param proposer: who proposed it, such as ``ssoko-aws 0.1``.
    :param until: the first second at which it is gone, since the epoch.
    """

    proposer: str
    taken_at: int
    until: int


def keep(
    services: Services,
    row: Application,
    accepted: dict[str, Any],
    *,
    proposer: str,
    former_role: dict[str, str],
    accepted_role: dict[str, str],
) -> None:
    """Keep what a change of columns replaces, in the place of what was kept before.

    :param row: as it was before the change.
    """
    FormerRecord.delete().where(FormerRecord.application == row.id).execute()
    FormerRecord.insert(
        application=row.id,
        proposer=proposer,
        former={name: getattr(row, name) for name in accepted},
        accepted=accepted,
        former_role=former_role,
        accepted_role=accepted_role,
        taken_at=services.clock(),
    ).execute()


def find(services: Services, row: Application) -> Former | None:
    """Return the former record of an application, if it can still be put back."""
    kept = _fresh(services, row)
    if kept is None or not _is_untouched(row, kept):
        return None
    return Former(proposer=kept.proposer, taken_at=kept.taken_at, until=kept.taken_at + KEPT)


def put_back(scope: Scope, row: Application) -> Former:
    """Write the former record again, inside the caller's transaction, and forget it.

    A role that was renamed since keeps its new name.

    :raises Conflict: when there is none, or what it would replace was changed since.
    """
    former, kept = find(scope.services, row), _fresh(scope.services, row)
    if former is None or kept is None:
        raise Conflict.of(
            "",
            "The former record cannot be put back: it is older than 30 days, or the application "
            "was changed since. Look at Mappers, SAML settings and Settings instead.",
        )
    views.update(scope.services, row.id, kept.former, seen=row.updated_at)
    role: Role | None = Role.get_or_none(Role.application == row.id, Role.is_default)
    back = {
        name: text
        for name, text in kept.former_role.items()
        if role is not None and getattr(role, name) == kept.accepted_role.get(name)
    }
    if role is not None and back:
        roles.update_role(scope, role.id, **back)
    FormerRecord.delete().where(FormerRecord.application == row.id).execute()
    return former


def forget(*, now: int) -> None:
    """Forget the records whose time is over."""
    FormerRecord.delete().where(FormerRecord.taken_at <= now - KEPT).execute()


def _fresh(services: Services, row: Application) -> FormerRecord | None:
    return FormerRecord.get_or_none(
        FormerRecord.application == row.id, FormerRecord.taken_at > services.clock() - KEPT
    )


def _is_untouched(row: Application, kept: FormerRecord) -> bool:
    return all(getattr(row, name) == value for name, value in kept.accepted.items())
