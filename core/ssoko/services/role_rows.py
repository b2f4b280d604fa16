"""Roles as other services read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import JOIN, ModelSelect

from ssoko.errors import NotFound
from ssoko.services.counting import capped_count
from ssoko.services.names import is_id
from ssoko.store.models import Application, Grant, Role


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role.

    :param application_id: the application that it opens, or None.
    :param is_default: made with the application.
    :param attributes: key to a text or a list of texts, for assertions.
    :param grant_count: users and groups that were given it, expired grants included, up to
        :data:`~ssoko.services.counting.MOST`, where counting stops.
    """

    id: str
    name: str
    description: str
    application_id: str | None
    application_name: str | None
    is_default: bool
    attributes: dict[str, Any]
    grant_count: int
    created_at: int


def row_of(workspace_id: str, role_id: str) -> Any:
    """Return the row of a role that is in use, counted and with its application.

    :raises NotFound: when there is none of this id in the workspace.
    """
    row = select_roles(workspace_id).where(Role.id == role_id).first() if is_id(role_id) else None
    if row is None:
        raise NotFound("There is no such role")
    return row


def rows_of(workspace_id: str, role_ids: Sequence[str]) -> list[Any]:
    """Return the rows of roles in the order of their ids.

    :raises NotFound: when one of them is not in the workspace.
    """
    wanted = [role_id for role_id in dict.fromkeys(role_ids) if is_id(role_id)]
    found = {row.id: row for row in select_roles(workspace_id).where(Role.id.in_(wanted))}
    if len(found) < len(set(role_ids)):
        raise NotFound("There is no such role")
    return [found[role_id] for role_id in wanted]


def views_of(role_ids: Iterable[str], workspace_id: str) -> dict[str, RoleView]:
    """Return the views of roles by id; those that are gone are left out."""
    wanted = list(dict.fromkeys(role_ids))
    if not wanted:
        return {}
    return {row.id: view(row) for row in select_roles(workspace_id).where(Role.id.in_(wanted))}


def select_roles(workspace_id: str) -> "ModelSelect[Role]":
    """Select the roles in use of a workspace, counted and with their applications."""
    counted = capped_count(Grant, "role_id", Role.id).alias("grant_count")
    return (
        Role.select(Role, Application.id, Application.name, counted)
        .join(Application, JOIN.LEFT_OUTER)
        .where(Role.workspace == workspace_id, Role.removed_at.is_null())
    )


def view(row: Any) -> RoleView:
    """Return what may be shown of a row from :func:`select_roles`."""
    application = row.application
    return RoleView(
        id=row.id,
        name=row.name,
        description=row.description,
        application_id=row.application_id,
        application_name=application.name if application is not None else None,
        is_default=row.is_default,
        attributes=row.attributes,
        grant_count=row.grant_count,
        created_at=row.created_at,
    )
