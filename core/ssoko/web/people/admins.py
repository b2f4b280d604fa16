"""Workspace Admins: the users who can change this workspace."""

from functools import partial

from flask import render_template, url_for
from werkzeug.wrappers import Response

from ssoko.errors import Conflict, Forbidden, InputError
from ssoko.services.people import users
from ssoko.web.components.picker import (
    USERS,
    Picker,
    build_picker,
    require_selected,
    search_redirect,
)
from ssoko.web.framework.responses import Undo, ViewResponse, argument, counted, refused, see
from ssoko.web.framework.session import admin_only, current_scope, current_workspace


@admin_only
def index() -> str:
    """List the admins; ``?add=1`` opens the dialog."""
    return _page(picker=_picker() if argument("add") else None)


@admin_only
def promote() -> ViewResponse:
    """Make the selected users admins."""
    redirect = search_redirect(USERS, "users.admins", add=1)
    if redirect:
        return redirect
    try:
        user_ids = require_selected(USERS)
    except InputError as error:
        return _page(picker=_picker(error)), 422
    admins = users.make_admins(current_scope(), user_ids)
    if len(admins) == 1:
        return see("users.admins", f"{admins[0].display_name} is now an admin.")
    return see("users.admins", f"{counted(len(admins), 'person', 'people')} are now admins.")


@admin_only
def demote(user_id: str) -> Response:
    """Remove admin rights; the account stays."""
    try:
        user = users.update_user(current_scope(), user_id, admin=False)
    except (Conflict, Forbidden) as error:
        return refused(error, "users.admins")
    return see(
        "users.admins",
        f"Removed admin rights from {user.display_name}.",
        undo=Undo(url_for("users.promote"), {"user": user.id}),
    )


def _page(*, picker: Picker | None) -> str:
    workspace = current_workspace()
    page = users.list_users(
        workspace.id, admin=True, q=argument("q"), cursor=argument("cursor") or None
    )
    active = users.list_users(workspace.id, admin=True, active=True, limit=2)
    return render_template(
        "people/users/admins.html",
        page=page,
        total=users.count_users(workspace.id, admin=True, q=argument("q")),
        only_one=len(active.items) == 1,
        picker=picker,
    )


def _picker(error: InputError | None = None) -> Picker:
    page = url_for("users.admins")
    return build_picker(
        USERS,
        partial(users.list_users, current_workspace().id, admin=False, active=True),
        title="Add workspace admins",
        button="Add admins",
        action=page,
        close=page,
        empty="All active users are admins already.",
        error=error,
    )
