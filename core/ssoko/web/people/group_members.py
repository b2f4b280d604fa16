"""The tab Members of a group: who is in it, adding by search or by a pasted list."""

from flask import request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.services.people import groups, users
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView
from ssoko.web.components.forms import text_field
from ssoko.web.components.picker import SHOWN, Picker, chosen_ids, of_user, searched, with_chosen
from ssoko.web.components.tabs import render_group_tab
from ssoko.web.framework.responses import Answer, Errors, argument, posted, see, sentence_of
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_workspace,
)

#: A pasted list may hold so many names.
MOST = 500


@admin_only
def show(group_id: str) -> str:
    """Show who is in the group; with ``?add=1`` the dialog that adds more is open."""
    group = groups.get_group(current_workspace().id, group_id)
    return _page(group, picker=_picker(group) if argument("add") else None)


@admin_only
def add(group_id: str) -> Answer:
    """Add the ticked people."""
    again = searched("groups.show", "user", group_id=group_id, add=1)
    if again:
        return again
    group = groups.get_group(current_workspace().id, group_id)
    chosen = sorted(chosen_ids("user"))
    if not chosen:
        error = InputError.of("user", "Tick at least one person")
        return _page(group, picker=_picker(group, error)), 422
    people = [users.get_user(current_workspace().id, user_id) for user_id in chosen]
    return _add(group, people)


@admin_only
def paste(group_id: str) -> Answer:
    """Add everybody on a pasted list of user names or e-mail addresses, or nobody."""
    group = groups.get_group(current_workspace().id, group_id)
    errors: Errors = {}
    if request.method == "POST":
        try:
            return _add(group, read_people(request.form.get("people", "")))
        except InputError as error:
            errors = error.errors
    field = text_field(
        "people",
        "People",
        kind="textarea",
        value=request.form.get("people", ""),
        errors=errors,
        required=True,
        help="User names or e-mail addresses, one a line",
    )
    page = render_group_tab("paste", group, fields=[field], errors=errors)
    return (page, 422) if errors else page


@admin_only
def remove(group_id: str, user_id: str) -> Response:
    """Take somebody out of the group, and with it the group's roles."""
    here = current_workspace()
    user = users.get_user(here.id, user_id)
    groups.remove_member(current_scope(), group_id, user_id)
    return see("groups.show", f"{user.display_name} is out of the group.", group_id=group_id)


def read_people(text: str) -> list[UserView]:
    """Find everybody on a list of user names and e-mail addresses, one a line.

    :raises InputError: naming every line that nobody answers to.
    """
    lines = list(dict.fromkeys(line.strip(" \t,;") for line in text.splitlines()))
    wanted = [line for line in lines if line]
    if not wanted:
        raise InputError.of("people", "Write at least one user name or e-mail address")
    if len(wanted) > MOST:
        raise InputError.of("people", f"Paste at most {MOST} names at a time")
    found, unknown = [], []
    for name in wanted:
        try:
            found.append(users.find_user(current_workspace().id, name))
        except NotFound:
            unknown.append(name)
    if unknown:
        names = ", ".join(unknown[:10]) + (" and others" if len(unknown) > 10 else "")
        raise InputError.of("people", f"Nobody here is called {names}. Correct or remove the line")
    return found


def _add(group: GroupView, people: list[UserView]) -> Response:
    here = current_workspace()
    already = 0
    for user in people:
        if group.id in {joined.id for joined in groups.groups_of(here.id, user.id)}:
            already += 1
            continue
        groups.add_member(current_scope(), group.id, user.id)
    added = len(people) - already
    message = "1 person added" if added == 1 else f"{added} people added"
    if already:
        message += f", {already} in it already"
    return see("groups.show", f"{message}.", group_id=group.id)


def _page(group: GroupView, *, picker: Picker | None) -> str:
    page = groups.list_members(current_workspace().id, group.id, cursor=argument("cursor") or None)
    return render_group_tab(
        "show",
        group,
        page=page,
        picker=picker,
        errors={"user": [picker.error]} if picker and picker.error else {},
    )


def _picker(group: GroupView, error: InputError | None = None) -> Picker:
    here = current_workspace()
    q, chosen = posted("find") or argument("find"), chosen_ids("user")
    members = {user.id for user in groups.list_members(here.id, group.id, limit=200).items}
    found = users.list_users(here.id, q=q, active=True, limit=SHOWN)
    page = url_for("groups.show", group_id=group.id)
    return Picker(
        title=f"Add members to {group.name}",
        button="Add members",
        field="user",
        things="people",
        action=url_for("groups.add_members", group_id=group.id),
        close=page,
        choices=with_chosen(
            (of_user(user) for user in found.items if user.id not in members),
            chosen,
            lambda key: of_user(users.get_user(here.id, key)),
        ),
        more=found.next is not None,
        q=q,
        chosen=chosen,
        error=sentence_of(error) if error else "",
        none="Everybody is in it already.",
    )
