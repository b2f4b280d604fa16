"""Sign in with a password or with a link.

A failed sign-in does not reveal the reason, not even by its duration: a password is hashed and an
event is written in every case. Only the correct password shows that an account is disabled.
"""

from typing import Any

from ssoko.errors import AuthenticationFailed, InputError, TooManyAttempts
from ssoko.services.activity import log
from ssoko.services.authentication import links
from ssoko.services.authentication.sessions import start_session
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.credentials.rate_limits import network_of
from ssoko.services.credentials.secret_tokens import digest
from ssoko.services.people import users
from ssoko.store.models.people import User
from ssoko.store.models.sessions import Session
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace
from ssoko.text.names import fold

#: The message for every cause, except for the correct password of a disabled account.
WRONG = "The username or password is wrong. Check both and try again."
DISABLED = "This account is disabled. Ask an admin of your workspace to enable it."
LINK_OVER = "This link has expired or was already used. Ask for a new one."

#: Sessions whose addresses are known places of a user.
_PLACES = 50


def sign_in(
    services: Services,
    workspace_id: str,
    *,
    username: str,
    password: str,
    address: str,
    user_agent: str,
) -> str:
    """Start a session with a password and return its token.

    :param username: username or email.
    :raises AuthenticationFailed: with the same message for all causes.
    :raises TooManyAttempts: before the password is checked.
    """
    user = users.find_row(workspace_id, username)
    # Attempts are counted by the typed name, not by account: a count for username and email
    # would reveal that both belong to one account.
    account = f"{workspace_id}/{_key(username)}"
    try:
        services.limiter.check_sign_in(
            account, address, is_known=lambda: user is not None and _was_at(user, address)
        )
    except TooManyAttempts as refusal:
        if refusal.first:
            _record_refusal(services, workspace_id, user, address, "too-many-attempts")
        raise
    right = services.hasher.verify(user.password_hash if user is not None else None, password)
    if user is None or not right or not user.active:
        _record_refusal(services, workspace_id, user, address, _reason(user))
        raise AuthenticationFailed(DISABLED if user is not None and right else WRONG)
    services.limiter.forgive(account, address)
    _rehash(services, user, password)
    return _begin(services, user, method="password", address=address, user_agent=user_agent)


def sign_in_with_link(
    services: Services, code: str, *, address: str, user_agent: str
) -> tuple[str, str]:
    """Use a sign-in link. Return the token of a new session and the workspace's slug.

    :raises AuthenticationFailed: when the link was used, has expired or does not exist.
    """
    with database.atomic():
        user = links.use_sign_in_link(code, now=services.clock())
        if user is None:
            raise AuthenticationFailed(LINK_OVER)
        slug = Workspace.get_by_id(user.workspace_id).slug
        token = _begin(services, user, method="link", address=address, user_agent=user_agent)
    return token, slug


def _begin(services: Services, user: User, *, method: str, address: str, user_agent: str) -> str:
    with database.atomic():
        # The user may have been disabled after the password was checked.
        if not User.select().where(User.id == user.id, User.active).exists():
            raise AuthenticationFailed(DISABLED)
        token = start_session(services, user, method=method, address=address, user_agent=user_agent)
        log.record(
            Scope(services, user.workspace_id, Actor("user", user.id, user.display_name, address)),
            "session.started",
            target=log.Target("session", digest(token)[:12], user.display_name),
            detail={"method": method},
        )
    return token


def _record_refusal(
    services: Services, workspace_id: str, user: User | None, address: str, reason: str
) -> None:
    # Unknown usernames are not logged, since users sometimes type their password there.
    log.record(
        Scope(services, workspace_id, Actor("anonymous", "", "", address)),
        "sign-in",
        target=user,
        outcome="refused",
        detail={"reason": reason},
    )


def _was_at(user: User, address: str) -> bool:
    """Tell whether the user signed in from the network of this IP address before."""
    place = network_of(address)
    latest: Any = (
        Session.select(Session.address)
        .where(Session.user == user.id)
        .order_by(Session.created_at.desc())
        .limit(_PLACES)
        .tuples()
    )
    return any(network_of(row[0]) == place for row in latest)


def _reason(user: User | None) -> str:
    if user is None:
        return "unknown-user"
    if not user.active:
        return "user-disabled"
    return "wrong-password" if user.password_hash is not None else "no-password"


def _rehash(services: Services, user: User, password: str) -> None:
    if user.password_hash is None or not services.hasher.is_outdated(user.password_hash):
        return
    fresh = services.hasher.hash(password)
    # Update only the hash that was checked, in case the password was changed meanwhile.
    User.update(password_hash=fresh).where(
        User.id == user.id, User.password_hash == user.password_hash
    ).execute()


def _key(username: str) -> str:
    try:
        return fold(username)[:300]
    except InputError:
        return digest(username) or "unreadable"
