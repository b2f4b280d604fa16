"""The tab Roles of a group: what all its members have through it."""

from flask import url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments as access_assignments
from ssoko.services.access import roles
from ssoko.services.people import groups
from ssoko.services.people.groups import GroupView
from ssoko.web.components.picker import SHOWN, Picker, chosen_ids, of_role, searched, with_chosen
from ssoko.web.components.tabs import render_group_tab
from ssoko.web.framework.dates import parse_last_day
from ssoko.web.framework.responses import Answer, argument, posted, see, sentence_of
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)


@admin_only
def show(group_id: str) -> str:
    """Show the group's roles; with ``?add=1`` the dialog that gives more is open."""
    group = groups.get_group(current_workspace().id, group_id)
    return _page(group, picker=_picker(group) if argument("add") else None)


@admin_only
def give(group_id: str) -> Answer:
    """Give the ticked roles to the group."""
    again = searched("groups.roles", "role", group_id=group_id, add=1)
    if again:
        return again
    here, services = current_workspace(), current_services()
    group = groups.get_group(here.id, group_id)
    chosen = sorted(chosen_ids("role"))
    try:
        if not chosen:
            raise InputError.of("role", "Tick at least one role")
        until = parse_last_day(
            posted("expires"), field="expires", time_zone=here.time_zone, now=services.clock()
        )
        access_assignments.assign_roles(
            current_scope(), role_ids=chosen, group_id=group.id, expires_at=until
        )
    except InputError as error:
        return _page(group, picker=_picker(group, error)), 422
    what = "1 role" if len(chosen) == 1 else f"{len(chosen)} roles"
    return see("groups.roles", f"Everybody in {group.name} now has {what} more.", group_id=group.id)


@admin_only
def remove(group_id: str, role_id: str) -> Response:
    """Take a role from the group."""
    here = current_workspace()
    role = roles.get_role(here.id, role_id)
    access_assignments.revoke_role(current_scope(), role_id=role.id, group_id=group_id)
    return see("groups.roles", f"{role.name} is taken from the group.", group_id=group_id)


def _page(group: GroupView, *, picker: Picker | None) -> str:
    assignments = access_assignments.assignments_of_group(current_scope(), group.id)
    return render_group_tab(
        "roles",
        group,
        assignments=assignments,
        picker=picker,
        errors={"role": [picker.error]} if picker and picker.error else {},
    )


def _picker(group: GroupView, error: InputError | None = None) -> Picker:
    here = current_workspace()
    q, chosen = posted("find") or argument("find"), chosen_ids("role")
    held = {
        assignment.role.id
        for assignment in access_assignments.assignments_of_group(current_scope(), group.id)
    }
    found = roles.list_roles(here.id, q=q, limit=SHOWN)
    page = url_for("groups.roles", group_id=group.id)
    return Picker(
        title=f"Add roles to {group.name}",
        button="Add roles",
        field="role",
        things="roles",
        action=page,
        close=page,
        choices=with_chosen(
            (of_role(role) for role in found.items if role.id not in held),
            chosen,
            lambda key: of_role(roles.get_role(here.id, key)),
        ),
        more=found.next is not None,
        q=q,
        chosen=chosen,
        dated=True,
        expires=posted("expires") or argument("expires"),
        error=sentence_of(error) if error else "",
        none=f"{group.name} has every role there is.",
    )
