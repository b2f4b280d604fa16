"""Roles: the list, creating and deleting, and the tab Settings of a role."""

from typing import Any

from flask import Blueprint, render_template, request

from ssoko.errors import Conflict, Forbidden, InputError
from ssoko.services.access import assignments, roles
from ssoko.services.access.roles import RoleView
from ssoko.services.applications import views
from ssoko.web.components.edit_forms import rebase_texts
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.tabs import render_role_tab
from ssoko.web.framework.responses import (
    Errors,
    ViewResponse,
    argument,
    form_page,
    has_entries,
    posted,
    refused,
    see,
)
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_workspace,
)
from ssoko.web.people import role_assignments
from ssoko.web.people.user_form import read_attributes, write_attributes

blueprint = Blueprint("roles", __name__, url_prefix="/w/<workspace>/roles")


@blueprint.get("")
@admin_only
def index() -> str:
    """List the roles by name."""
    page = roles.list_roles(
        current_workspace().id,
        q=argument("q"),
        cursor=argument("cursor") or None,
    )
    total = roles.count_roles(current_workspace().id, q=argument("q"))
    return render_template("people/roles/index.html", page=page, total=total, q=argument("q"))


@blueprint.route("/new", methods=["GET", "POST"])
@admin_only
def new() -> ViewResponse:
    """Create a role, with or without an application."""
    errors: Errors = {}
    if request.method == "POST":
        try:
            role = roles.create_role(
                current_scope(),
                name=posted("name"),
                description=posted("description"),
                application_id=posted("application_id") or None,
            )
        except InputError as error:
            errors = error.errors
        else:
            return see(
                "roles.show",
                f"Created {role.name}. Next: assign it to people or groups.",
                role_id=role.id,
            )
    fields = [*_fields(None, errors), _application_field(errors)]
    return form_page("people/roles/new.html", errors, fields=fields)


@blueprint.route("/<role_id>/settings", methods=["GET", "POST"])
@admin_only
def settings(role_id: str) -> ViewResponse:
    """Change the name, description and attributes; link to deleting the role."""
    role = roles.get_role(current_workspace().id, role_id)
    errors = rebase_texts(
        {
            "name": role.name,
            "description": role.description,
            "attributes": write_attributes(role.attributes),
        }
    )
    if request.method == "POST" and not errors:
        try:
            role = roles.update_role(
                current_scope(),
                role_id,
                name=posted("name"),
                description=posted("description"),
                attributes=_sent_attributes(role),
            )
        except InputError as error:
            errors = error.errors
        else:
            return see("roles.settings", f"Saved {role.name}.", role_id=role_id)
    fields = [*_fields(role, errors), _attributes_field(role, errors)]
    page = render_role_tab("settings", role, errors=errors, fields=fields)
    return (page, 422) if errors else page


@blueprint.route("/<role_id>/delete", methods=["GET", "POST"])
@admin_only
def delete(role_id: str) -> ViewResponse:
    """Show who loses the role, and delete it when confirmed."""
    role = roles.get_role(current_workspace().id, role_id)
    if request.method == "POST":
        try:
            roles.delete_role(current_scope(), role_id)
        except (Conflict, Forbidden) as error:
            return refused(error, "roles.settings", role_id=role_id)
        return see("roles.index", f"Deleted {role.name}.")
    page = assignments.assignments_of_role(current_scope(), role_id, limit=20)
    return render_template("people/roles/delete.html", role=role, page=page)


def _fields(role: RoleView | None, errors: Errors) -> list[FormField]:
    def value(name: str) -> str:
        if has_entries():
            return request.form.get(name, "")
        return getattr(role, name) if role else ""

    return [
        text_field(
            "name", "Name", value=value("name"), errors=errors, required=True, autocomplete="off"
        ),
        text_field(
            "description",
            "Description",
            value=value("description"),
            errors=errors,
            autocomplete="off",
            help="Shown when assigning roles",
        ),
    ]


def _attributes_field(role: RoleView, errors: Errors) -> FormField:
    return text_field(
        "attributes",
        "Attributes",
        kind="textarea",
        value=request.form.get("attributes", write_attributes(role.attributes)),
        errors=errors,
        placeholder="aws_role: Developer",
        help="One name: value per line, for integrations that read attributes from a role. "
        "Repeat a name to add another value",
    )


def _sent_attributes(role: RoleView) -> dict[str, Any]:
    """Return the posted attributes; a form without the field keeps those of the role."""
    if "attributes" not in request.form:
        return role.attributes
    return read_attributes(request.form["attributes"])


def _application_field(errors: Errors) -> FormField:
    page = views.list_applications(current_scope(), limit=200)
    choices = [("", "No application"), *((item.id, item.name) for item in page.items)]
    return text_field(
        "application_id",
        "Application",
        kind="select",
        value=request.form.get("application_id", argument("application")),
        choices=tuple(choices),
        errors=errors,
        help="People with this role can use this application",
    )


for _rule, _name, _view, _methods in (
    ("/<role_id>", "show", role_assignments.show, ["GET"]),
    ("/<role_id>/people", "assign_users", role_assignments.assign_users, ["POST"]),
    ("/<role_id>/groups", "assign_groups", role_assignments.assign_groups, ["POST"]),
    (
        "/<role_id>/people/<user_id>/remove",
        "remove_user",
        role_assignments.remove_user,
        ["POST"],
    ),
    (
        "/<role_id>/groups/<group_id>/remove",
        "remove_group",
        role_assignments.remove_group,
        ["POST"],
    ),
):
    blueprint.add_url_rule(_rule, _name, _view, methods=_methods)
