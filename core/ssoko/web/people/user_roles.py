"""The tab Roles & Groups of a user: roles, how the user has them, and groups."""

from dataclasses import dataclass
from functools import partial

from flask import url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments as access_assignments
from ssoko.services.access import roles
from ssoko.services.access.assignable import list_assignable_roles
from ssoko.services.access.assignments import AssignmentView
from ssoko.services.access.roles import RoleView
from ssoko.services.people import groups, users
from ssoko.services.people.users import UserView
from ssoko.web.components.picker import (
    GROUPS,
    ROLES,
    Picker,
    build_picker,
    require_selected,
    role_tile,
    search_redirect,
)
from ssoko.web.components.tabs import render_user_tab
from ssoko.web.framework.dates import last_day, posted_expiry
from ssoko.web.framework.responses import Undo, ViewResponse, argument, counted, see
from ssoko.web.framework.session import admin_only, current_scope, current_workspace


@dataclass(frozen=True, slots=True)
class RoleAndPaths:
    """One role of a user, with the assignments that give it."""

    role: RoleView
    paths: tuple[AssignmentView, ...]


@admin_only
def show(user_id: str) -> str:
    """Show roles and groups; ``?add=1`` and ``?add=groups`` open the dialogs."""
    user = users.get_user(current_workspace().id, user_id)
    if argument("add") == "groups":
        return _page(user, picker=_group_picker(user))
    return _page(user, picker=_role_picker(user) if argument("add") else None)


@admin_only
def assign(user_id: str) -> ViewResponse:
    """Assign the selected roles to the user."""
    redirect = search_redirect(ROLES, "users.roles", user_id=user_id, add=1)
    if redirect:
        return redirect
    user = users.get_user(current_workspace().id, user_id)
    try:
        assignments = access_assignments.assign_roles(
            current_scope(),
            role_ids=require_selected(ROLES),
            user_id=user.id,
            expires_at=posted_expiry(),
        )
    except InputError as error:
        return _page(user, picker=_role_picker(user, error)), 422
    names = " and ".join(assignment.role.name for assignment in assignments[:2])
    what = names if len(assignments) < 3 else f"{len(assignments)} roles"
    return see("users.roles", f"Assigned {what} to {user.display_name}.", user_id=user.id)


@admin_only
def remove(user_id: str, role_id: str) -> Response:
    """Remove a role that is assigned to the user directly."""
    workspace = current_workspace()
    role = roles.get_role(workspace.id, role_id)
    expires_at = access_assignments.remove_role(current_scope(), role_id=role.id, user_id=user_id)
    user = users.get_user(workspace.id, user_id)
    return see(
        "users.roles",
        f"Removed {role.name} from {user.display_name}.",
        undo=Undo(
            url_for("users.assign_roles", user_id=user_id),
            {"role": role.id, "expires": last_day(expires_at)},
        ),
        user_id=user_id,
    )


@admin_only
def add_to_groups(user_id: str) -> ViewResponse:
    """Add the user to the selected groups."""
    redirect = search_redirect(GROUPS, "users.roles", user_id=user_id, add="groups")
    if redirect:
        return redirect
    workspace = current_workspace()
    user = users.get_user(workspace.id, user_id)
    try:
        group_ids = require_selected(GROUPS)
    except InputError as error:
        return _page(user, picker=_group_picker(user, error)), 422
    groups.add_to_groups(current_scope(), user.id, group_ids)
    names = [groups.get_group(workspace.id, group_id).name for group_id in group_ids[:2]]
    what = " and ".join(names) if len(group_ids) < 3 else counted(len(group_ids), "group")
    return see("users.roles", f"Added {user.display_name} to {what}.", user_id=user_id)


@admin_only
def remove_from_group(user_id: str, group_id: str) -> Response:
    """Remove the user from a group, and so from the roles of that group."""
    workspace = current_workspace()
    group = groups.get_group(workspace.id, group_id)
    user = users.get_user(workspace.id, user_id)
    groups.remove_member(current_scope(), group.id, user.id)
    return see(
        "users.roles",
        f"Removed {user.display_name} from {group.name}.",
        undo=Undo(url_for("users.add_to_groups", user_id=user_id), {"group": group.id}),
        user_id=user_id,
    )


def paths_by_role(assignments: tuple[AssignmentView, ...]) -> list[RoleAndPaths]:
    """Group assignments by role, sorted by the role's name."""
    paths: dict[str, list[AssignmentView]] = {}
    for assignment in assignments:
        paths.setdefault(assignment.role.id, []).append(assignment)
    reached = [RoleAndPaths(same_role[0].role, tuple(same_role)) for same_role in paths.values()]
    return sorted(reached, key=lambda item: item.role.name.casefold())


def _page(user: UserView, *, picker: Picker | None) -> str:
    assignments = access_assignments.assignments_of_user(current_scope(), user.id)
    return render_user_tab(
        "roles",
        user,
        view="map" if argument("view") == "map" else "list",
        assignments=sorted(assignments, key=lambda assignment: assignment.role.name.casefold()),
        reached=paths_by_role(assignments),
        groups=groups.groups_of(current_workspace().id, user.id),
        picker=picker,
        role_tile=role_tile,
    )


def _role_picker(user: UserView, error: InputError | None = None) -> Picker:
    page = url_for("users.roles", user_id=user.id)
    return build_picker(
        ROLES,
        partial(list_assignable_roles, current_scope(), user_id=user.id),
        title=f"Add roles to {user.display_name}",
        button="Add roles",
        action=page,
        close=page,
        empty=f"{user.display_name} has all roles of this workspace.",
        has_expiry=True,
        error=error,
    )


def _group_picker(user: UserView, error: InputError | None = None) -> Picker:
    return build_picker(
        GROUPS,
        partial(groups.list_addable_groups, current_workspace().id, user.id),
        title=f"Add {user.display_name} to groups",
        button="Add to groups",
        action=url_for("users.add_to_groups", user_id=user.id),
        close=url_for("users.roles", user_id=user.id),
        empty="No other groups. Create one under Groups.",
        error=error,
    )
