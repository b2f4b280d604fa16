"""Sessions: start, extend and end them."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from ssoko.errors import AuthenticationFailed, NotFound, TooManyAttempts
from ssoko.services.activity import log
from ssoko.services.authentication import sessions
from ssoko.services.authentication.links import create_link, peek_link
from ssoko.services.authentication.sessions import (
    SignedIn,
    delete_old_sessions,
    end_session,
    end_sessions,
    list_sessions,
    load_session,
)
from ssoko.services.authentication.sign_in import sign_in, sign_in_with_link
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.credentials.rate_limits import PER_ACCOUNT
from ssoko.services.people import users
from ssoko.services.people.users import UserView, create_user
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.models.people import User
from ssoko.store.models.sessions import OneTimeLink, Session
from ssoko.store.models.table import database

PASSWORD = "weathered teapot 41"


def enter(
    services: Services,
    workspace: WorkspaceView,
    username: str = "amina",
    password: str = PASSWORD,
    address: str = "192.0.2.7",
) -> str:
    return sign_in(
        services,
        workspace.id,
        username=username,
        password=password,
        address=address,
        user_agent="Firefox\x00\n on\ud800 Debian",
    )


def open_session(services: Services, token: str) -> SignedIn:
    found = load_session(services, token)
    assert found is not None
    return found


def last_event(services: Services, workspace: WorkspaceView) -> log.EventView:
    return log.list_events(Scope(services, workspace.id, SYSTEM)).items[0]


@pytest.mark.parametrize("name", ["amina", "AMINA", "amina@acme.test", " Amina@Acme.test"])
def test_correct_password_starts_a_session(
    services: Services, workspace: WorkspaceView, user: UserView, name: str
) -> None:
    signed_in = open_session(services, enter(services, workspace, name))
    assert signed_in.user == user
    assert signed_in.workspace == workspace
    assert (signed_in.authn_at, signed_in.authn_method) == (services.clock(), "password")
    assert signed_in.expires_at == services.clock() + 12 * 3600
    event = last_event(services, workspace)
    assert (event.action, event.actor_name, event.address) == (
        "session.started",
        "Amina Otieno",
        "192.0.2.7",
    )


def test_only_the_digest_of_the_token_is_stored(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    token = enter(services, workspace)
    assert len(token) >= 43
    signed_in = open_session(services, token)
    stored = repr([row.__data__ for row in Session.select()])
    assert token not in stored
    assert token not in repr(signed_in)
    assert load_session(services, signed_in.session_id) is None
    assert load_session(services, signed_in.handle) is None
    (view,) = list_sessions(Scope(services, workspace.id, SYSTEM), user.id)
    assert view.user_agent == "Firefox on Debian"


def test_every_sign_in_has_a_new_token(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    assert enter(services, workspace) != enter(services, workspace)


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "\ud800", "x" * 10_000, None])
def test_invalid_token_has_no_session(
    services: Services, workspace: WorkspaceView, token: str
) -> None:
    assert load_session(services, token) is None


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [
        ("amina", "a wrong guess 1", "wrong-password"),
        ("amina", "", "wrong-password"),
        ("amina", "\x00", "wrong-password"),
        ("amina", "x" * 100_000, "wrong-password"),
        ("nobody", PASSWORD, "unknown-user"),
        ("", "", "unknown-user"),
        ("\x00", PASSWORD, "unknown-user"),
        ("ami\u200bna", PASSWORD, "unknown-user"),
        ("x" * 5000, PASSWORD, "unknown-user"),
        ("disabled", "a wrong guess 1", "user-disabled"),
        ("linkonly", "", "no-password"),
    ],
)
def test_all_causes_have_the_same_message_and_an_event(
    services: Services,
    workspace: WorkspaceView,
    user: UserView,
    name: str,
    password: str,
    reason: str,
) -> None:
    create_user(
        Scope(services, workspace.id, SYSTEM), username="disabled", password=PASSWORD, active=False
    )
    create_user(Scope(services, workspace.id, SYSTEM), username="linkonly")
    with pytest.raises(AuthenticationFailed) as refused:
        enter(services, workspace, name, password)
    assert str(refused.value) == "The username or password is wrong. Check both and try again."
    event = last_event(services, workspace)
    assert (event.action, event.outcome, event.detail) == ("sign-in", "refused", {"reason": reason})
    assert not Session.select().exists()


def test_disabled_account_is_reported_only_with_the_correct_password(
    services: Services, workspace: WorkspaceView
) -> None:
    create_user(
        Scope(services, workspace.id, SYSTEM), username="disabled", password=PASSWORD, active=False
    )
    with pytest.raises(AuthenticationFailed, match="This account is disabled. Ask an admin"):
        enter(services, workspace, "disabled", PASSWORD)
    assert last_event(services, workspace).detail == {"reason": "user-disabled"}
    assert not Session.select().exists()


def test_password_typed_as_username_is_not_logged(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    with pytest.raises(AuthenticationFailed):
        enter(services, workspace, "my secret passphrase", "x")
    assert "passphrase" not in repr(log.list_events(Scope(services, workspace.id, SYSTEM)))


def test_failed_sign_ins_take_the_same_time(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    # Costs that weigh as much as in production beside the rest of a sign-in.
    slow = replace(services, hasher=Hasher(memory_cost=16_384, time_cost=1))
    for name in ("known", "disabled"):
        create_user(
            Scope(slow, workspace.id, SYSTEM),
            username=name,
            password=PASSWORD,
            active=name == "known",
        )
    create_user(Scope(slow, workspace.id, SYSTEM), username="linkonly")
    cases = {
        "wrong": ("known", "a wrong guess 1"),
        "empty": ("known", ""),
        "unknown": ("nobody", "a wrong guess 1"),
        "unknown-empty": ("nobody", ""),
        "disabled": ("disabled", PASSWORD),
        "no-password": ("linkonly", "a wrong guess 1"),
    }
    taken: dict[str, list[float]] = {case: [] for case in cases}
    for turn in range(15):
        for case, (name, password) in cases.items():
            began = time.thread_time()
            with pytest.raises(AuthenticationFailed):
                enter(slow, workspace, name, password, address=f"192.0.2.{turn}")
            taken[case].append(time.thread_time() - began)
    medians = {case: statistics.median(times) for case, times in taken.items()}
    assert max(medians.values()) < 1.25 * min(medians.values()), medians


def test_sixty_guesses_at_once_look_at_ten_passwords(
    either: str, open_services: Callable[[str], Services]
) -> None:
    services = open_services(either)
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    create_user(Scope(services, workspace.id, SYSTEM), username="amina", password=PASSWORD)
    outcomes: list[type[BaseException]] = []

    def guess() -> None:
        database.connect(reuse_if_open=True)
        for name in ("amina", "AMINA", "аmina", "amina ", "Amina", "ａmina"):
            try:
                enter(services, workspace, name, "a wrong guess 1")
            except (AuthenticationFailed, TooManyAttempts) as error:
                outcomes.append(type(error))
        database.close()

    threads = [threading.Thread(target=guess) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(AuthenticationFailed) == PER_ACCOUNT
    assert outcomes.count(TooManyAttempts) == 50
    refused = log.list_events(
        Scope(services, workspace.id, SYSTEM), outcome="refused", limit=200
    ).items
    assert len(refused) == PER_ACCOUNT + 1
    with pytest.raises(TooManyAttempts):
        enter(services, workspace)
    assert enter(services, workspace, address="198.51.100.7")


def test_successful_sign_in_resets_the_rate_limit(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    for _ in range(3):
        for _ in range(PER_ACCOUNT - 1):
            with pytest.raises(AuthenticationFailed):
                enter(services, workspace, password="a wrong guess 1")
        enter(services, workspace)


def test_idle_session_ends(services: Services, workspace: WorkspaceView, user: UserView) -> None:
    token = enter(services, workspace)
    for _ in range(3):
        services.clock.advance(minutes=59)
        assert load_session(services, token) is not None
    services.clock.advance(minutes=60)
    assert load_session(services, token) is None


def test_active_session_ends_after_its_lifetime(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    token = enter(services, workspace)
    for _ in range(23):
        services.clock.advance(minutes=30)
        assert load_session(services, token) is not None
    services.clock.advance(minutes=29, seconds=59)
    assert load_session(services, token) is not None
    services.clock.advance(seconds=1)
    assert load_session(services, token) is None


def test_use_extends_the_shortest_idle_time(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    hasty = replace(services, config=replace(services.config, session_idle=60))
    token = enter(hasty, workspace)
    for _ in range(10):
        services.clock.advance(seconds=30)
        assert load_session(hasty, token) is not None


def test_being_seen_is_written_once_a_minute(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    token = enter(services, workspace)
    seen = []
    for _ in range(6):
        services.clock.advance(seconds=25)
        load_session(services, token)
        seen.append(Session.get().last_seen_at - Session.get().created_at)
    assert seen == [0, 0, 75, 75, 75, 150]


def test_busy_database_does_not_sign_users_out(
    sqlite: str, open_services: Callable[[str], Services]
) -> None:
    services = open_services(sqlite)
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    create_user(Scope(services, workspace.id, SYSTEM), username="amina", password=PASSWORD)
    token = enter(services, workspace)
    services.clock.advance(minutes=5)
    database.execute_sql("PRAGMA busy_timeout = 50")
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        database.connect(reuse_if_open=True)
        with database.atomic():
            holding.set()
            done.wait(10)
        database.close()

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(10)
    try:
        assert load_session(services, token) is not None
    finally:
        done.set()
        thread.join()


def test_signing_out_ends_the_session_and_says_so(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    token, other = enter(services, workspace), enter(services, workspace)
    end_session(services, token, open_session(services, token).actor("192.0.2.7"))
    assert load_session(services, token) is None
    assert load_session(services, other) is not None
    assert last_event(services, workspace).action == "sign-out"
    before = len(log.list_events(Scope(services, workspace.id, SYSTEM)).items)
    end_session(services, token, SYSTEM)
    end_session(services, "unknown", SYSTEM)
    assert len(log.list_events(Scope(services, workspace.id, SYSTEM)).items) == before
    end_session(services, open_session(services, other).session_id, SYSTEM)
    assert load_session(services, other) is None


def test_sessions_are_listed_and_ended_one_or_all(
    scope: Scope, services: Services, workspace: WorkspaceView, user: UserView, actor: Actor
) -> None:
    tokens = []
    for _ in range(3):
        tokens.append(enter(services, workspace))
        services.clock.advance(minutes=1)
    own = open_session(services, tokens[0])
    listed = list_sessions(scope, user.id, current=own.session_id)
    assert len(listed) == 3
    assert [view.current for view in listed].count(True) == 1
    second = open_session(services, tokens[1]).handle
    assert end_sessions(scope, user.id, handle=second) == 1
    assert load_session(services, tokens[1]) is None
    with pytest.raises(NotFound):
        end_sessions(scope, user.id, handle=second)
    with pytest.raises(NotFound):
        end_sessions(scope, actor.id, handle=own.handle)
    assert end_sessions(scope, user.id, keep=own.handle) == 1
    assert load_session(services, tokens[0]) is not None
    assert end_sessions(scope, user.id) == 1
    assert list_sessions(scope, user.id) == ()
    assert last_event(services, workspace).detail == {"sessions": 1}


def test_ended_session_is_not_listed(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    enter(services, workspace)
    services.clock.advance(hours=2)
    assert list_sessions(Scope(services, workspace.id, SYSTEM), user.id) == ()


def test_outdated_hash_is_replaced_at_sign_in(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    dearer = replace(services, hasher=Hasher(memory_cost=128, time_cost=1))
    enter(dearer, workspace)
    assert "m=128" in User.get_by_id(user.id).password_hash
    enter(dearer, workspace)


def test_link_signs_in_once(services: Services, workspace: WorkspaceView, user: UserView) -> None:
    code = create_link(services, purpose="sign-in", user_id=user.id)
    assert code not in repr([row.__data__ for row in OneTimeLink.select()])
    assert last_event(services, workspace).action == "link.created"
    link = peek_link(services, code)
    assert link is not None
    assert (link.purpose, link.user, link.workspace) == ("sign-in", user, workspace)
    token, slug = sign_in_with_link(services, code, address="192.0.2.7", user_agent="Firefox")
    assert slug == "acme"
    assert open_session(services, token).authn_method == "link"
    assert peek_link(services, code) is None
    with pytest.raises(AuthenticationFailed):
        sign_in_with_link(services, code, address="192.0.2.7", user_agent="Firefox")


def test_link_expires_after_30_minutes(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    code = create_link(services, purpose="sign-in", user_id=user.id)
    services.clock.advance(minutes=30)
    assert peek_link(services, code) is None
    with pytest.raises(AuthenticationFailed):
        sign_in_with_link(services, code, address="", user_agent="")


@pytest.mark.parametrize("change", [{"active": False}, {"password": "another kettle 7"}])
def test_disabling_and_a_new_password_take_the_links_away(
    scope: Scope,
    services: Services,
    user: UserView,
    change: dict[str, object],
) -> None:
    code = create_link(services, purpose="sign-in", user_id=user.id)
    users.update_user(scope, user.id, **change)
    assert peek_link(services, code) is None
    with pytest.raises(AuthenticationFailed):
        sign_in_with_link(services, code, address="", user_agent="")


@pytest.mark.parametrize("code", ["", "x", "\x00", "é", "x" * 5000, None])
def test_invalid_code_has_no_link(services: Services, user: UserView, code: str) -> None:
    assert peek_link(services, code) is None
    with pytest.raises(AuthenticationFailed):
        sign_in_with_link(services, code, address="", user_agent="")


def test_one_of_ten_concurrent_uses_of_a_link_succeeds(
    either: str, open_services: Callable[[str], Services]
) -> None:
    services = open_services(either)
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    user = create_user(Scope(services, workspace.id, SYSTEM), username="amina")
    code = create_link(services, purpose="sign-in", user_id=user.id)
    outcomes: list[str] = []
    barrier = threading.Barrier(10)

    def press() -> None:
        database.connect(reuse_if_open=True)
        barrier.wait()
        try:
            sign_in_with_link(services, code, address="", user_agent="")
            outcomes.append("in")
        except AuthenticationFailed:
            outcomes.append("out")
        finally:
            database.close()

    threads = [threading.Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in"] + ["out"] * 9
    assert Session.select().count() == 1


def test_old_sessions_can_be_swept_away(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    enter(services, workspace)
    services.clock.advance(days=20)
    recent = enter(services, workspace)
    services.clock.advance(days=20)
    assert delete_old_sessions(services) == 1
    assert Session.select().count() == 1
    assert sessions.load_session(services, recent) is None
