"""API tokens: shown once, checked at every call, revoked immediately."""

import pytest
from ssoko.errors import AuthenticationFailed, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.authentication.api_tokens import (
    authenticate_token,
    create_token,
    list_tokens,
    revoke_token,
)
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.models.sessions import ApiToken


def test_token_gives_access_to_its_workspace(
    scope: Scope, services: Services, workspace: WorkspaceView
) -> None:
    token, view = create_token(scope, name="lab")
    assert token.startswith("ssoko_")
    found = authenticate_token(services, token)
    assert (found.id, found.name, found.workspace) == (view.id, "lab", workspace)
    assert found.scopes == {"read", "admin"}
    assert found.actor("192.0.2.7") == Actor("token", view.id, "lab", "192.0.2.7")
    assert (view.created_by, view.active) == ("Joseph Mwangi", True)


def test_only_the_digest_is_stored_and_shown(scope: Scope) -> None:
    token, _ = create_token(scope, name="lab")
    seen = repr([row.__data__ for row in ApiToken.select()])
    seen += repr(list_tokens(scope))
    seen += repr(log.list_events(scope))
    assert token not in seen
    assert token.removeprefix("ssoko_") not in seen


def test_read_token_cannot_change_anything(scope: Scope, services: Services) -> None:
    token, view = create_token(scope, name="monitor", token_scope="read")
    assert authenticate_token(services, token).scopes == {"read"}
    assert view.scope == "read"


@pytest.mark.parametrize("change", ["", "x", "ssoko_", "\x00", "é", None, "A" * 10_000])
def test_malformed_token_is_rejected(scope: Scope, services: Services, change: str | None) -> None:
    token, _ = create_token(scope, name="lab")
    for near in (change, token[:-1], token + "A", token.upper(), f" {token}", token[6:]):
        with pytest.raises(AuthenticationFailed):
            authenticate_token(services, near)


def test_token_expires_at_the_exact_second(scope: Scope, services: Services) -> None:
    token, _ = create_token(scope, name="lab", expires_at=services.clock() + 60)
    services.clock.advance(seconds=59)
    authenticate_token(services, token)
    services.clock.advance(seconds=1)
    with pytest.raises(AuthenticationFailed):
        authenticate_token(services, token)
    assert [view.active for view in list_tokens(scope).items] == [False]


def test_revoked_token_is_rejected_immediately(scope: Scope, services: Services) -> None:
    token, view = create_token(scope, name="lab")
    revoke_token(scope, view.id)
    with pytest.raises(AuthenticationFailed):
        authenticate_token(services, token)
    assert list_tokens(scope).items == ()
    for unknown in (view.id, "unknown", "\x00"):
        with pytest.raises(NotFound):
            revoke_token(scope, unknown)
    assert log.list_events(scope).items[0].action == "token.revoked"


def test_token_is_invalid_when_its_creator_is_no_longer_an_admin(
    scope: Scope, services: Services, workspace: WorkspaceView, admin: UserView
) -> None:
    users.create_user(Scope(services, workspace.id, SYSTEM), username="second", admin=True)
    token, _ = create_token(scope, name="lab")
    from_cli, _ = create_token(Scope(services, workspace.id, SYSTEM), name="cli")
    for change in ({"active": False}, {"active": True, "admin": False}):
        users.update_user(Scope(services, workspace.id, SYSTEM), admin.id, **change)
        with pytest.raises(AuthenticationFailed):
            authenticate_token(services, token)
    users.update_user(Scope(services, workspace.id, SYSTEM), admin.id, admin=True)
    authenticate_token(services, token)
    users.delete_user(Scope(services, workspace.id, SYSTEM), admin.id)
    with pytest.raises(AuthenticationFailed):
        authenticate_token(services, token)
    authenticate_token(services, from_cli)


def test_being_used_is_written_once_a_minute(scope: Scope, services: Services) -> None:
    token, _ = create_token(scope, name="lab")
    began = services.clock()
    seen = []
    for _ in range(4):
        authenticate_token(services, token)
        seen.append(ApiToken.get().last_used_at - began)
        services.clock.advance(seconds=40)
    assert seen == [0, 0, 80, 80]


def test_all_invalid_fields_are_reported_at_once(scope: Scope, services: Services) -> None:
    with pytest.raises(InputError) as refused:
        create_token(scope, name=" ", token_scope="root", expires_at=services.clock())
    assert sorted(refused.value.errors) == ["expires_at", "name", "scope"]
    assert not ApiToken.select().exists()


def test_tokens_are_paged_the_newest_first(scope: Scope, services: Services) -> None:
    other = create_workspace(services, SYSTEM, slug="other", name="Other")
    create_token(Scope(services, other.id, SYSTEM), name="theirs")
    for name in ("a", "b", "c"):
        create_token(scope, name=name)
    names = []
    cursor = None
    while True:
        page = list_tokens(scope, limit=2, cursor=cursor)
        names += [view.name for view in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(names) == ["a", "b", "c"]
