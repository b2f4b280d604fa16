"""Browser sessions: start, read, extend and end them.

The browser has a random token; its SHA-256 is stored. A session ends after ``session_idle`` seconds
without activity, ``session_lifetime`` seconds after its start, on sign-out, when the password
changes, and when the user is disabled or deleted. This takes effect at the next request.
"""

import json
import logging
from dataclasses import dataclass
from typing import Any

from peewee import OperationalError

from ssoko.errors import InputError, NotFound
from ssoko.services.activity import log as activity_log
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.credentials.secret_tokens import digest, make_token
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.applications import Application
from ssoko.store.models.people import User, display_name
from ssoko.store.models.sessions import OneTimeLink, Participation, Session
from ssoko.store.models.table import database
from ssoko.text.names import is_id, is_text


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in browser.

    :param session_id: SHA-256 of the token; identifies the session inside Ssoko and cannot be used
        to sign in.
    :param handle: identifies the session in pages and URLs.
    :param authn_at: when the user authenticated, in seconds since the epoch, UTC.
    :param authn_method: ``password`` or ``link``.
    :param expires_at: when the session ends even if it is active.
    """

    session_id: str
    handle: str
    user: UserView
    workspace: WorkspaceView
    authn_at: int
    authn_method: str
    expires_at: int

    def actor(self, address: str = "") -> Actor:
        """Return the user as the actor of events."""
        return Actor("user", self.user.id, self.user.display_name, address)


# Fixed SQL, since every request runs it and building the query would take longer than running it.
_READ = """
SELECT s.id, s.handle, s.authn_at, s.authn_method, s.expires_at, s.last_seen_at,
       u.id, u.username, u.email, u.first_name, u.last_name, u.is_admin, u.attributes,
       u.password_hash IS NOT NULL, u.created_at, u.updated_at, u.theme,
       w.id, w.slug, w.name, w.contact, w.time_zone, w.created_at
FROM browser_session s
JOIN user_account u ON u.id = s.user_id
JOIN workspace w ON w.id = s.workspace_id
WHERE s.id = {p} AND s.ended_at IS NULL AND s.expires_at > {p} AND s.last_seen_at > {p}
  AND u.active
"""


def start_session(
    services: Services, user: User, *, method: str, address: str, user_agent: str
) -> str:
    """Store a new session, inside the caller's transaction, and return its token.

    :param method: ``password`` or ``link``.
    """
    token = make_token()
    now = services.clock()
    Session.create(
        id=digest(token),
        workspace=user.workspace_id,
        user=user,
        created_at=now,
        last_seen_at=now,
        expires_at=now + services.config.session_lifetime,
        authn_at=now,
        authn_method=method,
        user_agent=_plain(user_agent, 300),
        address=_plain(address, 64),
    )
    return token


def read_session(services: Services, token: str) -> tuple[SignedIn, int] | None:
    """Return the session of a token and when it was last seen, or None when it has ended."""
    session_id = digest(token)
    if not session_id:
        return None
    now = services.clock()
    idle_since = now - services.config.session_idle
    sql = _READ.format(p=database.param)
    row = database.execute_sql(sql, (session_id, now, idle_since)).fetchone()
    return None if row is None else (_signed_in(row), int(row[5]))


def _signed_in(row: tuple[Any, ...]) -> SignedIn:
    attributes = json.loads(row[12]) if isinstance(row[12], str | bytes) else row[12]
    user = UserView(
        id=row[6],
        username=row[7],
        email=row[8],
        first_name=row[9],
        last_name=row[10],
        display_name=display_name(row[7], row[9], row[10]),
        admin=bool(row[11]),
        active=True,
        attributes=attributes,
        has_password=bool(row[13]),
        created_at=row[14],
        updated_at=row[15],
        theme=row[16],
    )
    workspace = WorkspaceView(*row[17:23])
    return SignedIn(
        session_id=row[0],
        handle=row[1],
        user=user,
        workspace=workspace,
        authn_at=row[2],
        authn_method=row[3],
        expires_at=row[4],
    )


def _plain(text: str, longest: int) -> str:
    """Limit the User-Agent to text that can be stored and shown."""
    return "".join(c for c in text[:longest] if is_text(c) and c.isprintable())


log = logging.getLogger(__name__)

#: Seconds between two updates of ``last_seen_at``.
TOUCH = 60


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session in a user's list.

    :param current: the session of the current request.
    :param applications: names of the applications that it signed in to, sorted.
    """

    handle: str
    created_at: int
    last_seen_at: int
    expires_at: int
    authn_method: str
    user_agent: str
    address: str
    current: bool
    applications: tuple[str, ...]


