"""The row behind a signed-in browser, read in one statement and written in one."""

import json
from dataclasses import dataclass
from typing import Any

from ssoko.services.context import Actor, Services
from ssoko.services.names import is_text
from ssoko.services.secrets import digest, make_token
from ssoko.services.users import UserView, display_name
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models import Session, User, database


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in browser.

    :param session_id: SHA-256 of the token; names the session inside Ssoko and opens nothing.
    :param handle: names it in pages and addresses.
    :param authn_at: when the person proved who they are, seconds since the epoch, UTC.
    :param authn_method: how: ``password`` or ``link``.
    :param expires_at: when the session ends in any case.
    """

    session_id: str
    handle: str
    user: UserView
    workspace: WorkspaceView
    authn_at: int
    authn_method: str
    expires_at: int

    def actor(self, address: str = "") -> Actor:
        """Return the person as the activity log names them."""
        return Actor("user", self.user.id, self.user.display_name, address)


# Every request reads this; query building would cost more than the query.
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
    """Return the session behind a token and when it was last seen, or None when it is over."""
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
    """Cut what a browser says about itself down to what can be stored and shown."""
    return "".join(c for c in text[:longest] if is_text(c) and c.isprintable())
