"""Workspace Admins: who may change this workspace, and how to make and unmake one."""

from flask import render_template, url_for
from werkzeug.wrappers import Response

from ssoko.errors import Conflict, Forbidden
from ssoko.services.people import users
from ssoko.web.components.picker import SHOWN, Picker, chosen_ids, of_user, searched, with_chosen
from ssoko.web.framework.responses import argument, refused, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_workspace,
)


@admin_only
def index() -> str:
    """List the admins; with ``?add=1`` the dialog that makes more of them is open."""
    here = current_workspace()
    page = users.list_users(here.id, admin=True, q=argument("q"), cursor=argument("cursor") or None)
    active = users.list_users(here.id, admin=True, active=True, limit=2)
    return render_template(
        "people/users/admins.html",
        page=page,
        only=len(active.items) == 1,
        picker=_picker() if argument("add") else None,
    )


@admin_only
def promote() -> Response:
    """Make the ticked people admins."""
    again = searched("users.admins", "user", add=1)
    if again:
        return again
    chosen = chosen_ids("user")
    if not chosen:
        return see("users.admins", add=1, missing=1)
    made = [users.update_user(current_scope(), user_id, admin=True) for user_id in sorted(chosen)]
    names = ", ".join(user.display_name for user in made[:3])
    more = f" and {len(made) - 3} more" if len(made) > 3 else ""
    return see("users.admins", f"Admins now: {names}{more}.")


@admin_only
def demote(user_id: str) -> Response:
    """Take the admin right away; the person stays a user."""
    try:
        user = users.update_user(current_scope(), user_id, admin=False)
    except (Conflict, Forbidden) as error:
        return refused(error, "users.admins")
    return see("users.admins", f"{user.display_name} is no admin any more, and still a user.")


def _picker() -> Picker:
    here, q, chosen = current_workspace(), argument("find"), chosen_ids("user")
    found = users.list_users(here.id, q=q, admin=False, active=True, limit=SHOWN)
    return Picker(
        title="Make workspace admins",
        button="Make admins",
        field="user",
        things="people",
        action=url_for("users.admins"),
        close=url_for("users.admins"),
        choices=with_chosen(
            map(of_user, found.items), chosen, lambda key: of_user(users.get_user(here.id, key))
        ),
        more=found.next is not None,
        q=q,
        chosen=chosen,
        none="Everybody here is an admin already, or disabled.",
        error="Tick at least one person" if argument("missing") else "",
    )
