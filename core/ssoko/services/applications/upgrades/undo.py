"""The record of an application from before an update, which can be restored for 30 days."""

from dataclasses import dataclass
from typing import Any

from ssoko.errors import Conflict
from ssoko.services.access import roles
from ssoko.services.applications import views
from ssoko.services.context import Scope, Services
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application, FormerRecord

#: Seconds for which a former record can be restored.
RESTORABLE = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A record that can be restored.

    :param proposer: the plugin that proposed it, such as ``ssoko-aws 0.1``.
    :param until: when it expires, in seconds since the epoch.
    """

    proposer: str
    taken_at: int
    until: int


def store(
    services: Services,
    row: Application,
    accepted: dict[str, Any],
    *,
    proposer: str,
    former_role: dict[str, str],
    accepted_role: dict[str, str],
) -> None:
    """Store the columns that a change replaces, instead of those stored before.

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
    """Return the former record of an application, if it can still be restored."""
    stored = _fresh(services, row)
    if stored is None or not _is_untouched(row, stored):
        return None
    return Former(
        proposer=stored.proposer, taken_at=stored.taken_at, until=stored.taken_at + RESTORABLE
    )


def restore(scope: Scope, row: Application) -> Former:
    """Restore the former record, inside the caller's transaction, and delete it.

    A role that was renamed since keeps its new name.

    :raises Conflict: when there is none, or the application was changed since.
    """
    former, stored = find(scope.services, row), _fresh(scope.services, row)
    if former is None or stored is None:
        raise Conflict.of(
            "",
            "The former record cannot be restored: it is older than 30 days, or the application "
            "was changed since. Use Mappers, SAML settings and Settings instead.",
        )
    views.update(scope.services, row.id, stored.former, seen=row.updated_at)
    role: Role | None = Role.get_or_none(Role.application == row.id, Role.is_default)
    role_changes = {
        name: text
        for name, text in stored.former_role.items()
        if role is not None and getattr(role, name) == stored.accepted_role.get(name)
    }
    if role is not None and role_changes:
        roles.update_role(scope, role.id, **role_changes)
    FormerRecord.delete().where(FormerRecord.application == row.id).execute()
    return former


def delete_expired(*, now: int) -> None:
    """Delete expired records."""
    FormerRecord.delete().where(FormerRecord.taken_at <= now - RESTORABLE).execute()


def _fresh(services: Services, row: Application) -> FormerRecord | None:
    return FormerRecord.get_or_none(
        FormerRecord.application == row.id, FormerRecord.taken_at > services.clock() - RESTORABLE
    )


def _is_untouched(row: Application, stored: FormerRecord) -> bool:
    return all(getattr(row, name) == value for name, value in stored.accepted.items())
