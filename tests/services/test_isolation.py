"""A workspace cannot read or change objects of another workspace."""

from collections.abc import Callable
from typing import Any

import pytest
from ssoko.errors import NotFound
from ssoko.services.access import assignments, decisions, roles
from ssoko.services.authentication import sessions
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.people import groups, users
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.models.activity import Event


class Other:
    """A second workspace with one of everything."""

    def __init__(self, services: Services) -> None:
        made = create_workspace(services, SYSTEM, slug="other", name="Other")
        self.id = made.id
        scope = Scope(services, made.id, SYSTEM)
        self.user = users.create_user(scope, username="olga").id
        self.group = groups.create_group(scope, name="Others").id
        self.role = roles.create_role(scope, name="Other role").id
        groups.add_member(scope, self.group, self.user)
        assignments.assign_roles(scope, role_ids=[self.role], user_id=self.user)


CALLS: dict[str, Callable[[Scope, Any], object]] = {
    "get_user": lambda s, o: users.get_user(s.workspace_id, o.user),
    "find_user": lambda s, o: users.find_user(s.workspace_id, "olga"),
    "update_user": lambda s, o: users.update_user(s, o.user, first_name="X"),
    "disable_user": lambda s, o: users.update_user(s, o.user, active=False),
    "delete_user": lambda s, o: users.delete_user(s, o.user),
    "list_sessions": lambda s, o: sessions.list_sessions(s, o.user),
    "end_sessions": lambda s, o: sessions.end_sessions(s, o.user),
    "get_group": lambda s, o: groups.get_group(s.workspace_id, o.group),
    "update_group": lambda s, o: groups.update_group(s, o.group, name="X"),
    "delete_group": lambda s, o: groups.delete_group(s, o.group),
    "list_members": lambda s, o: groups.list_members(s.workspace_id, o.group),
    "groups_of": lambda s, o: groups.groups_of(s.workspace_id, o.user),
    "add_own_member": lambda s, o: groups.add_member(s, o.group, s.actor.id),
    "remove_member": lambda s, o: groups.remove_member(s, o.group, o.user),
    "get_role": lambda s, o: roles.get_role(s.workspace_id, o.role),
    "find_role": lambda s, o: roles.find_role(s.workspace_id, "Other role"),
    "update_role": lambda s, o: roles.update_role(s, o.role, name="X"),
    "delete_role": lambda s, o: roles.delete_role(s, o.role),
    "give_to_self": lambda s, o: assignments.assign_roles(s, role_ids=[o.role], user_id=s.actor.id),
    "give_to_other": lambda s, o: assignments.assign_roles(s, role_ids=[o.role], user_id=o.user),
    "remove_role": lambda s, o: assignments.remove_role(s, role_id=o.role, user_id=o.user),
    "assignments_of_user": lambda s, o: assignments.assignments_of_user(s, o.user),
    "assignments_of_group": lambda s, o: assignments.assignments_of_group(s, o.group),
    "assignments_of_role": lambda s, o: assignments.assignments_of_role(s, o.role),
    "decide": lambda s, o: decisions.decide(s, user_id=o.user, application_id=o.role),
}


@pytest.mark.parametrize("name", CALLS)
def test_objects_of_another_workspace_are_not_found_and_not_changed(
    services: Services, scope: Scope, name: str
) -> None:
    other = Other(services)
    before = (Event.select().count(), snapshot(services, other))
    with pytest.raises(NotFound) as refused:
        CALLS[name](scope, other)
    assert "Other" not in str(refused.value)
    assert (Event.select().count(), snapshot(services, other)) == before


@pytest.mark.parametrize("name", CALLS)
def test_in_its_own_workspace_every_call_finds_it(
    services: Services, workspace: WorkspaceView, admin: Any, name: str
) -> None:
    # The same calls from inside, so that the refusals above are no accident.
    other = Other(services)
    insider = users.create_user(Scope(services, other.id, SYSTEM), username="insider")
    scope = Scope(services, other.id, Actor("user", insider.id, "Insider"))
    if name == "decide":
        with pytest.raises(NotFound, match="application"):
            CALLS[name](scope, other)
        return
    CALLS[name](scope, other)


@pytest.mark.parametrize("bad", ["unknown", "", "\x00", "é", "a" * 1000, "../x", None])
def test_malformed_id_is_not_found(scope: Scope, workspace: WorkspaceView, bad: Any) -> None:
    for call in (
        lambda: users.get_user(workspace.id, bad),
        lambda: groups.get_group(workspace.id, bad),
        lambda: roles.get_role(workspace.id, bad),
        lambda: users.update_user(scope, bad, first_name="X"),
    ):
        with pytest.raises(NotFound):
            call()


def test_lists_hold_what_is_of_the_workspace(services: Services, workspace: WorkspaceView) -> None:
    Other(services)
    assert users.list_users(workspace.id, q="olga").items == ()
    assert groups.list_groups(workspace.id, q="others").items == ()
    assert roles.list_roles(workspace.id, q="other").items == ()


def snapshot(services: Services, other: Other) -> object:
    return (
        users.get_user(other.id, other.user),
        groups.get_group(other.id, other.group),
        groups.list_members(other.id, other.group),
        roles.get_role(other.id, other.role),
        assignments.assignments_of_user(Scope(services, other.id, SYSTEM), other.user),
    )
