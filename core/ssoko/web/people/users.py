"""Users and Workspace Admins: the lists, and the tabs of a user's page."""

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from ssoko.errors import Conflict, Forbidden, InputError
from ssoko.services.access import assignments as access_assignments
from ssoko.services.activity import log
from ssoko.services.authentication import sessions
from ssoko.services.people import users
from ssoko.web.components.event_list import turns
from ssoko.web.components.tabs import render_user_tab
from ssoko.web.framework.responses import Answer, Errors, argument, form_page, refused, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_workspace,
)
from ssoko.web.people import admins, user_roles, user_sessions
from ssoko.web.people.user_form import read_user, user_fields

blueprint = Blueprint("users", __name__, url_prefix="/w/<workspace>")

STATES = (("", "All", None), ("active", "Active", True), ("disabled", "Disabled", False))


@blueprint.get("/users")
@admin_only
def index() -> str:
    """List the people of the workspace, by name."""
    active = {value: active for value, _, active in STATES}.get(argument("state"))
    page = users.list_users(
        current_workspace().id, q=argument("q"), active=active, cursor=argument("cursor") or None
    )
    return render_template(
        "people/users/index.html",
        page=page,
        q=argument("q"),
        state=argument("state"),
        states=STATES,
    )


@blueprint.route("/users/new", methods=["GET", "POST"])
@admin_only
def new() -> Answer:
    """Make a user."""
    errors: Errors = {}
    if request.method == "POST":
        try:
            user = users.create_user(current_scope(), **read_user())
        except InputError as error:
            errors = error.errors
        else:
            message = f"{user.display_name} is here. Next, give a role."
            return see("users.details", message, user_id=user.id)
    return form_page("people/users/new.html", errors, fields=user_fields(None, errors))


@blueprint.route("/users/<user_id>", methods=["GET", "POST"])
@admin_only
def details(user_id: str) -> Answer:
    """Show who the user is, and change it."""
    user = users.get_user(current_workspace().id, user_id)
    errors: Errors = {}
    if request.method == "POST":
        try:
            user = _change(user_id, **read_user())
        except InputError as error:
            errors = error.errors
        except Forbidden as error:
            return refused(error, "users.details", user_id=user_id)
        else:
            return see("users.details", f"{user.display_name} is saved.", user_id=user_id)
    page = render_user_tab("details", user, errors=errors, fields=user_fields(user, errors))
    return (page, 422) if errors else page


@blueprint.get("/users/<user_id>/activity", endpoint="activity")
@admin_only
def events(user_id: str) -> str:
    """Show what the user did, or with ``?of=target`` what was done to the user."""
    here = current_workspace()
    user = users.get_user(here.id, user_id)
    about = {"target_id": user.id} if argument("of") == "target" else {"actor_id": user.id}
    page = log.list_events(current_scope(), cursor=argument("cursor") or None, **about)
    return render_user_tab(
        "activity",
        user,
        page=page,
        turns=turns(page),
        of=argument("of"),
        actions=log.ACTIONS,
    )


@blueprint.post("/users/<user_id>/enable")
@admin_only
def enable(user_id: str) -> Response:
    """Let the user sign in again."""
    user = _change(user_id, active=True)
    return see("users.details", f"{user.display_name} can sign in again.", user_id=user_id)


@blueprint.post("/users/<user_id>/disable")
@admin_only
def disable(user_id: str) -> Response:
    """Keep the user out, end the sessions, and keep everything else."""
    try:
        user = _change(user_id, active=False)
    except (Conflict, Forbidden) as error:
        return refused(error, "users.details", user_id=user_id)
    message = f"{user.display_name} is disabled and signed out everywhere."
    return see("users.details", message, user_id=user_id)


@blueprint.route("/users/<user_id>/delete", methods=["GET", "POST"])
@admin_only
def delete(user_id: str) -> Answer:
    """Ask first, then delete the user for good."""
    here = current_workspace()
    user = users.get_user(here.id, user_id)
    if request.method == "POST":
        try:
            users.delete_user(current_scope(), user_id)
        except (Conflict, Forbidden) as error:
            return refused(error, "users.details", user_id=user_id)
        return see("users.index", f"{user.display_name} is deleted.")
    assignments = access_assignments.assignments_of_user(current_scope(), user_id)
    open_sessions = sessions.list_sessions(current_scope(), user_id)
    return render_template(
        "people/users/delete.html", user=user, assignments=assignments, sessions=open_sessions
    )


def _change(user_id: str, **changes: Any) -> users.UserView:
    return users.update_user(current_scope(), user_id, **changes)


for _rule, _name, _view, _methods in (
    ("/users/<user_id>/roles", "roles", user_roles.show, ["GET"]),
    ("/users/<user_id>/roles", "give_roles", user_roles.give, ["POST"]),
    ("/users/<user_id>/roles/<role_id>/remove", "remove_role", user_roles.remove, ["POST"]),
    ("/users/<user_id>/groups", "join_group", user_roles.join, ["POST"]),
    ("/users/<user_id>/groups/<group_id>/leave", "leave_group", user_roles.leave, ["POST"]),
    ("/users/<user_id>/sessions", "sessions", user_sessions.show, ["GET"]),
    ("/users/<user_id>/sessions/end", "end_sessions", user_sessions.end_all, ["POST"]),
    ("/users/<user_id>/sessions/<handle>/end", "end_session", user_sessions.end_one, ["POST"]),
    ("/admins", "admins", admins.index, ["GET"]),
    ("/admins", "promote", admins.promote, ["POST"]),
    ("/admins/<user_id>/remove", "demote", admins.demote, ["POST"]),
):
    blueprint.add_url_rule(_rule, _name, _view, methods=_methods)
