"""The tab Roles of a group: the roles that all its members have through it."""

from functools import partial

from flask import url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments as access_assignments
from ssoko.services.access import roles
from ssoko.services.access.assignable import list_assignable_roles
from ssoko.services.people import groups
from ssoko.services.people.groups import GroupView
from ssoko.web.components.picker import (
    ROLES,
    Picker,
    build_picker,
    require_selected,
    search_redirect,
)
from ssoko.web.components.tabs import render_group_tab
from ssoko.web.framework.dates import last_day, posted_expiry
from ssoko.web.framework.responses import Undo, ViewResponse, argument, counted, see
from ssoko.web.framework.session import admin_only, current_scope, current_workspace


@admin_only
def show(group_id: str) -> str:
    """Show the group's roles; ``?add=1`` opens the dialog."""
    group = groups.get_group(current_workspace().id, group_id)
    return _page(group, picker=_picker(group) if argument("add") else None)


@admin_only
def assign(group_id: str) -> ViewResponse:
    """Assign the selected roles to the group."""
    redirect = search_redirect(ROLES, "groups.roles", group_id=group_id, add=1)
    if redirect:
        return redirect
    group = groups.get_group(current_workspace().id, group_id)
    try:
        assignments = access_assignments.assign_roles(
            current_scope(),
            role_ids=require_selected(ROLES),
            group_id=group.id,
            expires_at=posted_expiry(),
        )
    except InputError as error:
        return _page(group, picker=_picker(group, error)), 422
    what = counted(len(assignments), "role")
    return see("groups.roles", f"Assigned {what} to {group.name}.", group_id=group.id)


@admin_only
def remove(group_id: str, role_id: str) -> Response:
    """Remove a role from the group."""
    workspace = current_workspace()
    role = roles.get_role(workspace.id, role_id)
    group = groups.get_group(workspace.id, group_id)
    expires_at = access_assignments.remove_role(current_scope(), role_id=role.id, group_id=group.id)
    members = counted(group.member_count, "member")
    return see(
        "groups.roles",
        f"Removed {role.name} from {group.name}, which has {members}.",
        undo=Undo(
            url_for("groups.assign_roles", group_id=group.id),
            {"role": role.id, "expires": last_day(expires_at)},
        ),
        group_id=group_id,
    )


def _page(group: GroupView, *, picker: Picker | None) -> str:
    assignments = access_assignments.assignments_of_group(current_scope(), group.id)
    return render_group_tab("roles", group, assignments=assignments, picker=picker)


def _picker(group: GroupView, error: InputError | None = None) -> Picker:
    page = url_for("groups.roles", group_id=group.id)
    return build_picker(
        ROLES,
        partial(list_assignable_roles, current_scope(), group_id=group.id),
        title=f"Add roles to {group.name}",
        button="Add roles",
        action=page,
        close=page,
        empty=f"{group.name} has all roles of this workspace.",
        has_expiry=True,
        error=error,
    )
