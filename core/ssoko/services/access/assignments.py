"""Assign roles to users and groups, with an optional expiry, and list assignments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import JOIN, Expression, Tuple, fn

from ssoko.errors import InputError, NotFound
from ssoko.services.access import roles
from ssoko.services.access.roles import RoleView
from ssoko.services.activity import log
from ssoko.services.context import Scope
from ssoko.services.people import groups, users
from ssoko.services.people.search import Belonging, find_people
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.people import Group, Membership, User, display_name
from ssoko.store.models.table import database
from ssoko.store.paging import Page, check_limit, decode_cursor, encode_cursor

#: The last second of the year 9999, which both databases and all pages can show.
LATEST = 253_402_300_799

#: The maximum number of roles in one call.
MOST_ROLES = 200


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """A role that a user has, directly or through a group.

    :param via: ``direct`` or ``group``.
    :param user_id: the user; empty for an assignment to a group in the list of a role.
    :param expires_at: seconds since the epoch, UTC; the assignment is active before this time.
    """

    id: str
    role: RoleView
    via: str
    group_id: str
    group_name: str
    user_id: str
    user_name: str
    expires_at: int | None
    expired: bool
    created_at: int
    created_by: str


def assign_roles(
    scope: Scope,
    *,
    role_ids: Sequence[str],
    user_id: str | None = None,
    group_id: str | None = None,
    expires_at: int | None = None,
) -> tuple[AssignmentView, ...]:
    """Assign roles to a user or to a group: all of them or none.

    Assigning a role again updates its expiry.

    :param expires_at: seconds since the epoch in the future, or None for no expiry.
    :raises InputError: at ``role_ids``, ``user_id`` or ``expires_at``.
    :raises NotFound: when a role, the user or the group is not in the workspace.
    """
    now = scope.services.clock()
    _check(role_ids, expires_at, now)
    with database.atomic():
        owner = _owner(scope.workspace_id, user_id, group_id)
        rows = roles.rows_of(scope.workspace_id, role_ids)
        held = _is_held_by(owner) & Assignment.role.in_([row.id for row in rows])
        terms: Any = Assignment.select(Assignment.role, Assignment.expires_at).where(held).tuples()
        before: dict[str, int | None] = dict(terms)
        for row in rows:
            if row.id in before and before[row.id] == expires_at:
                continue
            _give(scope, row, owner, expires_at)
            _record(scope, "role.assigned", owner, row, {"expires_at": expires_at})
        made = _views(scope.workspace_id, _select().where(held), now)
    order = [row.id for row in rows]
    return tuple(sorted(made, key=lambda assignment: order.index(assignment.role.id)))


def assign_role(
    scope: Scope,
    *,
    role_id: str,
    user_ids: Sequence[str] = (),
    group_ids: Sequence[str] = (),
    expires_at: int | None = None,
) -> None:
    """Assign one role to users and groups: to all of them or to none.

    :param expires_at: seconds since the epoch in the future, or None for no expiry.
    :raises InputError: at ``expires_at``.
    :raises NotFound: when the role, a user or a group is not in the workspace.
    """
    with database.atomic():
        for user_id in user_ids:
            assign_roles(scope, role_ids=[role_id], user_id=user_id, expires_at=expires_at)
        for group_id in group_ids:
            assign_roles(scope, role_ids=[role_id], group_id=group_id, expires_at=expires_at)


def remove_role(
    scope: Scope,
    *,
    role_id: str,
    user_id: str | None = None,
    group_id: str | None = None,
) -> int | None:
    """Remove a role from a user or a group. Roles that a user has through groups are not removed.

    :returns: when the assignment would have expired, seconds since the epoch.
    :raises NotFound: when it is not assigned.
    """
    with database.atomic():
        owner = _owner(scope.workspace_id, user_id, group_id)
        role = roles.row_of(scope.workspace_id, role_id)
        held = (Assignment.role == role) & _is_held_by(owner)
        row = Assignment.get_or_none(held)
        if row is None:
            raise NotFound("This role is not assigned to this user or group")
        Assignment.delete().where(held).execute()
        _record(scope, "role.removed", owner, role, {"expires_at": row.expires_at})
    expires_at: int | None = row.expires_at
    return expires_at


def assignments_of_user(scope: Scope, user_id: str) -> tuple[AssignmentView, ...]:
    """Return the roles of a user by name, direct and through groups, including expired ones.

    :raises NotFound: when there is no such user in the workspace.
    """
    user = users.row_of(scope.workspace_id, user_id)
    return assignments_of_users(scope.workspace_id, [user], now=scope.services.clock())[user.id]


def assignments_of_group(scope: Scope, group_id: str) -> tuple[AssignmentView, ...]:
    """Return the roles of a group by name, including expired ones.

    :raises NotFound: when there is no such group in the workspace.
    """
    group = groups.row_of(scope.workspace_id, group_id)
    return _views(
        scope.workspace_id, _select().where(Assignment.group == group), scope.services.clock()
    )


def assignments_of_role(
    scope: Scope,
    role_id: str,
    *,
    q: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[AssignmentView]:
    """List the assignments of a role: groups by name, then users by name.

    :raises NotFound: when there is no such role in the workspace.
    """
    check_limit(limit)
    role = roles.row_of(scope.workspace_id, role_id)
    phase, *after = decode_cursor(cursor, length=3) or ("group", "", "")
    if phase not in {"group", "user"}:
        raise InputError.of("cursor", "Use the cursor of the previous page, or omit it")
    now = scope.services.clock()
    items: list[AssignmentView] = []
    if phase == "group":
        rows = list(_groups_with(role, q, after, limit + 1))
        items = [_views(scope.workspace_id, [row], now)[0] for row in rows[:limit]]
        if len(rows) > limit:
            last = rows[limit - 1]
            return Page(tuple(items), encode_cursor("group", last["group_key"], last["group_id"]))
        after = ["", ""]
    if len(items) == limit:
        return Page(tuple(items), encode_cursor("user", "", ""))
    page, following = _users_with(scope.workspace_id, role, q, after, limit - len(items))
    mine = _select().where(Assignment.role == role, Assignment.user.in_([user.id for user in page]))
    by_user = {
        assignment.user_id: assignment for assignment in _views(scope.workspace_id, mine, now)
    }
    items += [by_user[user.id] for user in page]
    return Page(tuple(items), following)


def assignments_of_users(
    workspace_id: str, accounts: Sequence[User], *conditions: Expression, now: int
) -> dict[str, tuple[AssignmentView, ...]]:
    """Return the assignments of these users by user ID, direct and through groups.

    :param conditions: on :class:`Role`.
    """
    by_id = {user.id: user for user in accounts}
    members = Membership.select(Membership.group, Membership.user)
    memberships: list[Any] = list(members.where(Membership.user.in_([*by_id])).tuples())
    direct = list(_select().where(Assignment.user.in_([*by_id]), *conditions))
    groups_in = list({group for group, _ in memberships})
    through = (
        list(_select().where(Assignment.group.in_(groups_in), *conditions)) if groups_in else []
    )
    found: dict[str, list[dict[str, Any]]] = {user_id: [] for user_id in by_id}
    for row in direct:
        found[row["user_id"]].append(row)
    for group_id, user_id in memberships:
        user = by_id[user_id]
        names = {key: getattr(user, key) for key in ("username", "first_name", "last_name")}
        found[user_id] += [
            row | names | {"user_id": user_id} for row in through if row["group_id"] == group_id
        ]
    views = roles.views_of((r["role_id"] for r in (*direct, *through)), workspace_id)
    return {user_id: _order(rows, views, now) for user_id, rows in found.items()}


def _groups_with(role: Role, q: str, after: Sequence[str], limit: int) -> Any:
    return (
        _select()
        .where(Assignment.role == role, Assignment.group.is_null(False), *groups.matching(q))
        .where(Tuple(Group.name_key, Group.id) > Tuple(*after))
        .order_by(Group.name_key, Group.id)
        .limit(limit)
    )


def _users_with(
    workspace_id: str, role: Role, q: str, after: Sequence[str], limit: int
) -> tuple[list[User], str | None]:
    ids = Assignment.select(Assignment.user).where(
        Assignment.role == role, Assignment.user.is_null(False)
    )
    page, following = find_people(
        workspace_id,
        q=q,
        belonging=Belonging(ids, fn.EXISTS(ids.where(Assignment.user == User.id))),
        limit=limit,
        cursor=encode_cursor(*after) if after[0] else None,
    )
    if following is None:
        return page, None
    return page, encode_cursor("user", page[-1].search_key, page[-1].id)


def _select() -> Any:
    return (
        Assignment.select(
            Assignment.id,
            Assignment.role.alias("role_id"),
            Assignment.user.alias("user_id"),
            Assignment.group.alias("group_id"),
            Assignment.expires_at,
            Assignment.created_at,
            Assignment.created_by,
            Group.name.alias("group_name"),
            Group.name_key.alias("group_key"),
            User.username,
            User.first_name,
            User.last_name,
        )
        .join_from(Assignment, Role)
        .join_from(Assignment, Group, JOIN.LEFT_OUTER)
        .join_from(Assignment, User, JOIN.LEFT_OUTER)
        .where(Role.removed_at.is_null())
        .dicts()
    )


def _views(
    workspace_id: str, rows: Iterable[dict[str, Any]], now: int
) -> tuple[AssignmentView, ...]:
    found = list(rows)
    return _order(found, roles.views_of((r["role_id"] for r in found), workspace_id), now)


def _order(
    rows: Iterable[dict[str, Any]], views: dict[str, RoleView], now: int
) -> tuple[AssignmentView, ...]:
    assignments = (
        _view(row, views[row["role_id"]], now) for row in rows if row["role_id"] in views
    )
    return tuple(sorted(assignments, key=lambda g: (g.role.name.casefold(), g.via, g.group_name)))


def _view(row: dict[str, Any], role: RoleView, now: int) -> AssignmentView:
    expires_at = row["expires_at"]
    name = ""
    if row["user_id"]:
        name = display_name(row["username"], row["first_name"], row["last_name"])
    return AssignmentView(
        id=row["id"],
        role=role,
        via="group" if row["group_id"] else "direct",
        group_id=row["group_id"] or "",
        group_name=row["group_name"] or "",
        user_id=row["user_id"] or "",
        user_name=name,
        expires_at=expires_at,
        expired=expires_at is not None and expires_at <= now,
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


def _check(role_ids: Sequence[str], expires_at: int | None, now: int) -> None:
    errors: dict[str, list[str]] = {}
    if not role_ids:
        errors["role_ids"] = ["Choose at least one role"]
    elif len(role_ids) > MOST_ROLES:
        errors["role_ids"] = [f"Choose at most {MOST_ROLES} roles at a time"]
    if expires_at is not None and not now < expires_at <= LATEST:
        errors["expires_at"] = ["Choose a time in the future, or leave it empty"]
    if errors:
        raise InputError(errors)


def _owner(workspace_id: str, user_id: str | None, group_id: str | None) -> User | Group:
    if bool(user_id) == bool(group_id):
        raise InputError.of("user_id", "Choose a user or a group, not both")
    if user_id:
        return users.row_of(workspace_id, user_id)
    return groups.row_of(workspace_id, group_id or "")


def _is_held_by(owner: User | Group) -> Expression:
    held: Expression = (
        Assignment.user == owner if isinstance(owner, User) else Assignment.group == owner
    )
    return held


def _give(scope: Scope, role: Role, owner: User | Group, expires_at: int | None) -> None:
    column = Assignment.user if isinstance(owner, User) else Assignment.group
    Assignment.insert(
        {
            Assignment.role: role,
            column: owner,
            Assignment.expires_at: expires_at,
            Assignment.created_at: scope.services.clock(),
            Assignment.created_by: scope.actor.name,
        }
    ).on_conflict(
        conflict_target=[Assignment.role, column], update={Assignment.expires_at: expires_at}
    ).execute()


def _record(
    scope: Scope,
    action: str,
    owner: User | Group,
    role: Role,
    detail: Mapping[str, Any] | None = None,
) -> None:
    log.record(
        scope,
        action,
        target=owner,
        application_id=role.application_id or "",
        detail={"role_id": role.id, "role": role.name, **(detail or {})},
    )
