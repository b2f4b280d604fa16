"""Groups: the list, creating and deleting, and the tab Settings of a group."""

from flask import Blueprint, render_template, request

from ssoko.errors import InputError
from ssoko.services.access import assignments as access_assignments
from ssoko.services.people import groups
from ssoko.services.people.groups import GroupView
from ssoko.web.components.edit_forms import rebase_texts
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.tabs import render_group_tab
from ssoko.web.framework.responses import (
    Errors,
    ViewResponse,
    argument,
    form_page,
    has_entries,
    posted,
    see,
)
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_workspace,
)
from ssoko.web.people import group_members, group_roles

blueprint = Blueprint("groups", __name__, url_prefix="/w/<workspace>/groups")


@blueprint.get("")
@admin_only
def index() -> str:
    """List the groups by name."""
    page = groups.list_groups(
        current_workspace().id, q=argument("q"), cursor=argument("cursor") or None
    )
    total = groups.count_groups(current_workspace().id, q=argument("q"))
    return render_template("people/groups/index.html", page=page, total=total, q=argument("q"))


@blueprint.route("/new", methods=["GET", "POST"])
@admin_only
def new() -> ViewResponse:
    """Create a group."""
    errors: Errors = {}
    if request.method == "POST":
        try:
            group = groups.create_group(
                current_scope(),
                name=posted("name"),
                description=posted("description"),
            )
        except InputError as error:
            errors = error.errors
        else:
            return see(
                "groups.show", f"Created {group.name}. Next: add members.", group_id=group.id
            )
    return form_page("people/groups/new.html", errors, fields=_fields(None, errors))


@blueprint.route("/<group_id>/settings", methods=["GET", "POST"])
@admin_only
def settings(group_id: str) -> ViewResponse:
    """Change the name and description; link to deleting the group."""
    group = groups.get_group(current_workspace().id, group_id)
    errors = rebase_texts({"name": group.name, "description": group.description})
    if request.method == "POST" and not errors:
        try:
            group = groups.update_group(
                current_scope(),
                group_id,
                name=posted("name"),
                description=posted("description"),
            )
        except InputError as error:
            errors = error.errors
        else:
            return see("groups.settings", f"Saved {group.name}.", group_id=group_id)
    page = render_group_tab("settings", group, errors=errors, fields=_fields(group, errors))
    return (page, 422) if errors else page


@blueprint.route("/<group_id>/delete", methods=["GET", "POST"])
@admin_only
def delete(group_id: str) -> ViewResponse:
    """Show what deleting the group removes, and delete it when confirmed."""
    group = groups.get_group(current_workspace().id, group_id)
    if request.method == "POST":
        groups.delete_group(current_scope(), group_id)
        return see("groups.index", f"Deleted {group.name}. Its members are still users.")
    assignments = access_assignments.assignments_of_group(current_scope(), group_id)
    return render_template("people/groups/delete.html", group=group, assignments=assignments)


def _fields(group: GroupView | None, errors: Errors) -> list[FormField]:
    def value(name: str) -> str:
        if has_entries():
            return request.form.get(name, "")
        return getattr(group, name) if group else ""

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
            help="Who is in this group, such as Backend engineers in Nairobi",
        ),
    ]


for _rule, _name, _view, _methods in (
    ("/<group_id>", "show", group_members.show, ["GET"]),
    ("/<group_id>/members", "add_members", group_members.add, ["POST"]),
    ("/<group_id>/members/paste", "paste_members", group_members.paste, ["GET", "POST"]),
    ("/<group_id>/members/<user_id>/remove", "remove_member", group_members.remove, ["POST"]),
    ("/<group_id>/roles", "roles", group_roles.show, ["GET"]),
    ("/<group_id>/roles", "assign_roles", group_roles.assign, ["POST"]),
    ("/<group_id>/roles/<role_id>/remove", "remove_role", group_roles.remove, ["POST"]),
):
    blueprint.add_url_rule(_rule, _name, _view, methods=_methods)
