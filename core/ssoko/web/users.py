"""Users and Workspace Admins: the lists, and the tabs of a user's page."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services import activity, users
from ssoko.web import user_admins, user_roles, user_sessions
from ssoko.web.pages import Answer, Errors, argument, form_page, posted, see
from ssoko.web.session import admin_only, current_actor, current_services, current_workspace
from ssoko.web.user_form import read_user, user_fields
from ssoko.web.user_page import render_tab

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
        "users/index.html", page=page, q=argument("q"), state=argument("state"), states=STATES
    )


@blueprint.route("/users/new", methods=["GET", "POST"])
@admin_only
def new() -> Answer:
    """Make a user."""
    errors: Errors = {}
    if request.method == "POST":
        try:
            user = users.create_user(
                current_services(), current_workspace().id, current_actor(), **read_user()
            )
        except InputError as error:
            errors = error.errors
        else:
            message = f"{user.display_name} is here. Next, give a role."
            return see("users.details", message, user_id=user.id)
    return form_page("users/new.html", errors, fields=user_fields(None, errors))


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
        else:
            return see("users.details", f"{user.display_name} is saved.", user_id=user_id)
    page = render_tab("details", user, errors=errors, fields=user_fields(user, errors))
    return (page, 422) if errors else page


@blueprint.get("/users/<user_id>/activity", endpoint="activity")
@admin_only
def events(user_id: str) -> str:
    """Show what the user did, or with ``?of=target`` what was done to the user."""
    here = current_workspace()
    user = users.get_user(here.id, user_id)
    about = {"target_id": user.id} if argument("of") == "target" else {"actor_id": user.id}
    page = activity.list_events(
        current_services(), here.id, cursor=argument("cursor") or None, **about
    )
    return render_tab("activity", user, page=page, of=argument("of"), actions=activity.ACTIONS)


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
    user = _change(user_id, active=False)
    message = f"{user.display_name} is disabled and signed out everywhere."
    return see("users.details", message, user_id=user_id)


@blueprint.route("/users/<user_id>/delete", methods=["GET", "POST"])
@admin_only
def delete(user_id: str) -> Answer:
    """Ask first, then delete the user for good."""
    here, services = current_workspace(), current_services()
    user = users.get_user(here.id, user_id)
    errors: Errors = {}
    if request.method == "POST":
        if posted("name") == user.username:
            users.delete_user(services, here.id, current_actor(), user_id)
            return see("users.index", f"{user.display_name} is deleted.")
        errors = {"name": [f"Type the user name {user.username} exactly as it is written here"]}
    return form_page("users/delete.html", errors, user=user, typed=posted("name"))
