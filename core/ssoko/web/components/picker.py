"""The dialog in which an admin selects roles, users or groups to add.

The server renders it open, searches and keeps the selection, so it works without JavaScript.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.services.access import roles
from ssoko.services.access.roles import RoleView
from ssoko.services.people import groups, users
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView
from ssoko.services.plugins.tiles import letters_of
from ssoko.store.paging import Page
from ssoko.text.names import slugify
from ssoko.web.framework.responses import (
    argument,
    counted,
    has_entries,
    posted,
    see,
    sentence_of,
)
from ssoko.web.framework.session import current_workspace

View = TypeVar("View")
ListedView = TypeVar("ListedView", covariant=True)

#: Options shown at a time; the search finds the others.
SHOWN = 50

#: Options that one form can select.
MAX_SELECTED = 200


@dataclass(frozen=True, slots=True)
class Option:
    """One role, user or group that can be selected."""

    id: str
    title: str
    help: str
    #: Letters of the tile; a user has an avatar instead.
    monogram: str = ""
    #: The tile's color depends on it.
    tint: str = ""
    avatar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """The values that ``_picker.html`` shows."""

    title: str
    button: str
    #: Name of the checkboxes.
    field: str
    #: Plural of what is listed, such as ``roles``.
    noun: str
    action: str
    close: str
    options: tuple[Option, ...]
    #: Such as ``First 50 roles. Search to find others.``
    summary: str
    q: str
    selected: frozenset[str]
    has_expiry: bool
    expires: str
    #: Why the posted form was rejected.
    error: str
    #: Shown when there are no options and the admin has not searched.
    empty: str


@dataclass(frozen=True, slots=True)
class Kind(Generic[View]):
    """What a picker lists.

    :param find: returns the view of an id in a workspace; raises ``NotFound``.
    """

    field: str
    singular: str
    plural: str
    option: Callable[[View], Option]
    find: Callable[[str, str], View]


class ListOptions(Protocol[ListedView]):
    """Lists what can be selected, filtered by the search."""

    def __call__(self, *, q: str, limit: int) -> Page[ListedView]: ...


def role_option(role: RoleView) -> Option:
    """Return a role with the application that it gives access to."""
    application = role.application_name or ""
    if role.is_default and application:
        text = f"Default role of {application}"
    elif application:
        text = f"{role.description or 'No description'}. Gives access to {application}"
    else:
        text = role.description or "Gives access to no application"
    letters, tint, _ = role_tile(role)
    return Option(role.id, role.name, text, monogram=letters, tint=tint)


def role_tile(role: RoleView) -> tuple[str, str, str]:
    """Return monogram, tint and size of a role's tile, which is the tile of its application."""
    name = role.application_name or role.name
    return letters_of(name), slugify(name), "mini"


def user_option(user: UserView) -> Option:
    """Return a user with what distinguishes users of the same name."""
    text = ", ".join(part for part in (user.username, user.email) if part)
    return Option(user.id, user.display_name, text, tint=user.id, avatar=True)


def group_option(group: GroupView) -> Option:
    """Return a group with its size."""
    members = "1 member" if group.member_count == 1 else f"{group.member_count} members"
    text = f"{members}. {group.description}" if group.description else members
    return Option(group.id, group.name, text, monogram=letters_of(group.name), tint=group.id)


ROLES = Kind("role", "role", "roles", role_option, roles.get_role)
USERS = Kind("user", "person", "people", user_option, users.get_user)
GROUPS = Kind("group", "group", "groups", group_option, groups.get_group)


def build_picker(
    kind: Kind[View],
    list_options: ListOptions[View],
    *,
    title: str,
    button: str,
    action: str,
    close: str,
    empty: str,
    has_expiry: bool = False,
    error: InputError | None = None,
) -> Picker:
    """Return the dialog with the search, the selection and the date of this request.

    :param action: URL that the form is posted to.
    :param close: URL of the page without the dialog.
    :param error: why the posted form was rejected.
    """
    q = posted("find") or argument("find")
    selected = selected_ids(kind)
    page = list_options(q=q, limit=SHOWN)
    listed = {option.id: option for option in map(kind.option, page.items)}
    options = (*_options(kind, selected - listed.keys()), *listed.values())
    return Picker(
        title=title,
        button=button,
        field=kind.field,
        noun=kind.plural,
        action=action,
        close=close,
        options=options,
        summary=_summary(kind, len(options), q=q, more=page.next is not None),
        q=q,
        selected=selected,
        has_expiry=has_expiry,
        expires=posted("expires") or argument("expires"),
        error=sentence_of(error) if error else "",
        empty=empty,
    )


def selected_ids(kind: Kind[Any]) -> frozenset[str]:
    """Return the selected ids: of the posted form, or else of the query string."""
    values = request.form if has_entries() else request.args
    return frozenset(value for value in values.getlist(kind.field)[:MAX_SELECTED] if value)


def require_selected(kind: Kind[Any]) -> list[str]:
    """Return the ids that the posted form selects, sorted.

    :raises InputError: when it selects none.
    """
    selected = sorted(selected_ids(kind))
    if not selected:
        raise InputError.of(kind.field, f"Select at least one {kind.singular}")
    return selected


def search_redirect(kind: Kind[Any], endpoint: str, **values: object) -> Response | None:
    """Redirect to the same dialog with the search and the selection, for the Search button.

    :returns: None when the form was posted with another button.
    """
    if posted("do") != "search":
        return None
    return see(
        endpoint,
        find=posted("find") or None,
        expires=posted("expires") or None,
        **{kind.field: sorted(selected_ids(kind))},
        **values,
    )


def _summary(kind: Kind[Any], count: int, *, q: str, more: bool) -> str:
    text = counted(count, kind.singular, kind.plural)
    if q:
        text += f" for “{q}”"
    return f"First {text}. Search to find others." if more else f"{text}."


def _options(kind: Kind[View], ids: frozenset[str]) -> list[Option]:
    # Selected earlier and not in this list: they stay selected.
    workspace = current_workspace()
    options = []
    for view_id in sorted(ids):
        try:
            options.append(kind.option(kind.find(workspace.id, view_id)))
        except NotFound:
            continue
    return options
