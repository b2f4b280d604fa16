"""The roles, users and groups that can still be assigned to each other.

The query excludes existing assignments, so a page is empty only when nothing is left. Expired
assignments are not excluded: assigning the role again renews it.
"""

from typing import Any

from peewee import Expression, fn

from ssoko.services.access import roles
from ssoko.services.access.roles import RoleView
from ssoko.services.context import Scope
from ssoko.services.people import groups, users
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.people import Group, User
from ssoko.store.paging import Page


def list_assignable_roles(
    scope: Scope,
    *,
    user_id: str | None = None,
    group_id: str | None = None,
    q: str = "",
    limit: int = 50,
) -> Page[RoleView]:
    """List the roles that are not assigned to this user, or to this group, by name.

    Roles that a user has through a group are listed: they can be assigned directly as well.

    :param q: words that the name, or the application's name, must contain.
    :raises NotFound: when there is no such user or group in the workspace.
    """
    owner: User | Group = (
        users.row_of(scope.workspace_id, user_id)
        if user_id
        else groups.row_of(scope.workspace_id, group_id or "")
    )
    column = Assignment.user if isinstance(owner, User) else Assignment.group
    assigned = _assigned(scope, (Assignment.role == Role.id) & (column == owner.id))
    return roles.list_roles(scope.workspace_id, q=q, unless=assigned, limit=limit)


def list_assignable_users(
    scope: Scope, role_id: str, *, q: str = "", limit: int = 50
) -> Page[UserView]:
    """List the active users to whom this role is not assigned directly, by name.

    :param q: starts of words in the names, the username or the email.
    :raises NotFound: when there is no such role in the workspace.
    """
    role = roles.row_of(scope.workspace_id, role_id)
    assigned = _assigned(scope, (Assignment.role == role.id) & (Assignment.user == User.id))
    return users.list_users(scope.workspace_id, q=q, active=True, unless=assigned, limit=limit)


def list_assignable_groups(
    scope: Scope, role_id: str, *, q: str = "", limit: int = 50
) -> Page[GroupView]:
    """List the groups to which this role is not assigned, by name.

    :param q: words that the name must contain.
    :raises NotFound: when there is no such role in the workspace.
    """
    role = roles.row_of(scope.workspace_id, role_id)
    assigned = _assigned(scope, (Assignment.role == role.id) & (Assignment.group == Group.id))
    return groups.list_groups(scope.workspace_id, q=q, unless=assigned, limit=limit)


def _assigned(scope: Scope, condition: Expression) -> Any:
    unexpired = Assignment.expires_at.is_null() | (Assignment.expires_at > scope.services.clock())
    return fn.EXISTS(Assignment.select(Assignment.id).where(condition, unexpired))
