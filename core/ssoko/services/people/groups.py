"""Groups of users, and their members."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peewee import Expression, IntegrityError, Tuple, fn

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import Scope
from ssoko.services.people import users
from ssoko.services.people.search import Belonging, find_people
from ssoko.services.people.users import UserView
from ssoko.store.counting import capped_count
from ssoko.store.models.people import Group, Membership, User
from ssoko.store.models.table import database
from ssoko.store.paging import Page, check_limit, count_rows, cut, decode_cursor
from ssoko.text.names import check_name, fold, is_id, search_terms

MAX_DESCRIPTION = 500


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group.

    :param member_count: at most :data:`~ssoko.store.counting.MOST`.
    """

    id: str
    name: str
    description: str
    member_count: int
    created_at: int


def create_group(scope: Scope, *, name: str, description: str = "") -> GroupView:
    """Create a group.

    :raises InputError: at ``name`` or ``description``.
    :raises Conflict: at ``name``, when there is one that looks the same.
    """
    values = _values(name=name, description=description)
    now = scope.services.clock()
    with database.atomic():
        try:
            with database.atomic():
                row = Group.create(workspace=scope.workspace_id, created_at=now, **values)
        except IntegrityError:
            raise _taken() from None
        log.record(scope, "group.created", target=row)
    return view(row)


def get_group(workspace_id: str, group_id: str) -> GroupView:
    """Return a group.

    :raises NotFound: when there is none of this id in the workspace.
    """
    return view(row_of(workspace_id, group_id))


