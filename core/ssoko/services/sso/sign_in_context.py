"""The application, user and access decision behind a sign-in, read with one statement.

Building queries and rows with the models costs as much as two or three RSA signatures, so the
statements of this path are fixed text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ssoko.errors import NotFound
from ssoko.plugin.host.record import (
    Record,
    from_column,
    mappers_from_json,
    service_provider_from_json,
)
from ssoko.saml.signing import SigningKey
from ssoko.services.context import Services
from ssoko.store.sql import query

_COLUMNS = """
SELECT i.id, i.shared, w.id, w.slug, w.name, w.contact,
  a.id, a.slug, a.name, a.integration, a.enabled, a.updated_at, k.id,
  s.id, s.authn_at, s.authn_method,
  u.id, u.username, u.email, u.first_name, u.last_name, u.attributes, u.active,
  (EXISTS (
    SELECT 1 FROM role r JOIN role_assignment g ON g.role_id = r.id AND g.user_id = u.id
    WHERE r.application_id = a.id AND r.removed_at IS NULL
      AND (g.expires_at IS NULL OR g.expires_at > ?))
  OR EXISTS (
    SELECT 1 FROM membership m CROSS JOIN role_assignment g CROSS JOIN role r
    WHERE m.user_id = u.id AND g.group_id = m.group_id AND r.id = g.role_id
      AND r.application_id = a.id AND r.removed_at IS NULL
      AND (g.expires_at IS NULL OR g.expires_at > ?))), i.entity_id
"""

_USER = """
LEFT JOIN signing_key k ON k.issuer_id = i.id AND k.state = 'active'
LEFT JOIN browser_session s ON s.id = ? AND s.workspace_id = i.workspace_id
  AND s.ended_at IS NULL AND s.expires_at > ?
LEFT JOIN user_account u ON u.id = s.user_id
"""

_BY_SP = f"""{_COLUMNS} FROM issuer i JOIN workspace w ON w.id = i.workspace_id
LEFT JOIN application a ON a.issuer_id = i.id AND a.sp_entity_id = ? AND a.uninstalled_at IS NULL
{_USER} WHERE i.id = ?"""

_BY_OWN_ISSUER = f"""{_COLUMNS} FROM issuer i JOIN workspace w ON w.id = i.workspace_id
LEFT JOIN application a ON a.issuer_id = i.id AND a.uninstalled_at IS NULL AND NOT i.shared
{_USER} WHERE i.id = ?"""

_BY_SLUG = f"""{_COLUMNS} FROM workspace w
JOIN application a ON a.workspace_id = w.id AND a.slug = ? AND a.uninstalled_at IS NULL
JOIN issuer i ON i.id = a.issuer_id
{_USER} WHERE w.slug = ?"""

_BY_ID = _BY_SLUG.replace("a.slug = ?", "a.id = ?")

#: A user without a session, to preview what the SP would receive.
_FOR_USER = f"""{_COLUMNS} FROM application a JOIN workspace w ON w.id = a.workspace_id
JOIN issuer i ON i.id = a.issuer_id
LEFT JOIN signing_key k ON k.issuer_id = i.id AND k.state = 'active'
LEFT JOIN browser_session s ON 1 = 0
JOIN user_account u ON u.id = ? AND u.workspace_id = w.id
WHERE a.workspace_id = ? AND a.id = ? AND a.uninstalled_at IS NULL"""

_RECORD = "SELECT service_provider, mappers, settings FROM application WHERE id = ?"
_KEY = "SELECT private_key, certificate FROM signing_key WHERE id = ?"


@dataclass(frozen=True, slots=True)
class SignInContext:
    """The application, user and access decision behind one sign-in request.

    ``issuer_entity_id`` is empty unless an admin chose it; see ``issuers.entity_id``.
    The fields of the application are None when the issuer serves no such SP; those of session and
    user are None when nobody is signed in to this workspace.
    """

    issuer_id: str
    shared: bool
    workspace_id: str
    workspace_slug: str
    workspace_name: str
    contact: str
    application_id: str | None
    slug: str | None
    name: str | None
    integration: str | None
    enabled: bool | None
    updated_at: int | None
    signing_key_id: str | None
    session_id: str | None
    authn_at: int | None
    authn_method: str | None
    user_id: str | None
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    user_attributes: Any
    user_active: bool | None
    has_role: bool | None
    issuer_entity_id: str

    def with_user(self) -> "UserContext":
        """Return this context with types that say that nothing is None.

        :raises ValueError: when there is no application or no user.
        """
        if self.application_id is None or self.user_id is None:
            raise ValueError("the context has no application or no user")
        return UserContext(*(getattr(self, name) for name in _FIELDS))


_FIELDS = tuple(SignInContext.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class UserContext(SignInContext):
    """A context with an application and a user. Without a session, ``session_id`` is empty."""

    application_id: str
    slug: str
    name: str
    integration: str
    enabled: bool
    updated_at: int
    signing_key_id: str
    user_id: str
    username: str
    email: str
    first_name: str
    last_name: str
    user_active: bool
    has_role: bool


def by_sp(issuer_id: str, sp_entity_id: str, *, session_id: str, now: int) -> SignInContext | None:
    """Find the application of an issuer by its SP; None when the issuer does not exist."""
    return _one(_BY_SP, (now, now, sp_entity_id, session_id, now, issuer_id))


def by_own_issuer(issuer_id: str, *, session_id: str, now: int) -> SignInContext | None:
    """Find the application that has this issuer for itself."""
    return _one(_BY_OWN_ISSUER, (now, now, session_id, now, issuer_id))


def by_slug(workspace_slug: str, slug: str, *, session_id: str, now: int) -> SignInContext | None:
    """Find an application by its slug."""
    return _one(_BY_SLUG, (now, now, slug, session_id, now, workspace_slug))


def by_id(
    workspace_slug: str, application_id: str, *, session_id: str, now: int
) -> SignInContext | None:
    """Find an application by its ID."""
    return _one(_BY_ID, (now, now, application_id, session_id, now, workspace_slug))


def for_user(
    workspace_id: str, application_id: str, *, user_id: str, now: int
) -> SignInContext | None:
    """Return the context of a user without a session; None when either does not exist."""
    return _one(_FOR_USER, (now, now, user_id, workspace_id, application_id))


def _one(statement: str, params: Sequence[Any]) -> SignInContext | None:
    rows = query(statement, params)
    return SignInContext(*rows[0]) if rows else None


def record_of(context: SignInContext) -> Record:
    """Return the record of the application, parsed once per process and change."""
    return _record(context.application_id, context.updated_at)


@lru_cache(maxsize=2048)
def _record(application_id: str, updated_at: int) -> Record:
    rows = query(_RECORD, (application_id,))
    if not rows:
        raise NotFound("This application does not exist.")
    sp, mappers, settings = map(from_column, rows[0])
    return Record(service_provider_from_json(sp), mappers_from_json(mappers), settings)


def signing_key(services: Services, signing_key_id: str) -> SigningKey:
    """Return a signing key, decrypted and parsed once per process."""
    key = services.keys.loaded(signing_key_id)
    if key is None:
        rows = query(_KEY, (signing_key_id,))
        if not rows:
            raise NotFound("This signing key does not exist.")
        key = services.keys.load(signing_key_id, bytes(rows[0][0]), rows[0][1])
    return key
