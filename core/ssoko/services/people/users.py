"""Users of a workspace: create, find, change and delete them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peewee import IntegrityError

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import UNSET, Scope, Unset
from ssoko.services.people.search import (
    count_people,
    find_people,
    forget_words,
    search_key,
    words_of,
    write_words,
)
from ssoko.services.people.user_fields import check_fields
from ssoko.store.models.people import User
from ssoko.store.models.sessions import ApiToken, OneTimeLink, Session
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace
from ssoko.store.paging import Page
from ssoko.text.names import fold, is_id, is_text


@dataclass(frozen=True, slots=True)
class UserView:
    """A user, without secrets.

    :param attributes: key to a text or a list of texts.
    :param theme: ``light``, ``dark``, or empty for the setting of the device.
    """

    id: str
    username: str
    email: str
    first_name: str
    last_name: str
    display_name: str
    admin: bool
    active: bool
    attributes: dict[str, Any]
    has_password: bool
    created_at: int
    updated_at: int
    theme: str


def create_user(
    scope: Scope,
    *,
    username: str,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
    password: str | None = None,
    admin: bool = False,
    active: bool = True,
    attributes: dict[str, Any] | None = None,
) -> UserView:
    """Create a user.

    :param password: None for a user who signs in only with a link.
    :raises InputError: with every field that is wrong.
    :raises Conflict: at ``username`` or ``email``, when it, or a value that looks the same, is in
        use.
    """
    values = check_fields(
        username=username,
        email=email,
        first_name=first_name,
        last_name=last_name,
        admin=admin,
        active=active,
        attributes={} if attributes is None else attributes,
        password=UNSET if password is None else password,
    )
    # Hashing is slow, so it is done before the transaction.
    if password is not None:
        values["password_hash"] = scope.services.hasher.hash(password)
    with database.atomic():
        row = insert(scope.workspace_id, values, now=scope.services.clock())
        log.record(
            scope, "user.created", target=row, detail={"admin": True} if row.is_admin else {}
        )
    return view(row)


def insert(workspace_id: str, values: dict[str, Any], *, now: int) -> User:
    """Store a new user with values from ``check_fields``, inside the caller's transaction.

    :raises Conflict: at ``username`` or ``email``.
    """
    _refuse_taken(workspace_id, values)
    words = _words(values)
    try:
        with database.atomic():
            row: User = User.create(
                workspace=workspace_id,
                created_at=now,
                updated_at=now,
                search_key=_search_key(values, words),
                **values,
            )
    except IntegrityError as error:
        raise _conflict(error) from None
    write_words(workspace_id, row.id, words)
    return row


def get_user(workspace_id: str, user_id: str) -> UserView:
    """Return a user.

    :raises NotFound: when there is none of this id in the workspace.
    """
    return view(row_of(workspace_id, user_id))


def find_user(workspace_id: str, username_or_email: str) -> UserView:
    """Return the user with this username, or else with this email.

    :raises NotFound: when there is none.
    """
    row = find_row(workspace_id, username_or_email)
    if row is None:
        raise NotFound("This user does not exist")
    return view(row)


def list_users(
    workspace_id: str,
    *,
    q: str = "",
    admin: bool | None = None,
    active: bool | None = None,
    unless: Any = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[UserView]:
    """List users by name.

    :param q: starts of words in the names, the username or the email.
    :param unless: exclude users who meet this condition on :class:`User`.
    """
    rows, following = find_people(
        workspace_id, q=q, admin=admin, active=active, unless=unless, limit=limit, cursor=cursor
    )
    return Page(tuple(map(view, rows)), following)


def count_users(
    workspace_id: str, *, q: str = "", admin: bool | None = None, active: bool | None = None
) -> int:
    """Count the users that :func:`list_users` lists, up to ``MOST_COUNTED``."""
    return count_people(workspace_id, q=q, admin=admin, active=active)


def make_admins(scope: Scope, user_ids: Sequence[str]) -> tuple[UserView, ...]:
    """Make users admins: all of them or none.

    :raises NotFound: when one of them is not in the workspace.
    """
    with database.atomic():
        return tuple(update_user(scope, user_id, admin=True) for user_id in user_ids)


def update_user(
    scope: Scope,
    user_id: str,
    *,
    username: str | Unset = UNSET,
    email: str | Unset = UNSET,
    first_name: str | Unset = UNSET,
    last_name: str | Unset = UNSET,
    password: str | None | Unset = UNSET,
    admin: bool | Unset = UNSET,
    active: bool | Unset = UNSET,
    attributes: dict[str, Any] | Unset = UNSET,
    theme: str | Unset = UNSET,
) -> UserView:
    """Change the given fields. Disabling the user or setting a password ends all sessions of the
    user.

    :param password: None removes the password.
    :raises InputError: with every field that is wrong.
    :raises Conflict: at ``username`` or ``email`` when it is in use, at ``admin`` or ``active`` for
        the last active admin.
    """
    before = row_of(scope.workspace_id, user_id)
    values = check_fields(
        username=username,
        email=email,
        first_name=first_name,
        last_name=last_name,
        admin=admin,
        active=active,
        attributes=attributes,
        theme=theme,
        password=UNSET if password is None else password,
        known_as=(before.username, before.email),
    )
    if password is None:
        values["password_hash"] = None
    elif not isinstance(password, Unset):
        values["password_hash"] = scope.services.hasher.hash(password)
    with database.atomic():
        row = row_of(scope.workspace_id, user_id)
        changed = {key: value for key, value in values.items() if getattr(row, key) != value}
        if changed:
            _change(scope, row, changed)
    return view(row)


def delete_user(scope: Scope, user_id: str) -> None:
    """Delete a user with their assignments, memberships, sessions, links and API tokens.

    :raises Conflict: for the last active admin.
    """
    with database.atomic():
        row = row_of(scope.workspace_id, user_id)
        if row.is_admin and row.active:
            keep_an_admin(scope.workspace_id, field="", leaving=row.id)
        ApiToken.update(revoked_at=scope.services.clock()).where(
            ApiToken.workspace == scope.workspace_id,
            ApiToken.created_by == row.id,
            ApiToken.revoked_at.is_null(),
        ).execute()
        forget_words(scope.workspace_id, row.id, _words(row.__data__))
        User.delete().where(User.id == row.id).execute()
        log.record(scope, "user.deleted", target=row)


def row_of(workspace_id: str, user_id: str) -> User:
    """Return the row of a user, for other services.

    :raises NotFound: when there is none of this id in the workspace.
    """
    row: User | None = (
        User.get_or_none(User.workspace == workspace_id, User.id == user_id)
        if is_id(user_id)
        else None
    )
    if row is None:
        raise NotFound("This user does not exist")
    return row


def find_row(workspace_id: str, username_or_email: str) -> User | None:
    """Return the row of the user with this username, or else with this email."""
    if not is_text(username_or_email) or len(username_or_email) > 300:
        return None
    try:
        key = fold(username_or_email)
    except InputError:
        return None
    if not key:
        return None
    row: User | None = User.get_or_none(User.workspace == workspace_id, User.username_key == key)
    return row or User.get_or_none(User.workspace == workspace_id, User.email_key == key)


def view(row: User) -> UserView:
    """Return the view of a row."""
    return UserView(
        id=row.id,
        username=row.username,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        display_name=row.display_name,
        admin=row.is_admin,
        active=row.active,
        attributes=row.attributes,
        has_password=row.password_hash is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        theme=row.theme,
    )


def _change(scope: Scope, row: User, changed: dict[str, Any]) -> None:
    workspace_id = row.workspace_id
    leaves = changed.get("is_admin") is False or changed.get("active") is False
    if leaves and row.is_admin and row.active:
        field = "active" if "active" in changed else "admin"
        keep_an_admin(workspace_id, field=field, leaving=row.id)
    _refuse_taken(workspace_id, changed, besides=row.id)
    old_words = _words(row.__data__)
    for key, value in changed.items():
        setattr(row, key, value)
    words = _words(row.__data__)
    row.search_key = _search_key(row.__data__, words)
    row.updated_at = scope.services.clock()
    try:
        with database.atomic():
            row.save()
    except IntegrityError as error:
        raise _conflict(error) from None
    if words != old_words:
        forget_words(workspace_id, row.id, old_words)
        write_words(workspace_id, row.id, words)
    if "password_hash" in changed or changed.get("active") is False:
        sign_out_everywhere(row.id, now=scope.services.clock())
    _record_changes(scope, row, changed)


def _record_changes(scope: Scope, row: User, changed: dict[str, Any]) -> None:
    shown = {"is_admin", "active", "password_hash"}
    plain = sorted(k for k in changed if k not in shown and not k.endswith("_key"))
    # The theme of a user is private, so it is not logged.
    if plain and plain != ["theme"]:
        log.record(scope, "user.changed", target=row, detail={"changed": plain})
    if "password_hash" in changed:
        log.record(scope, "password.changed", target=row)
    if "is_admin" in changed:
        action = "user.promoted" if row.is_admin else "user.demoted"
        log.record(scope, action, target=row)
    if "active" in changed:
        log.record(scope, "user.enabled" if row.active else "user.disabled", target=row)


def _words(values: dict[str, Any]) -> tuple[str, ...]:
    names = ("username", "email", "first_name", "last_name")
    return words_of(*(values[name] for name in names))


def _search_key(values: dict[str, Any], words: tuple[str, ...]) -> str:
    names = (values["first_name"], values["last_name"])
    return search_key(names=names if any(names) else (values["username"],), words=words)


def _refuse_taken(workspace_id: str, values: dict[str, Any], *, besides: str = "") -> None:
    """Raise an error for all values that another user signs in with, as username or email."""
    errors: dict[str, list[str]] = {}
    keys = {field: values.get(f"{field}_key") for field in ("username", "email")}
    if any(keys.values()):
        take_turns(workspace_id)
    for field, key in keys.items():
        if key and _is_taken(workspace_id, key, besides=besides):
            errors[field] = [_TAKEN[field]]
    if errors:
        raise Conflict(errors)


def _is_taken(workspace_id: str, key: str, *, besides: str) -> bool:
    # One query for each index.
    return any(
        User.select(User.id)
        .where(User.workspace == workspace_id, column == key, User.id != besides)
        .exists()
        for column in (User.username_key, User.email_key)
    )


_TAKEN = {
    "username": "This username, or one that looks the same, is in use, or it is the email of "
    "another user. Choose another username",
    "email": "This email is used by another user. Enter a different email",
}


def _conflict(error: IntegrityError) -> InputError:
    # The error message has the columns in SQLite, and the index in PostgreSQL.
    text = str(error)
    field = "email" if "email_key" in text or "user_one_email" in text else "username"
    return Conflict.of(field, _TAKEN[field])


def keep_an_admin(workspace_id: str, *, field: str, leaving: str) -> None:
    """Raise an error if the last active admin would be lost, inside the caller's transaction.

    :param leaving: ID of the active admin to disable, demote or delete.
    :raises Conflict: at ``field``.
    """
    # Two admins could remove each other.
    take_turns(workspace_id)
    others = User.select(User.id).where(
        User.workspace == workspace_id, User.is_admin, User.active, User.id != leaving
    )
    if not others.exists():
        raise Conflict.of(
            field,
            "This is the last active admin of the workspace. Make another user an admin first.",
        )


def take_turns(workspace_id: str) -> None:
    """Serialize transactions that check something in a workspace before they change it."""
    Workspace.update(name=Workspace.name).where(Workspace.id == workspace_id).execute()


def sign_out_everywhere(user_id: str, *, now: int, keep: str | None = None) -> int:
    """End the sessions and links of a user, inside the caller's transaction, and return their
    number.

    :param keep: ID or handle of a session that is not ended.
    """
    ended = Session.update(ended_at=now).where(
        Session.user == user_id,
        Session.ended_at.is_null(),
        Session.id != (keep or ""),
        Session.handle != (keep or ""),
    )
    OneTimeLink.delete().where(OneTimeLink.user == user_id, OneTimeLink.used_at.is_null()).execute()
    return int(ended.execute())
