"""The dialog that offers things to choose: searched, ticked and confirmed, all by the server."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import NotFound
from ssoko.services.access.roles import RoleView
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView
from ssoko.text.names import slugify
from ssoko.web.framework.responses import posted, see

#: The dialog shows at most so many; the search finds the others.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be ticked."""

    id: str
    title: str
    help: str
    #: Short text of the tile, and what its tint comes from; a person gets an avatar instead.
    monogram: str = ""
    tint: str = ""
    person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """All that ``_picker.html`` shows."""

    title: str
    button: str
    #: Name of the checkboxes.
    field: str
    #: What is searched, in the plural, such as ``roles``.
    things: str
    action: str
    close: str
    choices: tuple[Choice, ...]
    more: bool
    q: str = ""
    chosen: frozenset[str] = frozenset()
    dated: bool = False
    expires: str = ""
    #: Why what was sent was refused.
    error: str = ""
    #: Said when there is nothing to choose and nothing was searched.
    none: str = ""


def of_role(role: RoleView) -> Choice:
    """Show a role with the application that it opens."""
    name = role.application_name or ""
    if role.is_default and name:
        said = f"Sign in to {name}. Default role of the application"
    elif name:
        said = f"{role.description or 'No description'}. Opens {name}"
    else:
        said = role.description or "Opens no application"
    letters, tint, _ = role_tile(role)
    return Choice(role.id, role.name, said, monogram=letters, tint=tint)


def role_tile(role: RoleView) -> tuple[str, str, str]:
    """Return monogram, tint and size of a role's tile: those of its application."""
    name = role.application_name or role.name
    return monogram(name), slugify(name), "mini"


def of_user(user: UserView) -> Choice:
    """Show a person with what tells them from others of the same name."""
    said = ", ".join(part for part in (user.username, user.email) if part)
    return Choice(user.id, user.display_name, said, tint=user.id, person=True)


def of_group(group: GroupView) -> Choice:
    """Show a group with its size."""
    people = "1 person" if group.member_count == 1 else f"{group.member_count} people"
    said = f"{people}. {group.description}" if group.description else people
    return Choice(group.id, group.name, said, monogram=monogram(group.name), tint=group.id)


def monogram(name: str) -> str:
    """Return up to three letters that stand for a name."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word]
    if len(words) > 1:
        return "".join(word[0] for word in words[:2]).upper()
    return name[:3]


def chosen_ids(name: str) -> frozenset[str]:
    """Return what is ticked: of the form when one was sent, else of the address."""
    sent = request.form if request.method == "POST" else request.args
    return frozenset(value for value in sent.getlist(name)[:200] if value)


def with_chosen(
    found: Iterable[Choice], chosen: frozenset[str], find: Callable[[str], Choice]
) -> tuple[Choice, ...]:
    """Put what is ticked but not found by the search before the rest, so that it stays ticked."""
    listed = tuple(found)
    known = {choice.id for choice in listed}
    kept = []
    for missing in sorted(chosen - known):
        try:
            kept.append(find(missing))
        except NotFound:
            continue
    return (*kept, *listed)


def searched(endpoint: str, name: str, **values: object) -> Response | None:
    """Answer the dialog's Search button: the same dialog again, with what is ticked kept.

    :returns: None when another button was pressed.
    """
    if posted("do") != "search":
        return None
    return see(
        endpoint,
        find=posted("find") or None,
        expires=posted("expires") or None,
        **{name: sorted(chosen_ids(name))},
        **values,
    )
