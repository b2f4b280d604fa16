"""First set-up: create the workspace and the first admin."""

from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.services import workspaces
from ssoko.services.activity import log
from ssoko.services.authentication import links
from ssoko.services.authentication.sessions import start_session
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.people import users
from ssoko.services.people.user_fields import check_fields
from ssoko.store.models.people import User
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace

_GONE = "This site is already set up, or the link has expired"


def needs_setup() -> bool:
    """Tell whether no workspace has an admin yet."""
    return not User.select(User.id).where(User.is_admin).exists()


def complete_setup(
    services: Services,
    code: str,
    *,
    workspace_slug: str,
    workspace_name: str,
    username: str,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    address: str,
    user_agent: str,
) -> tuple[str, str]:
    """Create the first admin, and the workspace unless it exists.

    :returns: the token of the admin's session, and the slug of the workspace.

    Of several concurrent calls, only one succeeds.

    :raises NotFound: when an admin exists, or the code is used or expired.
    :raises InputError: with every field that is wrong.
    """
    link = links.peek_link(services, code)
    if link is None or link.purpose != "setup" or not needs_setup():
        raise NotFound(_GONE)
    workspace_fields, user_fields = _check(
        {"slug": workspace_slug, "name": workspace_name},
        {
            "username": username,
            "email": email,
            "first_name": first_name,
            "last_name": last_name,
            "password": password,
        },
    )
    user_fields["password_hash"] = services.hasher.hash(password)
    now = services.clock()
    with database.atomic():
        if not links.use_setup_links(code, now=now) or not needs_setup():
            raise NotFound(_GONE)
        workspace = _workspace(services, workspace_fields, address)
        user = users.insert(workspace.id, user_fields | {"is_admin": True, "active": True}, now=now)
        actor = Actor("user", user.id, user.display_name, address)
        scope = Scope(services, workspace.id, actor)
        log.record(scope, "user.created", target=user, detail={"admin": True})
        log.record(scope, "session.started", target=user, detail={"method": "password"})
        token = start_session(
            services, user, method="password", address=address, user_agent=user_agent
        )
    return token, workspace.slug


def _check(
    workspace_fields: dict[str, object], user_fields: dict[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    errors: dict[str, list[str]] = {}
    checked: dict[str, str] = {}
    fields: dict[str, Any] = {}
    try:
        checked = workspaces.check_workspace(
            slug=workspace_fields["slug"], name=workspace_fields["name"]
        )
    except InputError as error:
        errors |= {f"workspace_{field}": texts for field, texts in error.errors.items()}
    try:
        fields = check_fields(**user_fields)
    except InputError as error:
        errors |= error.errors
    if errors:
        raise InputError(errors)
    return checked, fields | {"attributes": {}}


def _workspace(services: Services, workspace_fields: dict[str, str], address: str) -> Workspace:
    # A workspace created on the command line is meant for this set-up.
    row: Workspace | None = Workspace.get_or_none(Workspace.slug == workspace_fields["slug"])
    if row is not None:
        return row
    row = Workspace.create(created_at=services.clock(), **workspace_fields)
    scope = Scope(services, row.id, Actor("anonymous", address=address))
    log.record(scope, "workspace.created", target=row)
    return row