def load_session(services: Services, token: str) -> SignedIn | None:
    """Return the session of a token, or None when it has ended or does not exist."""
    found = read_session(services, token)
    if found is None:
        return None
    signed_in, last_seen_at = found
    now = services.clock()
    if now - last_seen_at >= min(TOUCH, services.config.session_idle // 10):
        _touch(signed_in.session_id, now)
    return signed_in


def end_session(services: Services, token_or_id: str, actor: Actor) -> None:
    """End a session, unless it has already ended.

    :param token_or_id: the token, or ``SignedIn.session_id``.
    """
    now = services.clock()
    with database.atomic():
        row = Session.get_or_none(
            Session.id.in_([digest(token_or_id), token_or_id if is_id(token_or_id) else ""]),
            Session.ended_at.is_null(),
        )
        if row is None:
            return
        Session.update(ended_at=now).where(Session.id == row.id).execute()
        scope = Scope(services, row.user.workspace_id, actor)
        if actor.id == row.user_id:
            activity_log.record(scope, "sign-out", target=row.user)
        else:
            activity_log.record(scope, "session.ended", target=row.user, detail={"sessions": 1})


def replace_session(services: Services, before: str, after: str, actor: Actor) -> None:
    """End the session that a browser had before it signed in again.

    If the same user signs in again, the new session takes over the applications of the old one, so
    that they are notified when it ends.

    :param before: token of the old session; ``after`` is the token of the new one.
    """
    with database.atomic():
        rows = list(Session.select().where(Session.id.in_([digest(before), digest(after)])))
        if len(rows) == 2 and rows[0].user_id == rows[1].user_id:
            _take_over(digest(before), digest(after))
        end_session(services, before, actor)


def _take_over(before: str, after: str) -> None:
    """Move what one session has signed in to, to another one."""
    Participation.update(session=after).where(
        Participation.session == before, Participation.ended_at.is_null()
    ).execute()


def end_sessions(
    scope: Scope,
    user_id: str,
    *,
    handle: str | None = None,
    keep: str | None = None,
) -> int:
    """End sessions of a user and return how many.

    :param handle: end only this session.
    :param keep: ``session_id`` or ``handle`` of a session that is not ended.
    :raises NotFound: when the user does not exist, or has no such active session.
    """
    user = users.row_of(scope.workspace_id, user_id)
    now = scope.services.clock()
    with database.atomic():
        update = Session.update(ended_at=now).where(
            Session.user == user,
            Session.ended_at.is_null(),
            Session.id != (keep or ""),
            Session.handle != (keep or ""),
        )
        if handle is not None:
            update = update.where(Session.handle == (handle if is_id(handle) else ""))
        ended = int(update.execute())
        if handle is not None and not ended:
            raise NotFound("This session does not exist or has ended")
        if ended:
            activity_log.record(scope, "session.ended", target=user, detail={"sessions": ended})
    return ended


def list_sessions(
    scope: Scope, user_id: str, *, current: str | None = None
) -> tuple[SessionView, ...]:
    """Return the active sessions of a user, the one seen last first; at most 200.

    :param current: ``SignedIn.session_id`` of the current session.
    :raises NotFound: when there is no such user in the workspace.
    """
    user = users.row_of(scope.workspace_id, user_id)
    now = scope.services.clock()
    rows = list(
        Session.select()
        .where(
            Session.user == user,
            Session.ended_at.is_null(),
            Session.expires_at > now,
            Session.last_seen_at > now - scope.services.config.session_idle,
        )
        .order_by(Session.last_seen_at.desc(), Session.handle)
        .limit(200)
    )
    used: Any = (
        Participation.select(Participation.session, Application.name)
        .join(Application)
        .where(
            Participation.session.in_([row.id for row in rows]), Participation.ended_at.is_null()
        )
        .order_by(Application.name_key)
        .tuples()
    )
    names: dict[str, list[str]] = {}
    for session_id, name in used:
        names.setdefault(session_id, []).append(name)
    return tuple(
        SessionView(
            handle=row.handle,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            authn_method=row.authn_method,
            user_agent=row.user_agent,
            address=row.address,
            current=row.id == current,
            applications=tuple(names.get(row.id, ())),
        )
        for row in rows
    )


def change_password(
    services: Services,
    signed_in: SignedIn,
    *,
    current: str,
    new: str,
    address: str,
    user_agent: str = "",
) -> str:
    """Let users change their own password, and return the token of a new session.

    All their earlier sessions end, this one too, so that a copied cookie stops working.

    :raises InputError: at ``current_password`` when it is wrong, at ``password`` for the new one.
    :raises TooManyAttempts: when there were too many attempts.
    """
    account = f"{signed_in.workspace.id}/{signed_in.user.id}"
    services.limiter.check_sign_in(account, address)
    row = users.row_of(signed_in.workspace.id, signed_in.user.id)
    if not services.hasher.verify(row.password_hash, current):
        raise InputError.of("current_password", "This is not your current password. Enter it again")
    services.limiter.forgive(account, address)
    with database.atomic():
        users.update_user(
            Scope(services, signed_in.workspace.id, signed_in.actor(address)),
            signed_in.user.id,
            password=new,
        )
        token = start_session(
            services, row, method="password", address=address, user_agent=user_agent
        )
        _take_over(signed_in.session_id, digest(token))
    return token


def delete_old_sessions(services: Services, *, older_than: int = 30 * 86_400) -> int:
    """Delete sessions and links that ended this many seconds ago, and return how many."""
    before = services.clock() - older_than
    with database.atomic():
        OneTimeLink.delete().where(OneTimeLink.expires_at < before).execute()
        return int(Session.delete().where(Session.expires_at < before).execute())


def _touch(session_id: str, now: int) -> None:
    try:
        with database.atomic():
            Session.update(last_seen_at=now).where(
                Session.id == session_id, Session.last_seen_at < now
            ).execute()
    except OperationalError:
        # Another process blocks the database. The user stays signed in.
        log.warning("The last activity of a session was not stored, because the database is busy")
