"""Roles: the list, and a role's page with who has it and why."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.services import applications, groups, roles, users
from ssoko.services.roles import RoleView
from ssoko.web.dates import parse_last_day
from ssoko.web.forms import FormField
from ssoko.web.here import argument, current_services, current_workspace, posted, see
from ssoko.web.session import admin_only, current_actor

blueprint = Blueprint("roles", __name__, url_prefix="/w/<workspace>/roles")


@blueprint.get("")
@admin_only
def index(workspace: str) -> str:
    """List the roles, by name."""
    page = roles.list_roles(
        current_services(),
        current_workspace().id,
        q=argument("q"),
        cursor=argument("cursor") or None,
    )
    return render_template("roles/index.html", page=page, q=argument("q"))


@blueprint.route("/new", methods=["GET", "POST"])
@admin_only
def new(workspace: str) -> Response | str | tuple[str, int]:
    """Make a role, for an application or for other uses."""
    here, services = current_workspace(), current_services()
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            role = roles.create_role(
                services,
                here.id,
                current_actor(),
                name=posted("name"),
                description=posted("description"),
                application_id=posted("application_id") or None,
            )
        except InputError as error:
            errors = error.errors
        else:
            return see("roles.show", f"Role {role.name} is made.", role_id=role.id)
    page = render_template("roles/new.html", fields=_fields(errors), errors=errors)
    return (page, 422) if errors else page


@blueprint.get("/<role_id>")
@admin_only
def show(workspace: str, role_id: str) -> str:
    """Show who has the role, directly or through a group, and give it to more."""
    return _page(role_id)
