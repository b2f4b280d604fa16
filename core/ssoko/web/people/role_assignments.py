"""The tab Who has it of a role: people and groups, giving it to more and taking it back."""

from flask import url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments, roles
from ssoko.services.access.roles import RoleView
from ssoko.services.people import groups, users
from ssoko.web.components.picker import (
    SHOWN,
    Picker,
    chosen_ids,
    of_group,
    of_user,
    searched,
    with_chosen,
)
from ssoko.web.components.tabs import render_role_tab
from ssoko.web.framework.dates import parse_last_day
from ssoko.web.framework.responses import Answer, argument, posted, see, sentence_of
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)


@admin_only
def show(role_id: str) -> str:
    """Show who has the role; ``?add=people`` and ``?add=groups`` open the dialogs."""
    role = roles.get_role(current_workspace().id, role_id)
    pickers = {"people": _people, "groups": _groups}
    make = pickers.get(argument("add"))
    return _page(role, picker=make(role) if make else None)


@admin_only
def give_people(role_id: str) -> Answer:
    """Give the role to the ticked people."""
    again = searched("roles.show", "user", role_id=role_id, add="people")
    return again or _give(role_id, "user")


@admin_only
def give_groups(role_id: str) -> Answer:
    """Give the role to the ticked groups."""
    again = searched("roles.show", "group", role_id=role_id, add="groups")
    return again or _give(role_id, "group")


@admin_only
def remove_person(role_id: str, user_id: str) -> Response:
    """Take the role from a person who has it directly."""
    user = users.get_user(current_workspace().id, user_id)
    return _remove(role_id, user.display_name, user_id=user.id)


@admin_only
def remove_group(role_id: str, group_id: str) -> Response:
    """Take the role from a group."""
    group = groups.get_group(current_workspace().id, group_id)
    return _remove(role_id, group.name, group_id=group.id)


def _give(role_id: str, kind: str) -> Answer:
    here, services = current_workspace(), current_services()
    role = roles.get_role(here.id, role_id)
    chosen = sorted(chosen_ids(kind))
    try:
        if not chosen:
            raise InputError.of(kind, "Tick at least one")
        until = parse_last_day(
            posted("expires"), field="expires", time_zone=here.time_zone, now=services.clock()
        )
        for one in chosen:
            to = {"user_id": one} if kind == "user" else {"group_id": one}
            assignments.assign_roles(current_scope(), role_ids=[role.id], expires_at=until, **to)
    except InputError as error:
        picker = _people(role, error) if kind == "user" else _groups(role, error)
        return _page(role, picker=picker), 422
    thing = {"user": ("person", "people"), "group": ("group", "groups")}[kind]
    what = f"{len(chosen)} {thing[len(chosen) != 1]}"
    return see("roles.show", f"{what} more with {role.name}.", role_id=role.id)


def _remove(role_id: str, name: str, **holder: str) -> Response:
    here = current_workspace()
    role = roles.get_role(here.id, role_id)
    assignments.revoke_role(current_scope(), role_id=role.id, **holder)
    return see("roles.show", f"{role.name} is taken from {name}.", role_id=role.id)


def _page(role: RoleView, *, picker: Picker | None) -> str:
    page = assignments.assignments_of_role(
        current_scope(), role.id, cursor=argument("cursor") or None
    )
    return render_role_tab(
        "show",
        role,
        page=page,
        picker=picker,
        errors={"": [picker.error]} if picker and picker.error else {},
    )


def _people(role: RoleView, error: InputError | None = None) -> Picker:
    here = current_workspace()
    q, chosen = posted("find") or argument("find"), chosen_ids("user")
    has = {assignment.user_id for assignment in _assignments(role)}
    found = users.list_users(here.id, q=q, active=True, limit=SHOWN)
    return Picker(
        title=f"Give {role.name} to people",
        button="Give role",
        field="user",
        things="people",
        action=url_for("roles.give_people", role_id=role.id),
        close=url_for("roles.show", role_id=role.id),
        choices=with_chosen(
            (of_user(user) for user in found.items if user.id not in has),
            chosen,
            lambda key: of_user(users.get_user(here.id, key)),
        ),
        more=found.next is not None,
        q=q,
        chosen=chosen,
        dated=True,
        expires=posted("expires") or argument("expires"),
        error=sentence_of(error) if error else "",
        none="Everybody has it already.",
    )


def _groups(role: RoleView, error: InputError | None = None) -> Picker:
    here = current_workspace()
    q, chosen = posted("find") or argument("find"), chosen_ids("group")
    has = {assignment.group_id for assignment in _assignments(role)}
    found = groups.list_groups(here.id, q=q, limit=SHOWN)
    return Picker(
        title=f"Give {role.name} to groups",
        button="Give role",
        field="group",
        things="groups",
        action=url_for("roles.give_groups", role_id=role.id),
        close=url_for("roles.show", role_id=role.id),
        choices=with_chosen(
            (of_group(group) for group in found.items if group.id not in has),
            chosen,
            lambda key: of_group(groups.get_group(here.id, key)),
        ),
        more=found.next is not None,
        q=q,
        chosen=chosen,
        dated=True,
        expires=posted("expires") or argument("expires"),
        error=sentence_of(error) if error else "",
        none="There is no group that does not have it. Make one under Groups.",
    )


def _assignments(role: RoleView) -> tuple[assignments.AssignmentView, ...]:
    page = assignments.assignments_of_role(current_scope(), role.id, limit=200)
    return page.items
