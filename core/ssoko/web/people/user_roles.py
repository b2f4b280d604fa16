"""The tab Roles & Groups of a user: what the user has, how it is reached, and giving more."""

from dataclasses import dataclass

from flask import url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments as access_assignments
from ssoko.services.access import roles
from ssoko.services.access.assignments import AssignmentView
from ssoko.services.access.roles import RoleView
from ssoko.services.people import groups, users
from ssoko.services.people.users import UserView
from ssoko.web.components.picker import (
    SHOWN,
    Picker,
    chosen_ids,
    of_role,
    role_tile,
    searched,
    with_chosen,
)
from ssoko.web.components.tabs import render_user_tab
from ssoko.web.framework.dates import parse_last_day
from ssoko.web.framework.responses import Answer, argument, posted, refused, see, sentence_of
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)


@dataclass(frozen=True, slots=True)
class Reached:
    """One role with every way by which the user has it."""

    role: RoleView
    paths: tuple[AssignmentView, ...]


@admin_only
def show(user_id: str) -> str:
    """Show the roles as a list or as a map; with ``?add=1`` the dialog that gives more is open."""
    user = users.get_user(current_workspace().id, user_id)
    return _page(user, picker=_picker(user) if argument("add") else None)


@admin_only
def give(user_id: str) -> Answer:
    """Give the ticked roles to the user."""
    again = searched("users.roles", "role", user_id=user_id, add=1)
    if again:
        return again
    here, services = current_workspace(), current_services()
    user = users.get_user(here.id, user_id)
    chosen = sorted(chosen_ids("role"))
    try:
        if not chosen:
            raise InputError.of("role", "Tick at least one role")
        until = parse_last_day(
            posted("expires"), field="expires", time_zone=here.time_zone, now=services.clock()
        )
        given = access_assignments.assign_roles(
            current_scope(), role_ids=chosen, user_id=user.id, expires_at=until
        )
    except InputError as error:
        return _page(user, picker=_picker(user, error)), 422
    names = " and ".join(assignment.role.name for assignment in given[:2])
    what = names if len(given) < 3 else f"{len(given)} roles"
    return see("users.roles", f"{user.display_name} now has {what}.", user_id=user.id)


@admin_only
def remove(user_id: str, role_id: str) -> Response:
    """Take a role that was given to the user directly."""
    here = current_workspace()
    role = roles.get_role(here.id, role_id)
    access_assignments.revoke_role(current_scope(), role_id=role.id, user_id=user_id)
    user = users.get_user(here.id, user_id)
    message = f"{role.name} is taken from {user.display_name}."
    return see("users.roles", message, user_id=user_id)


@admin_only
def join(user_id: str) -> Response:
    """Put the user into a group."""
    here = current_workspace()
    if not posted("group"):
        return refused(
            InputError.of("group", "Choose a group first"), "users.roles", user_id=user_id
        )
    group = groups.get_group(here.id, posted("group"))
    try:
        groups.add_member(current_scope(), group.id, user_id)
    except InputError as error:
        return refused(error, "users.roles", user_id=user_id)
    return see("users.roles", f"Joined {group.name}.", user_id=user_id)


@admin_only
def leave(user_id: str, group_id: str) -> Response:
    """Take the user out of a group, and with it the group's roles."""
    here = current_workspace()
    group = groups.get_group(here.id, group_id)
    groups.remove_member(current_scope(), group.id, user_id)
    return see("users.roles", f"Left {group.name}.", user_id=user_id)


def reached_by(assignments: tuple[AssignmentView, ...]) -> list[Reached]:
    """Gather assignments by their role, in the order of the roles' names."""
    ways: dict[str, list[AssignmentView]] = {}
    for assignment in assignments:
        ways.setdefault(assignment.role.id, []).append(assignment)
    reached = [Reached(paths[0].role, tuple(paths)) for paths in ways.values()]
    return sorted(reached, key=lambda one: one.role.name.casefold())


def _page(user: UserView, *, picker: Picker | None) -> str:
    here = current_workspace()
    assignments = access_assignments.assignments_of_user(current_scope(), user.id)
    joined = groups.groups_of(here.id, user.id)
    member_of = {group.id for group in joined}
    offered = groups.list_groups(here.id, limit=200).items
    return render_user_tab(
        "roles",
        user,
        view="map" if argument("view") == "map" else "list",
        assignments=sorted(assignments, key=lambda assignment: assignment.role.name.casefold()),
        reached=reached_by(assignments),
        groups=joined,
        offered=[group for group in offered if group.id not in member_of],
        picker=picker,
        role_tile=role_tile,
        errors={"role": [picker.error]} if picker and picker.error else {},
    )


def _picker(user: UserView, error: InputError | None = None) -> Picker:
    here = current_workspace()
    q = posted("find") or argument("find")
    chosen = chosen_ids("role")
    found = roles.list_roles(here.id, q=q, not_for_user=user.id, limit=SHOWN)
    page = url_for("users.roles", user_id=user.id)
    return Picker(
        title=f"Add roles to {user.display_name}",
        button="Add roles",
        field="role",
        things="roles",
        action=page,
        close=page,
        choices=with_chosen(
            map(of_role, found.items), chosen, lambda key: of_role(roles.get_role(here.id, key))
        ),
        more=found.next is not None,
        q=q,
        chosen=chosen,
        dated=True,
        expires=posted("expires") or argument("expires"),
        error=sentence_of(error) if error else "",
        none=f"{user.display_name} has every role there is.",
    )
