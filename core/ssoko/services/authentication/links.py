"""One-time links: to set up the first admin, and to sign a user in."""

from dataclasses import dataclass

from ssoko.errors import InputError, NotFound
from ssoko.services import workspaces
from ssoko.services.activity import log
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.credentials.secret_tokens import digest
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.ids import random_id
from ssoko.store.models.people import User
from ssoko.store.models.sessions import OneTimeLink
from ssoko.store.models.table import database
from ssoko.text.names import is_id

PURPOSES = ("setup", "sign-in")

#: Maximum lifetime of a link, in seconds.
MAX_LIFETIME = 7 * 86_400


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link that is still valid.

    :param purpose: ``setup`` or ``sign-in``.
    :param user: the user that it signs in; None for a set-up link.
    """

    purpose: str
    user: UserView | None
    workspace: WorkspaceView | None
    expires_at: int


def create_link(
    services: Services,
    *,
    purpose: str,
    user_id: str | None = None,
    lifetime: int = 1800,
    actor: Actor = SYSTEM,
) -> str:
    """Create a link and return its code. The code is not stored, so it cannot be shown again.

    :param purpose: ``setup`` or ``sign-in``; the latter needs a user.
    :param lifetime: seconds, up to a week.
    :raises InputError: at ``purpose``, ``user_id`` or ``lifetime``.
    :raises NotFound: when there is no such user.
    """
    if purpose not in PURPOSES:
        raise InputError.of("purpose", "Use setup or sign-in")
    if (purpose == "sign-in") != bool(user_id):
        raise InputError.of("user_id", "Enter a user for a sign-in link, and none for a setup link")
    if not 0 < lifetime <= MAX_LIFETIME:
        raise InputError.of("lifetime", f"Enter a number of seconds from 1 to {MAX_LIFETIME}")
    # 130 random bits cannot be guessed, so attempts are not limited.
    code = random_id(26)
    now = services.clock()
    with database.atomic():
        user = _user(user_id) if user_id else None
        OneTimeLink.create(
            id=digest(code), purpose=purpose, user=user, created_at=now, expires_at=now + lifetime
        )
        if user is not None:
            scope = Scope(services, user.workspace_id, actor)
            log.record(scope, "link.created", target=user)
    return code


def peek_link(services: Services, code: str) -> LinkView | None:
    """Return a link without using it; None when it is used or expired."""
    row = OneTimeLink.get_or_none(
        OneTimeLink.id == digest(code),
        OneTimeLink.used_at.is_null(),
        OneTimeLink.expires_at > services.clock(),
    )
    if row is None or (row.user is not None and not row.user.active):
        return None
    user = row.user
    return LinkView(
        purpose=row.purpose,
        user=users.view(user) if user is not None else None,
        workspace=workspaces.view(user.workspace) if user is not None else None,
        expires_at=row.expires_at,
    )


def use_sign_in_link(code: str, *, now: int) -> User | None:
    """Use a sign-in link, inside the caller's transaction, and return its user."""
    link = digest(code)
    # Condition and change are one statement, so only one of two concurrent requests succeeds.
    used = OneTimeLink.update(used_at=now).where(
        OneTimeLink.id == link,
        OneTimeLink.purpose == "sign-in",
        OneTimeLink.used_at.is_null(),
        OneTimeLink.expires_at > now,
    )
    if not used.execute():
        return None
    user: User | None = OneTimeLink.get_by_id(link).user
    return user if user is not None and user.active else None


def use_setup_links(code: str, *, now: int) -> bool:
    """Use all set-up links, and tell whether this code was valid.

    Concurrent set-ups with different codes update the same rows, so the second waits for the first.
    """
    used = (
        OneTimeLink.update(used_at=now)
        .where(OneTimeLink.purpose == "setup", OneTimeLink.used_at.is_null())
        .returning(OneTimeLink.id, OneTimeLink.expires_at)
        .execute()
    )
    link = digest(code)
    return any(row.id == link and row.expires_at > now for row in used)


def _user(user_id: str) -> User:
    row: User | None = User.get_or_none(User.id == user_id) if is_id(user_id) else None
    if row is None:
        raise NotFound("This user does not exist")
    return row
