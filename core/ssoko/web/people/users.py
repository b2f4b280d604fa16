"""Users: the list, creating and deleting, and the tabs Details and Activity of a user."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import Conflict, Forbidden, InputError
from ssoko.services.access import assignments as access_assignments
from ssoko.services.activity import log
from ssoko.services.authentication import sessions
from ssoko.services.people import users
from ssoko.web.components.edit_forms import rebase_texts
from ssoko.web.components.event_list import page_links
from ssoko.web.components.tabs import render_user_tab
from ssoko.web.framework.responses import (
    Errors,
    Undo,
    ViewResponse,
    argument,
    form_page,
    refused,
    see,
)
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_workspace,
)
from ssoko.web.people import admins, user_roles, user_sessions
from ssoko.web.people.user_form import read_user, stored_texts, user_fields

blueprint = Blueprint("users", __name__, url_prefix="/w/<workspace>")

STATES = (("", "All", None), ("active", "Active", True), ("disabled", "Disabled", False))


@blueprint.get("/users")
@admin_only
def index() -> str:
    """List the users of the workspace by name."""
    active = {value: active for value, _, active in STATES}.get(argument("state"))
    page = users.list_users(
        current_workspace().id, q=argument("q"), active=active, cursor=argument("cursor") or None
    )
    return render_template(
        "people/users/index.html",
        page=page,
        total=users.count_users(current_workspace().id, q=argument("q"), active=active),
        q=argument("q"),
        state=argument("state"),
        states=STATES,
    )


@blueprint.route("/users/new", methods=["GET", "POST"])
@admin_only
def new() -> ViewResponse:
    """Create a user."""
    errors: Errors = {}
    if request.method == "POST":
        try:
            user = users.create_user(current_scope(), **read_user())
        except InputError as error:
            errors = error.errors
        else:
            message = f"Created {user.display_name}. Next: assign an app."
            return see("users.details", message, user_id=user.id)
    return form_page("people/users/new.html", errors, fields=user_fields(None, errors))


@blueprint.route("/users/<user_id>", methods=["GET", "POST"])
@admin_only
def details(user_id: str) -> ViewResponse:
    """Show and change the details of the user."""
    user = users.get_user(current_workspace().id, user_id)
    errors = rebase_texts(stored_texts(user))
    if request.method == "POST" and not errors:
        try:
            user = _change(user_id, **read_user())
        except InputError as error:
            errors = error.errors
        except Forbidden as error:
            return refused(error, "users.details", user_id=user_id)
        else:
            return see("users.details", f"Saved {user.display_name}.", user_id=user_id)
    page = render_user_tab("details", user, errors=errors, fields=user_fields(user, errors))
    return (page, 422) if errors else page


@blueprint.get("/users/<user_id>/activity", endpoint="activity")
@admin_only
def events(user_id: str) -> str:
    """List what the user did, or with ``?of=target`` what was changed about the user."""
    user = users.get_user(current_workspace().id, user_id)
    about = {"target_id": user.id} if argument("of") == "target" else {"actor_id": user.id}
    page = log.list_events(current_scope(), cursor=argument("cursor") or None, **about)
    return render_user_tab(
        "activity",
        user,
        page=page,
        page_links=page_links(page),
        of=argument("of"),
        actions=log.ACTIONS,
    )


@blueprint.post("/users/<user_id>/enable")
@admin_only
def enable(user_id: str) -> Response:
    """Enable the user."""
    user = _change(user_id, active=True)
    return see("users.details", f"Enabled {user.display_name}.", user_id=user_id)


@blueprint.post("/users/<user_id>/disable")
@admin_only
def disable(user_id: str) -> Response:
    """Disable the user and end all sessions; roles and groups are kept."""
    try:
        user = _change(user_id, active=False)
    except (Conflict, Forbidden) as error:
        return refused(error, "users.details", user_id=user_id)
    message = f"Disabled {user.display_name} and ended all sessions."
    undo = Undo(url_for("users.enable", user_id=user_id))
    return see("users.details", message, undo=undo, user_id=user_id)


@blueprint.route("/users/<user_id>/delete", methods=["GET", "POST"])
@admin_only
def delete(user_id: str) -> ViewResponse:
    """Show what deleting the user removes, and delete the user when confirmed."""
    user = users.get_user(current_workspace().id, user_id)
    if request.method == "POST":
        try:
            users.delete_user(current_scope(), user_id)
        except (Conflict, Forbidden) as error:
            return refused(error, "users.details", user_id=user_id)
        return see("users.index", f"Deleted {user.display_name}.")
    assignments = access_assignments.assignments_of_user(current_scope(), user_id)
    open_sessions = sessions.list_sessions(current_scope(), user_id)
    return render_template(
        "people/users/delete.html", user=user, assignments=assignments, sessions=open_sessions
    )


def _change(user_id: str, **changes: Any) -> users.UserView:
    return users.update_user(current_scope(), user_id, **changes)


for _rule, _name, _view, _methods in (
    ("/users/<user_id>/roles", "roles", user_roles.show, ["GET"]),
    ("/users/<user_id>/roles", "assign_roles", user_roles.assign, ["POST"]),
    ("/users/<user_id>/roles/<role_id>/remove", "remove_role", user_roles.remove, ["POST"]),
    ("/users/<user_id>/groups", "add_to_groups", user_roles.add_to_groups, ["POST"]),
    (
        "/users/<user_id>/groups/<group_id>/leave",
        "remove_from_group",
        user_roles.remove_from_group,
        ["POST"],
    ),
    ("/users/<user_id>/sessions", "sessions", user_sessions.show, ["GET"]),
    ("/users/<user_id>/sessions/end", "end_sessions", user_sessions.end_all, ["POST"]),
    ("/users/<user_id>/sessions/<handle>/end", "end_session", user_sessions.end_one, ["POST"]),
    ("/admins", "admins", admins.index, ["GET"]),
    ("/admins", "promote", admins.promote, ["POST"]),
    ("/admins/<user_id>/remove", "demote", admins.demote, ["POST"]),
):
    blueprint.add_url_rule(_rule, _name, _view, methods=_methods)
