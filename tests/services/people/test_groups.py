"""Groups and their members."""

import pytest
from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people.groups import (
    GroupView,
    add_member,
    add_members,
    add_to_groups,
    create_group,
    delete_group,
    get_group,
    groups_of,
    list_addable_groups,
    list_addable_users,
    list_groups,
    list_members,
    remove_member,
    update_group,
)
from ssoko.services.people.users import UserView, create_user, update_user
from ssoko.services.workspaces import WorkspaceView
from ssoko.store import counting


@pytest.fixture
def group(scope: Scope) -> GroupView:
    return create_group(scope, name="Engineering", description="Builders")


def last_event(services: Services, workspace: WorkspaceView) -> log.EventView:
    return log.list_events(Scope(services, workspace.id, SYSTEM)).items[0]


def test_group_is_created_and_found(
    services: Services, workspace: WorkspaceView, group: GroupView
) -> None:
    assert get_group(workspace.id, group.id) == group
    assert (group.name, group.description, group.member_count) == ("Engineering", "Builders", 0)
    assert list_groups(workspace.id, q="gineer").items == (group,)
    assert list_groups(workspace.id, q="finance").items == ()
    assert last_event(services, workspace).action == "group.created"


def test_name_that_looks_the_same_is_refused(
    scope: Scope, workspace: WorkspaceView, group: GroupView
) -> None:
    with pytest.raises(Conflict):
        create_group(scope, name="ENGINEERING ")
    other = create_group(scope, name="Finance")
    with pytest.raises(Conflict):
        update_group(scope, other.id, name="Еngineering")
    with pytest.raises(InputError):
        update_group(scope, other.id, name="")
    assert get_group(workspace.id, other.id) == other


def test_only_given_fields_change(
    scope: Scope, services: Services, workspace: WorkspaceView, group: GroupView
) -> None:
    changed = update_group(scope, group.id, name="Engineers")
    assert (changed.name, changed.description) == ("Engineers", "Builders")
    assert last_event(services, workspace).detail == {"changed": ["name"]}


def test_members_come_and_go_with_an_event_each(
    scope: Scope, services: Services, workspace: WorkspaceView, group: GroupView, user: UserView
) -> None:
    add_member(scope, group.id, user.id)
    assert last_event(services, workspace).action == "member.added"
    before = len(log.list_events(scope).items)
    add_member(scope, group.id, user.id)
    assert len(log.list_events(scope).items) == before
    assert list_members(workspace.id, group.id).items == (user,)
    assert [g.name for g in groups_of(workspace.id, user.id)] == ["Engineering"]
    assert get_group(workspace.id, group.id).member_count == 1
    remove_member(scope, group.id, user.id)
    assert last_event(services, workspace).detail == {"user": "Amina Otieno", "user_id": user.id}
    assert groups_of(workspace.id, user.id) == ()
    with pytest.raises(NotFound):
        remove_member(scope, group.id, user.id)


def test_first_50_of_60_users_in_the_group_leaves_the_other_active_ones(
    scope: Scope, workspace: WorkspaceView, group: GroupView
) -> None:
    users = [create_user(scope, username=f"user{number:02}") for number in range(60)]
    update_user(scope, users[59].id, active=False)
    assert add_members(scope, group.id, [user.id for user in users[:50]]) == 50
    assert add_members(scope, group.id, [user.id for user in users[49:51]]) == 1
    page = list_addable_users(workspace.id, group.id, q="user", limit=50)
    assert [user.username for user in page.items] == [user.username for user in users[51:59]]
    searched = list_addable_users(workspace.id, group.id, q="user55")
    assert [user.username for user in searched.items] == ["user55"]
    assert list_addable_users(workspace.id, group.id, q="user02").items == ()


def test_members_are_added_all_or_none(
    scope: Scope, workspace: WorkspaceView, group: GroupView, user: UserView
) -> None:
    with pytest.raises(NotFound):
        add_members(scope, group.id, [user.id, "unknown"])
    with pytest.raises(NotFound):
        add_to_groups(scope, user.id, [group.id, "unknown"])
    assert list_members(workspace.id, group.id).items == ()


def test_groups_of_a_user_are_not_offered_again(
    scope: Scope, workspace: WorkspaceView, user: UserView
) -> None:
    created = [create_group(scope, name=f"Group {number:02}") for number in range(60)]
    add_to_groups(scope, user.id, [group.id for group in created[:50]])
    page = list_addable_groups(workspace.id, user.id, limit=50)
    assert [group.name for group in page.items] == [group.name for group in created[50:]]
    assert list_addable_groups(workspace.id, user.id, q="01").items == ()


def test_deleting_a_group_keeps_its_members(
    scope: Scope, workspace: WorkspaceView, group: GroupView, user: UserView
) -> None:
    add_member(scope, group.id, user.id)
    delete_group(scope, group.id)
    assert groups_of(workspace.id, user.id) == ()
    with pytest.raises(NotFound):
        get_group(workspace.id, group.id)


def test_groups_are_paged_by_name(scope: Scope, workspace: WorkspaceView) -> None:
    for name in ("delta", "Alpha", "charlie", "Bravo"):
        create_group(scope, name=name)
    page = list_groups(workspace.id, limit=3)
    rest = list_groups(workspace.id, limit=3, cursor=page.next)
    assert [g.name for g in (*page.items, *rest.items)] == ["Alpha", "Bravo", "charlie", "delta"]
    assert rest.next is None


def test_counting_stops(
    scope: Scope,
    workspace: WorkspaceView,
    group: GroupView,
    user: UserView,
    admin: UserView,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for member in (user, admin):
        add_member(scope, group.id, member.id)
    assert get_group(workspace.id, group.id).member_count == 2
    monkeypatch.setattr(counting, "MOST", 1)
    assert get_group(workspace.id, group.id).member_count == 1
