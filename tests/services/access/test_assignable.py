"""Roles, users and groups that can still be assigned, filtered by the query."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from peewee import Database
from ssoko.errors import NotFound
from ssoko.services.access.assignable import (
    list_assignable_groups,
    list_assignable_roles,
    list_assignable_users,
)
from ssoko.services.access.assignments import assign_role, assign_roles, assignments_of_role
from ssoko.services.access.roles import RoleView, create_role
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people import groups, users
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import create_workspace
from ssoko.store.models.table import database


@pytest.fixture
def roles(scope: Scope) -> list[RoleView]:
    """Return 60 roles, sorted by name."""
    return [create_role(scope, name=f"role-{number:02}") for number in range(60)]


@pytest.fixture
def group(scope: Scope) -> GroupView:
    return groups.create_group(scope, name="Engineering")


@pytest.mark.parametrize("owner", ["user", "group"])
def test_first_50_of_60_roles_assigned_leaves_the_other_10(
    scope: Scope, roles: list[RoleView], user: UserView, group: GroupView, owner: str
) -> None:
    to = {"user_id": user.id} if owner == "user" else {"group_id": group.id}
    assign_roles(scope, role_ids=[role.id for role in roles[:50]], **to)
    page = list_assignable_roles(scope, limit=50, **to)
    assert [role.name for role in page.items] == [role.name for role in roles[50:]]
    assert page.next is None
    searched = list_assignable_roles(scope, q="role-55", **to)
    assert [role.name for role in searched.items] == ["role-55"]
    assert list_assignable_roles(scope, q="role-01", **to).items == ()


def test_role_of_a_group_can_be_assigned_to_its_member(
    scope: Scope, user: UserView, group: GroupView
) -> None:
    role = create_role(scope, name="Auditors")
    groups.add_member(scope, group.id, user.id)
    assign_role(scope, role_id=role.id, group_ids=[group.id])
    assert [item.id for item in list_assignable_roles(scope, user_id=user.id).items] == [role.id]


def test_expired_assignment_can_be_assigned_again(
    scope: Scope, services: Services, user: UserView, group: GroupView
) -> None:
    role = create_role(scope, name="Auditors")
    expires_at = services.clock() + 60
    assign_role(
        scope, role_id=role.id, user_ids=[user.id], group_ids=[group.id], expires_at=expires_at
    )
    assert list_assignable_roles(scope, user_id=user.id).items == ()
    assert list_assignable_roles(scope, group_id=group.id).items == ()
    assert list_assignable_users(scope, role.id, q=user.username).items == ()
    assert list_assignable_groups(scope, role.id).items == ()
    later = replace(scope, services=replace(services, clock=lambda: expires_at))
    assert [item.id for item in list_assignable_roles(later, user_id=user.id).items] == [role.id]
    assert [item.id for item in list_assignable_roles(later, group_id=group.id).items] == [role.id]
    again = list_assignable_users(later, role.id, q=user.username)
    assert [item.id for item in again.items] == [user.id]
    assert [item.id for item in list_assignable_groups(later, role.id).items] == [group.id]


def test_first_50_of_60_users_assigned_leaves_the_other_active_ones(scope: Scope) -> None:
    role = create_role(scope, name="Auditors")
    created = [users.create_user(scope, username=f"user{number:02}") for number in range(60)]
    users.update_user(scope, created[59].id, active=False)
    assign_role(scope, role_id=role.id, user_ids=[user.id for user in created[:50]])
    page = list_assignable_users(scope, role.id, q="user", limit=50)
    assert [user.username for user in page.items] == [user.username for user in created[50:59]]
    assert [u.username for u in list_assignable_users(scope, role.id, q="user52").items] == [
        "user52"
    ]
    assert list_assignable_users(scope, role.id, q="user02").items == ()


def test_first_50_of_60_groups_assigned_leaves_the_other_10(scope: Scope) -> None:
    role = create_role(scope, name="Auditors")
    created = [groups.create_group(scope, name=f"Group {number:02}") for number in range(60)]
    assign_role(scope, role_id=role.id, group_ids=[group.id for group in created[:50]])
    page = list_assignable_groups(scope, role.id, limit=50)
    assert [group.name for group in page.items] == [group.name for group in created[50:]]
    assert list_assignable_groups(scope, role.id, q="01").items == ()


def test_page_says_when_there_is_more(scope: Scope, roles: list[RoleView], user: UserView) -> None:
    page = list_assignable_roles(scope, user_id=user.id, limit=50)
    assert len(page.items) == 50
    assert page.next is not None


def test_other_workspaces_are_not_found(scope: Scope, user: UserView) -> None:
    role = create_role(scope, name="Auditors")
    other = create_workspace(scope.services, SYSTEM, slug="other", name="Other")
    other_scope = Scope(scope.services, other.id, SYSTEM)
    with pytest.raises(NotFound):
        list_assignable_roles(other_scope, user_id=user.id)
    with pytest.raises(NotFound):
        list_assignable_users(other_scope, role.id)
    with pytest.raises(NotFound):
        list_assignable_groups(other_scope, role.id)
    create_role(other_scope, name="Elsewhere")
    assert [item.id for item in list_assignable_roles(scope, user_id=user.id).items] == [role.id]


def test_assign_role_assigns_to_all_or_to_none(scope: Scope, user: UserView) -> None:
    role = create_role(scope, name="Auditors")
    with pytest.raises(NotFound):
        assign_role(scope, role_id=role.id, user_ids=[user.id, "unknown"])
    assert assignments_of_role(scope, role.id).items == ()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the statements that the test executes."""
    executed: list[str] = []
    connection: Database = database.obj
    execute = connection.execute_sql

    def record(sql: str, *args: object, **options: object) -> object:
        executed.append(sql)
        return execute(sql, *args, **options)

    monkeypatch.setattr(connection, "execute_sql", record)
    yield executed


def test_assigned_roles_are_left_out_in_one_statement(
    scope: Scope, roles: list[RoleView], user: UserView, statements: list[str]
) -> None:
    list_assignable_roles(scope, user_id=user.id)
    filtered = [sql for sql in statements if "NOT EXISTS" in sql]
    assert len(filtered) == 1
    assert "LIMIT" in filtered[0]
