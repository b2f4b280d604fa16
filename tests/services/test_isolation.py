"""One workspace never sees or touches what is in another: not there is not there."""

from collections.abc import Callable
from typing import Any

import pytest
from ssoko.errors import NotFound
from ssoko.services.access import assignments, decisions, roles
from ssoko.services.authentication import sessions
from ssoko.services.context import SYSTEM, Actor, Services
from ssoko.services.people import groups, users
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.models.activity import Event


class Other:
    """A second workspace with one of everything."""

    def __init__(self, services: Services) -> None:
        made = create_workspace(services, SYSTEM, slug="other", name="Other")
        self.id = made.id
        self.user = users.create_user(services, made.id, SYSTEM, username="olga").id
        self.group = groups.create_group(services, made.id, SYSTEM, name="Others").id
        self.role = roles.create_role(services, made.id, SYSTEM, name="Other role").id
        groups.add_member(services, made.id, SYSTEM, self.group, self.user)
        assignments.assign_roles(services, made.id, SYSTEM, role_ids=[self.role], user_id=self.user)


CALLS: dict[str, Callable[[Services, str, Actor, Any], object]] = {
    "get_user": lambda s, ws, a, o: users.get_user(ws, o.user),
    "find_user": lambda s, ws, a, o: users.find_user(ws, "olga"),
    "update_user": lambda s, ws, a, o: users.update_user(s, ws, a, o.user, first_name="X"),
    "disable_user": lambda s, ws, a, o: users.update_user(s, ws, a, o.user, active=False),
    "delete_user": lambda s, ws, a, o: users.delete_user(s, ws, a, o.user),
    "list_sessions": lambda s, ws, a, o: sessions.list_sessions(s, ws, o.user),
    "end_sessions": lambda s, ws, a, o: sessions.end_sessions(s, ws, a, o.user),
    "get_group": lambda s, ws, a, o: groups.get_group(ws, o.group),
    "update_group": lambda s, ws, a, o: groups.update_group(s, ws, a, o.group, name="X"),
    "delete_group": lambda s, ws, a, o: groups.delete_group(s, ws, a, o.group),
    "list_members": lambda s, ws, a, o: groups.list_members(ws, o.group),
    "groups_of": lambda s, ws, a, o: groups.groups_of(ws, o.user),
    "add_own_member": lambda s, ws, a, o: groups.add_member(s, ws, a, o.group, a.id),
    "remove_member": lambda s, ws, a, o: groups.remove_member(s, ws, a, o.group, o.user),
    "get_role": lambda s, ws, a, o: roles.get_role(ws, o.role),
    "find_role": lambda s, ws, a, o: roles.find_role(ws, "Other role"),
    "update_role": lambda s, ws, a, o: roles.update_role(s, ws, a, o.role, name="X"),
    "delete_role": lambda s, ws, a, o: roles.delete_role(s, ws, a, o.role),
    "give_to_self": lambda s, ws, a, o: assignments.assign_roles(
        s, ws, a, role_ids=[o.role], user_id=a.id
    ),
    "give_to_other": lambda s, ws, a, o: assignments.assign_roles(
        s, ws, a, role_ids=[o.role], user_id=o.user
    ),
    "revoke_role": lambda s, ws, a, o: assignments.revoke_role(
        s, ws, a, role_id=o.role, user_id=o.user
    ),
    "assignments_of_user": lambda s, ws, a, o: assignments.assignments_of_user(s, ws, o.user),
    "assignments_of_group": lambda s, ws, a, o: assignments.assignments_of_group(s, ws, o.group),
    "assignments_of_role": lambda s, ws, a, o: assignments.assignments_of_role(s, ws, o.role),
    "decide": lambda s, ws, a, o: decisions.decide(s, ws, user_id=o.user, application_id=o.role),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_in_another_workspace_is_not_found_and_stays_as_it_was(
    services: Services, workspace: WorkspaceView, actor: Actor, name: str
) -> None:
    other = Other(services)
    before = (Event.select().count(), snapshot(services, other))
    with pytest.raises(NotFound) as refused:
        CALLS[name](services, workspace.id, actor, other)
    assert "Other" not in str(refused.value)
    assert (Event.select().count(), snapshot(services, other)) == before


@pytest.mark.parametrize("name", CALLS)
def test_in_its_own_workspace_every_call_finds_it(
    services: Services, workspace: WorkspaceView, admin: Any, name: str
) -> None:
    # The same calls from inside, so that the refusals above are no accident.
    other = Other(services)
    insider = users.create_user(services, other.id, SYSTEM, username="insider")
    actor = Actor("user", insider.id, "Insider")
    if name == "decide":
        with pytest.raises(NotFound, match="application"):
            CALLS[name](services, other.id, actor, other)
        return
    CALLS[name](services, other.id, actor, other)


@pytest.mark.parametrize("bad", ["unknown", "", "\x00", "é", "a" * 1000, "../x", None])
def test_an_id_that_can_be_none_is_not_found(
    services: Services, workspace: WorkspaceView, actor: Actor, bad: Any
) -> None:
    for call in (
        lambda: users.get_user(workspace.id, bad),
        lambda: groups.get_group(workspace.id, bad),
        lambda: roles.get_role(workspace.id, bad),
        lambda: users.update_user(services, workspace.id, actor, bad, first_name="X"),
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
        assignments.assignments_of_user(services, other.id, other.user),
    )