def list_groups(
    workspace_id: str,
    *,
    q: str = "",
    unless: Any = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[GroupView]:
    """List groups by name.

    :param q: words that the name must contain.
    :param unless: exclude groups that meet this condition on :class:`Group`.
    """
    check_limit(limit)
    after = decode_cursor(cursor, length=2)
    query = Group.select(Group, _member_count()).where(
        Group.workspace == workspace_id, *matching(q)
    )
    if unless is not None:
        query = query.where(~unless)
    if after is not None:
        query = query.where(Tuple(Group.name_key, Group.id) > Tuple(*after))
    rows = list(query.order_by(Group.name_key, Group.id).limit(limit + 1))
    return cut(rows, limit, key=lambda row: (row.name_key, row.id), view=_counted)


def count_groups(workspace_id: str, *, q: str = "") -> int:
    """Count the groups that :func:`list_groups` lists, up to ``MOST_COUNTED``."""
    return count_rows(Group.select(Group.id).where(Group.workspace == workspace_id, *matching(q)))


def update_group(
    scope: Scope,
    group_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
) -> GroupView:
    """Change the given fields.

    :raises InputError: at ``name`` or ``description``.
    :raises Conflict: at ``name``, when there is one that looks the same.
    """
    values = _values(name=name, description=description)
    with database.atomic():
        row = row_of(scope.workspace_id, group_id)
        changed = sorted(k for k, v in values.items() if getattr(row, k) != v)
        if changed:
            try:
                with database.atomic():
                    Group.update(**values).where(Group.id == row.id).execute()
            except IntegrityError:
                raise _taken() from None
            row = row_of(scope.workspace_id, group_id)
            fields = [name for name in changed if name != "name_key"]
            log.record(scope, "group.changed", target=row, detail={"changed": fields})
    return view(row)


def delete_group(scope: Scope, group_id: str) -> None:
    """Delete a group with its memberships and assignments.

    :raises NotFound: when there is none of this id in the workspace.
    """
    with database.atomic():
        row = row_of(scope.workspace_id, group_id)
        Group.delete().where(Group.id == row.id).execute()
        log.record(scope, "group.deleted", target=row)


def add_member(scope: Scope, group_id: str, user_id: str) -> bool:
    """Add a user to a group.

    :returns: False when the user already was a member.
    :raises NotFound: when there is no such group or user in the workspace.
    """
    now = scope.services.clock()
    with database.atomic():
        group = row_of(scope.workspace_id, group_id)
        user = users.row_of(scope.workspace_id, user_id)
        try:
            with database.atomic():
                Membership.create(group=group, user=user, created_at=now)
        except IntegrityError:
            return False
        log.record(scope, "member.added", target=group, detail=_member(user))
    return True


def add_members(scope: Scope, group_id: str, user_ids: Sequence[str]) -> int:
    """Add users to a group: all of them or none.

    :returns: how many were added.
    :raises NotFound: when there is no such group or user in the workspace.
    """
    with database.atomic():
        return sum(add_member(scope, group_id, user_id) for user_id in user_ids)


def add_to_groups(scope: Scope, user_id: str, group_ids: Sequence[str]) -> None:
    """Add one user to groups: to all of them or to none.

    :raises NotFound: when there is no such user or group in the workspace.
    """
    with database.atomic():
        for group_id in group_ids:
            add_member(scope, group_id, user_id)


def remove_member(scope: Scope, group_id: str, user_id: str) -> None:
    """Remove a user from a group.

    :raises NotFound: when there is no such group or user, or the user is not a member.
    """
    with database.atomic():
        group = row_of(scope.workspace_id, group_id)
        user = users.row_of(scope.workspace_id, user_id)
        membership = (Membership.group == group) & (Membership.user == user)
        if not Membership.delete().where(membership).execute():
            raise NotFound("This user is not in the group")
        log.record(scope, "member.removed", target=group, detail=_member(user))


def list_members(
    workspace_id: str, group_id: str, *, q: str = "", limit: int = 50, cursor: str | None = None
) -> Page[UserView]:
    """List the members of a group by name.

    :raises NotFound: when there is no such group in the workspace.
    """
    group = row_of(workspace_id, group_id)
    members = Membership.select(Membership.user).where(Membership.group == group)
    belonging = Belonging(members, fn.EXISTS(members.where(Membership.user == User.id)))
    rows, following = find_people(
        workspace_id, q=q, belonging=belonging, limit=limit, cursor=cursor
    )
    return Page(tuple(map(users.view, rows)), following)


def list_addable_users(
    workspace_id: str, group_id: str, *, q: str = "", limit: int = 50
) -> Page[UserView]:
    """List the active users who are not in a group, by name.

    :raises NotFound: when there is no such group in the workspace.
    """
    group = row_of(workspace_id, group_id)
    member = _is_member((Membership.group == group.id) & (Membership.user == User.id))
    return users.list_users(workspace_id, q=q, active=True, unless=member, limit=limit)


def list_addable_groups(
    workspace_id: str, user_id: str, *, q: str = "", limit: int = 50
) -> Page[GroupView]:
    """List the groups that a user is not in, by name.

    :raises NotFound: when there is no such user in the workspace.
    """
    user = users.row_of(workspace_id, user_id)
    member = _is_member((Membership.user == user.id) & (Membership.group == Group.id))
    return list_groups(workspace_id, q=q, unless=member, limit=limit)


def groups_of(workspace_id: str, user_id: str) -> tuple[GroupView, ...]:
    """Return the groups that a user is in, by name.

    :raises NotFound: when there is no such user in the workspace.
    """
    user = users.row_of(workspace_id, user_id)
    query = (
        Group.select(Group, _member_count())
        .join(Membership)
        .where(Membership.user == user)
        .order_by(Group.name_key, Group.id)
    )
    return tuple(map(_counted, query))


def row_of(workspace_id: str, group_id: str) -> Group:
    """Return the row of a group, for other services.

    :raises NotFound: when there is none of this id in the workspace.
    """
    row: Group | None = (
        Group.get_or_none(Group.workspace == workspace_id, Group.id == group_id)
        if is_id(group_id)
        else None
    )
    if row is None:
        raise NotFound("This group does not exist")
    return row


def matching(q: str) -> list[Expression]:
    """Return the conditions of a search: every word is in the name."""
    return [Group.name_key.contains(term) for term in search_terms(q)]


def view(row: Group) -> GroupView:
    """Return the view of a row."""
    return _counted(Group.select(Group, _member_count()).where(Group.id == row.id).get())


def _counted(row: Group) -> GroupView:
    return GroupView(
        id=row.id,
        name=row.name,
        description=row.description,
        member_count=row.member_count,
        created_at=row.created_at,
    )


def _is_member(condition: Expression) -> Any:
    return fn.EXISTS(Membership.select(Membership.id).where(condition))


def _member_count() -> Any:
    return capped_count(Membership, "group_id", Group.id).alias("member_count")


def _values(*, name: str | None, description: str | None) -> dict[str, str]:
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = check_name(name)
        values["name_key"] = fold(values["name"])
    if description is not None:
        values["description"] = check_name(
            description, field="description", required=False, longest=MAX_DESCRIPTION
        )
    return values


def _taken() -> InputError:
    return Conflict.of(
        "name",
        "This name, or one that looks the same, is used by another group. Choose another name",
    )


def _member(user: User) -> dict[str, str]:
    return {"user_id": user.id, "user": user.display_name}
