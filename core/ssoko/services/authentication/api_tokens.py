"""API tokens. A token is shown once, stored as a digest, and valid for one workspace."""

from dataclasses import dataclass

from peewee import JOIN, ModelSelect

from ssoko.errors import AuthenticationFailed, InputError, NotFound
from ssoko.services import workspaces
from ssoko.services.access.assignments import LATEST
from ssoko.services.activity import log
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.credentials.secret_tokens import digest, make_token
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.people import User
from ssoko.store.models.sessions import ApiToken
from ssoko.store.models.table import database
from ssoko.store.paging import Page, check_limit, cut, decode_cursor
from ssoko.text.names import check_name, is_id

#: ``read`` can read everything that an admin can read; ``admin`` can also change it.
SCOPES = ("read", "admin")

PREFIX = "ssoko_"

#: Seconds between two updates of ``last_used_at``.
TOUCH = 60

_WRONG = "This API token is not valid. Create a new one under Settings > API tokens."


@dataclass(frozen=True, slots=True)
class TokenView:
    """An API token, without its secret.

    :param scope: one of :data:`SCOPES`.
    :param created_by: name of the user who created it.
    :param active: not revoked, not expired, and its creator still has the required rights.
    """

    id: str
    name: str
    scope: str
    created_at: int
    created_by: str
    expires_at: int | None
    last_used_at: int | None
    revoked_at: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class TokenAuth:
    """The token of an API request, and its scopes.

    :param scopes: ``admin`` includes ``read``.
    """

    id: str
    name: str
    scopes: frozenset[str]
    workspace: WorkspaceView

    def actor(self, address: str = "") -> Actor:
        """Return the token as the actor of events."""
        return Actor("token", self.id, self.name, address)


def create_token(
    scope: Scope,
    *,
    name: str,
    token_scope: str = "admin",  # noqa: S107 - what the token may do, no secret
    expires_at: int | None = None,
) -> tuple[str, TokenView]:
    """Create a token. Return its text, which cannot be read again, and its view.

    A token stops working when its creator is disabled, deleted or no longer an admin.

    :param token_scope: ``read`` or ``admin``.
    :param expires_at: seconds since the epoch in the future, or None for no expiry.
    :raises InputError: with every field that is wrong.
    """
    now = scope.services.clock()
    errors: dict[str, list[str]] = {}
    try:
        name = check_name(name, longest=100)
    except InputError as error:
        errors |= error.errors
    if token_scope not in SCOPES:
        errors["scope"] = [f"Choose {' or '.join(SCOPES)}"]
    if expires_at is not None and not now < expires_at <= LATEST:
        errors["expires_at"] = ["Choose a time in the future, or leave it empty"]
    if errors:
        raise InputError(errors)
    token = make_token(PREFIX)
    with database.atomic():
        row = ApiToken.create(
            workspace=scope.workspace_id,
            name=name,
            token_hash=digest(token),
            scope=token_scope,
            created_at=now,
            created_by=scope.actor.id if scope.actor.kind == "user" else scope.actor.name,
            expires_at=expires_at,
        )
        log.record(scope, "token.created", target=row, detail={"scope": token_scope})
    made = _select(scope.workspace_id).where(ApiToken.id == row.id).get()
    return token, _view(made, now)


def authenticate_token(services: Services, token: str) -> TokenAuth:
    """Return the token that authenticates a request.

    :raises AuthenticationFailed: when it is unknown, expired or revoked, or its creator is disabled
        or no longer an admin.
    """
    now = services.clock()
    key = digest(token)
    row = (
        ApiToken.select(ApiToken, User.active, User.is_admin)
        .join(User, JOIN.LEFT_OUTER, on=(ApiToken.created_by == User.id), attr="maker")
        .where(ApiToken.token_hash == key, ApiToken.revoked_at.is_null())
        .first()
        if key
        else None
    )
    if row is None or not _works(row, now):
        raise AuthenticationFailed(_WRONG)
    if row.last_used_at is None or now - row.last_used_at >= TOUCH:
        ApiToken.update(last_used_at=now).where(ApiToken.id == row.id).execute()
    scopes = frozenset(SCOPES if row.scope == "admin" else {row.scope})
    return TokenAuth(row.id, row.name, scopes, workspaces.view(row.workspace))


def list_tokens(scope: Scope, *, limit: int = 50, cursor: str | None = None) -> Page[TokenView]:
    """List the tokens that were not revoked, newest first."""
    check_limit(limit)
    after = decode_cursor(cursor, length=1)
    query = _select(scope.workspace_id).where(ApiToken.revoked_at.is_null())
    if after is not None:
        query = query.where(ApiToken.id < after[0])
    rows = list(query.order_by(ApiToken.id.desc()).limit(limit + 1))
    now = scope.services.clock()
    return cut(rows, limit, key=lambda row: (row.id,), view=lambda row: _view(row, now))


def revoke_token(scope: Scope, token_id: str) -> None:
    """Revoke a token immediately.

    :raises NotFound: when the workspace has no active token with this ID.
    """
    now = scope.services.clock()
    with database.atomic():
        row = ApiToken.get_or_none(
            ApiToken.workspace == scope.workspace_id,
            ApiToken.id == (token_id if is_id(token_id) else ""),
            ApiToken.revoked_at.is_null(),
        )
        if row is None:
            raise NotFound("This API token does not exist")
        ApiToken.update(revoked_at=now).where(ApiToken.id == row.id).execute()
        log.record(scope, "token.revoked", target=row)


def _select(workspace_id: str) -> "ModelSelect[ApiToken]":
    maker = (User.username, User.first_name, User.last_name, User.active, User.is_admin)
    return (
        ApiToken.select(ApiToken, *maker)
        .join(User, JOIN.LEFT_OUTER, on=(ApiToken.created_by == User.id), attr="maker")
        .where(ApiToken.workspace == workspace_id)
    )


def _works(row: ApiToken, now: int) -> bool:
    maker: User | None = getattr(row, "maker", None)
    if maker is not None and not (maker.active and maker.is_admin):
        return False
    return row.expires_at is None or now < row.expires_at


def _view(row: ApiToken, now: int) -> TokenView:
    maker: User | None = getattr(row, "maker", None)
    made_by = row.created_by
    if maker is not None:
        made_by = maker.display_name
    return TokenView(
        id=row.id,
        name=row.name,
        scope=row.scope,
        created_at=row.created_at,
        created_by=made_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        active=row.revoked_at is None and _works(row, now),
    )
