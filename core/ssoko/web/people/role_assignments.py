"""The tab Assignments of a role: the users and groups it is assigned to."""

from functools import partial

from flask import url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments, roles
from ssoko.services.access.assignable import list_assignable_groups, list_assignable_users
from ssoko.services.access.roles import RoleView
from ssoko.services.people import groups, users
from ssoko.web.components.picker import (
    GROUPS,
    USERS,
    Picker,
    build_picker,
    require_selected,
    search_redirect,
)
from ssoko.web.components.tabs import render_role_tab
from ssoko.web.framework.dates import last_day, posted_expiry
from ssoko.web.framework.responses import Undo, ViewResponse, argument, counted, see
from ssoko.web.framework.session import admin_only, current_scope, current_workspace


@admin_only
def show(role_id: str) -> str:
    """Show the assignments; ``?add=people`` and ``?add=groups`` open the dialogs."""
    role = roles.get_role(current_workspace().id, role_id)
    build = {"people": _user_picker, "groups": _group_picker}.get(argument("add"))
    return _page(role, picker=build(role) if build else None)


@admin_only
def assign_users(role_id: str) -> ViewResponse:
    """Assign the role to the selected users."""
    role = roles.get_role(current_workspace().id, role_id)
    redirect = search_redirect(USERS, "roles.show", role_id=role_id, add="people", **_origin(role))
    if redirect:
        return redirect
    try:
        user_ids = require_selected(USERS)
        assignments.assign_role(
            current_scope(), role_id=role.id, user_ids=user_ids, expires_at=posted_expiry()
        )
    except InputError as error:
        return _page(role, picker=_user_picker(role, error)), 422
    return _assigned(role, counted(len(user_ids), "person", "people"))


@admin_only
def assign_groups(role_id: str) -> ViewResponse:
    """Assign the role to the selected groups."""
    role = roles.get_role(current_workspace().id, role_id)
    redirect = search_redirect(GROUPS, "roles.show", role_id=role_id, add="groups", **_origin(role))
    if redirect:
        return redirect
    try:
        group_ids = require_selected(GROUPS)
        assignments.assign_role(
            current_scope(), role_id=role.id, group_ids=group_ids, expires_at=posted_expiry()
        )
    except InputError as error:
        return _page(role, picker=_group_picker(role, error)), 422
    return _assigned(role, counted(len(group_ids), "group"))


def _assigned(role: RoleView, what: str) -> Response:
    message = f"Assigned {role.name} to {what}."
    if _from_application(role):
        return see("applications.show_access", message, slug=role.application_id)
    return see("roles.show", message, role_id=role.id)


def _from_application(role: RoleView) -> bool:
    """Return whether the dialog was opened on the page of the role's application."""
    return argument("from") == "application" and bool(role.application_id)


def _close(role: RoleView) -> str:
    if _from_application(role):
        return url_for("applications.show_access", slug=role.application_id)
    return url_for("roles.show", role_id=role.id)


@admin_only
def remove_user(role_id: str, user_id: str) -> Response:
    """Remove the role from a user to whom it is assigned directly."""
    user = users.get_user(current_workspace().id, user_id)
    undo = url_for("roles.assign_users", role_id=role_id), {"user": user.id}
    return _remove(role_id, user.display_name, undo, user_id=user_id)


@admin_only
def remove_group(role_id: str, group_id: str) -> Response:
    """Remove the role from a group."""
    group = groups.get_group(current_workspace().id, group_id)
    undo = url_for("roles.assign_groups", role_id=role_id), {"group": group.id}
    name = f"{group.name}, which has {counted(group.member_count, 'member')}"
    return _remove(role_id, name, undo, group_id=group_id)


def _remove(role_id: str, name: str, undo: tuple[str, dict[str, str]], **owner: str) -> Response:
    role = roles.get_role(current_workspace().id, role_id)
    expires_at = assignments.remove_role(current_scope(), role_id=role.id, **owner)
    action, fields = undo
    return see(
        "roles.show",
        f"Removed {role.name} from {name}.",
        undo=Undo(action, fields | {"expires": last_day(expires_at)}),
        role_id=role.id,
    )


def _origin(role: RoleView) -> dict[str, str]:
    return {"from": "application"} if _from_application(role) else {}


def _page(role: RoleView, *, picker: Picker | None) -> str:
    page = assignments.assignments_of_role(
        current_scope(), role.id, cursor=argument("cursor") or None
    )
    return render_role_tab("show", role, page=page, picker=picker)


def _user_picker(role: RoleView, error: InputError | None = None) -> Picker:
    return build_picker(
        USERS,
        partial(list_assignable_users, current_scope(), role.id),
        title=f"Assign {role.name} to people",
        button="Assign people",
        action=url_for("roles.assign_users", role_id=role.id, **_origin(role)),
        close=_close(role),
        empty="All active users have this role.",
        has_expiry=True,
        error=error,
    )


def _group_picker(role: RoleView, error: InputError | None = None) -> Picker:
    return build_picker(
        GROUPS,
        partial(list_assignable_groups, current_scope(), role.id),
        title=f"Assign {role.name} to groups",
        button="Assign groups",
        action=url_for("roles.assign_groups", role_id=role.id, **_origin(role)),
        close=_close(role),
        empty="No other groups. Create one under Groups.",
        has_expiry=True,
        error=error,
    )
