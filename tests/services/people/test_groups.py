"""Groups and who is in them."""

import pytest
from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people.groups import (
    GroupView,
    add_member,
    create_group,
    delete_group,
    get_group,
    groups_of,
    list_groups,
    list_members,
    remove_member,
    update_group,
)
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store import counting


@pytest.fixture
def group(scope: Scope) -> GroupView:
    return create_group(scope, name="Engineering", description="Builders")


def last_event(services: Services, workspace: WorkspaceView) -> log.EventView:
    return log.list_events(Scope(services, workspace.id, SYSTEM)).items[0]


def test_a_group_is_made_and_found(
    services: Services, workspace: WorkspaceView, group: GroupView
) -> None:
    assert get_group(workspace.id, group.id) == group
    assert (group.name, group.description, group.member_count) == ("Engineering", "Builders", 0)
    assert list_groups(workspace.id, q="gineer").items == (group,)
    assert list_groups(workspace.id, q="finance").items == ()
    assert last_event(services, workspace).action == "group.created"


def test_a_name_that_looks_the_same_is_taken(
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


def test_only_what_is_given_changes(
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


def test_a_deleted_group_leaves_its_members(
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
