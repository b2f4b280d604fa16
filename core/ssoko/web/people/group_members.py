"""The tab Members of a group: adding members from the dialog or from a pasted list."""

from functools import partial

from flask import request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.services.people import groups, users
from ssoko.services.people.groups import GroupView
from ssoko.web.components.forms import text_field
from ssoko.web.components.picker import (
    USERS,
    Picker,
    build_picker,
    require_selected,
    search_redirect,
)
from ssoko.web.components.tabs import render_group_tab
from ssoko.web.framework.responses import Errors, Undo, ViewResponse, argument, counted, see
from ssoko.web.framework.session import admin_only, current_scope, current_workspace

#: Lines that a pasted list can have.
MAX_PASTED = 500


@admin_only
def show(group_id: str) -> str:
    """Show the members; ``?add=1`` opens the dialog."""
    group = groups.get_group(current_workspace().id, group_id)
    return _page(group, picker=_picker(group) if argument("add") else None)


@admin_only
def add(group_id: str) -> ViewResponse:
    """Add the selected users."""
    redirect = search_redirect(USERS, "groups.show", group_id=group_id, add=1)
    if redirect:
        return redirect
    group = groups.get_group(current_workspace().id, group_id)
    try:
        return _add(group, require_selected(USERS))
    except InputError as error:
        return _page(group, picker=_picker(group, error)), 422


@admin_only
def paste(group_id: str) -> ViewResponse:
    """Add all users on a pasted list; when one is unknown, add none."""
    group = groups.get_group(current_workspace().id, group_id)
    errors: Errors = {}
    if request.method == "POST":
        try:
            return _add(group, read_user_ids(request.form.get("people", "")))
        except InputError as error:
            errors = error.errors
    field = text_field(
        "people",
        "People",
        kind="textarea",
        value=request.form.get("people", ""),
        errors=errors,
        required=True,
        help="One username or email address per line",
    )
    page = render_group_tab("paste", group, fields=[field], errors=errors)
    return (page, 422) if errors else page


@admin_only
def remove(group_id: str, user_id: str) -> Response:
    """Remove a user from the group, and so from the roles of the group."""
    workspace = current_workspace()
    user = users.get_user(workspace.id, user_id)
    group = groups.get_group(workspace.id, group_id)
    groups.remove_member(current_scope(), group.id, user.id)
    return see(
        "groups.show",
        f"Removed {user.display_name} from {group.name}.",
        undo=Undo(url_for("groups.add_members", group_id=group.id), {"user": user.id}),
        group_id=group.id,
    )


def read_user_ids(text: str) -> list[str]:
    """Return the ids of the users on a list of usernames and email addresses, one per line.

    :raises InputError: naming the lines for which there is no user.
    """
    lines = dict.fromkeys(line.strip(" \t,;") for line in text.splitlines())
    names = [line for line in lines if line]
    if not names:
        raise InputError.of("people", "Enter at least one username or email address")
    if len(names) > MAX_PASTED:
        raise InputError.of("people", f"Paste at most {MAX_PASTED} lines at a time")
    user_ids, unknown = [], []
    for name in names:
        try:
            user_ids.append(users.find_user(current_workspace().id, name).id)
        except NotFound:
            unknown.append(name)
    if unknown:
        listed = ", ".join(unknown[:10]) + (" and others" if len(unknown) > 10 else "")
        raise InputError.of(
            "people", f"No user has this username or email address: {listed}. Correct or remove it"
        )
    return list(dict.fromkeys(user_ids))


def _add(group: GroupView, user_ids: list[str]) -> Response:
    added = groups.add_members(current_scope(), group.id, user_ids)
    message = f"Added {counted(added, 'person', 'people')} to {group.name}"
    if len(user_ids) > added:
        message += f", {len(user_ids) - added} already in it"
    return see("groups.show", f"{message}.", group_id=group.id)


def _page(group: GroupView, *, picker: Picker | None) -> str:
    page = groups.list_members(current_workspace().id, group.id, cursor=argument("cursor") or None)
    return render_group_tab("show", group, page=page, picker=picker)


def _picker(group: GroupView, error: InputError | None = None) -> Picker:
    return build_picker(
        USERS,
        partial(groups.list_addable_users, current_workspace().id, group.id),
        title=f"Add members to {group.name}",
        button="Add members",
        action=url_for("groups.add_members", group_id=group.id),
        close=url_for("groups.show", group_id=group.id),
        empty="All active users are members already.",
        error=error,
    )
