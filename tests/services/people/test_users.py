"""Users: create, find, change and delete them, with their events."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from ssoko.errors import AuthenticationFailed, Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.authentication import sessions
from ssoko.services.authentication import sign_in as authentication_sign_in
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.people.search import words_of
from ssoko.services.people.users import (
    UserView,
    create_user,
    delete_user,
    find_user,
    get_user,
    list_users,
    update_user,
)
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.models.people import User, UserWord
from ssoko.store.models.table import database

PASSWORD = "weathered teapot 41"


def add(services: Services, workspace: WorkspaceView, username: str, **fields: Any) -> UserView:
    return create_user(Scope(services, workspace.id, SYSTEM), username=username, **fields)


def actions(services: Services, workspace: WorkspaceView) -> list[str]:
    return [event.action for event in log.list_events(Scope(services, workspace.id, SYSTEM)).items]


def sign_in(services: Services, workspace: WorkspaceView, username: str, password: str) -> str:
    return authentication_sign_in.sign_in(
        services,
        workspace.id,
        username=username,
        password=password,
        address="192.0.2.7",
        user_agent="Firefox",
    )


def test_user_is_found_by_id_username_and_email(workspace: WorkspaceView, user: UserView) -> None:
    assert user.display_name == "Amina Otieno"
    assert user.has_password
    for text in ("amina", "AMINA", " Amina@ACME.test "):
        assert find_user(workspace.id, text) == user
    assert get_user(workspace.id, user.id) == user


def test_views_have_no_password(workspace: WorkspaceView, user: UserView) -> None:
    assert "argon2" not in repr(user)
    stored = User.get_by_id(user.id).password_hash
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@pytest.mark.parametrize("name", ["amina", "AMINA", "ａｍｉｎａ", "аmina", "Αmina", " amina "])
def test_username_that_looks_the_same_is_refused(
    services: Services, workspace: WorkspaceView, user: UserView, name: str
) -> None:
    with pytest.raises(Conflict) as refused:
        add(services, workspace, name)
    assert list(refused.value.errors) == ["username"]


def test_username_with_a_hidden_character_is_refused(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    with pytest.raises(InputError) as refused:
        add(services, workspace, "ami\u200bna")
    assert list(refused.value.errors) == ["username"]


def test_email_is_unique_and_can_be_empty(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    with pytest.raises(Conflict) as refused:
        add(services, workspace, "amina", email="AMINA@acme.test")
    assert sorted(refused.value.errors) == ["email", "username"]
    add(services, workspace, "robot1")
    add(services, workspace, "robot2")


def test_all_invalid_fields_are_reported_at_once(
    services: Services, workspace: WorkspaceView
) -> None:
    with pytest.raises(InputError) as refused:
        add(
            services,
            workspace,
            "two words",
            email="nowhere",
            first_name="x" * 151,
            last_name="a\x00",
            password="short",
            admin="yes",
            active=1,
            attributes={"1bad": "x", "dept": 7, "long": "x" * 4097},
        )
    assert sorted(refused.value.errors) == [
        "active",
        "admin",
        "attributes",
        "attributes.dept",
        "attributes.long",
        "email",
        "first_name",
        "last_name",
        "password",
        "username",
    ]
    assert not User.select().exists()
    assert not UserWord.select().exists()


@pytest.mark.parametrize(
    "email", ["a@b", "amina.o'tieno+x@acme.test", "ünï@dömäin.test", "a@sub.domain-1.test"]
)
def test_valid_email_is_accepted(services: Services, workspace: WorkspaceView, email: str) -> None:
    assert add(services, workspace, "someone", email=email).email == email


@pytest.mark.parametrize(
    "email", ["a", "@b", "a@", "a b@c.test", "a@@b.test", "<a@b.test>", "a@b..test", "a@-b.test"]
)
def test_invalid_email_is_refused(services: Services, workspace: WorkspaceView, email: str) -> None:
    with pytest.raises(InputError) as refused:
        add(services, workspace, "someone", email=email)
    assert list(refused.value.errors) == ["email"]


def test_markup_is_text(services: Services, workspace: WorkspaceView) -> None:
    name = "<b>&amp;{{7*191}}<!--"
    made = add(services, workspace, "someone", first_name=name, attributes={"note": "]]>\n" + name})
    assert get_user(workspace.id, made.id).first_name == name
    assert made.attributes == {"note": "]]>\n" + name}


def test_attributes_hold_texts_and_lists_of_texts(
    services: Services, workspace: WorkspaceView
) -> None:
    given = {"department": "Sales", "sites": ["Nairobi", "Mombasa"], "empty": "", "none": []}
    made = add(services, workspace, "someone", attributes=given)
    assert made.attributes == {"department": "Sales", "sites": ["Nairobi", "Mombasa"]}
    for wrong in ([], "x", {f"k{n}": "x" for n in range(65)}, {"a": ["x", 1]}, {"a": {"b": "c"}}):
        with pytest.raises(InputError):
            update_user(Scope(services, workspace.id, SYSTEM), made.id, attributes=wrong)
    assert get_user(workspace.id, made.id) == made


def test_only_given_fields_change(
    scope: Scope, services: Services, workspace: WorkspaceView, user: UserView, actor: Actor
) -> None:
    services.clock.advance(hours=1)
    changed = update_user(scope, user.id, last_name="Kileo", email="amina.kileo@acme.test")
    assert changed.display_name == "Amina Kileo"
    assert changed.username == "amina"
    assert changed.updated_at == user.updated_at + 3600
    event = log.list_events(scope).items[0]
    assert (event.action, event.actor_id) == ("user.changed", actor.id)
    assert event.detail == {"changed": ["email", "last_name"]}
    assert [u.id for u in list_users(workspace.id, q="kileo").items] == [user.id]
    assert list_users(workspace.id, q="otieno").items == ()


def test_user_can_change_the_case_of_the_username(scope: Scope, user: UserView) -> None:
    assert update_user(scope, user.id, username="Amina").username == "Amina"


def test_refused_change_writes_nothing(
    scope: Scope, services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    before = actions(services, workspace)
    with pytest.raises(Conflict):
        update_user(scope, user.id, first_name="Other", username="joseph")
    assert get_user(workspace.id, user.id) == user
    assert actions(services, workspace) == before


def test_theme_is_not_logged(
    scope: Scope, services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    before = actions(services, workspace)
    assert update_user(scope, user.id, theme="dark").theme == "dark"
    assert actions(services, workspace) == before
    with pytest.raises(InputError):
        update_user(scope, user.id, theme="pink")


def test_disabling_ends_every_session_at_once(
    scope: Scope, services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    tokens = [sign_in(services, workspace, "amina", PASSWORD) for _ in range(2)]
    update_user(scope, user.id, active=False)
    assert [sessions.load_session(services, token) for token in tokens] == [None, None]
    update_user(scope, user.id, active=True)
    assert [sessions.load_session(services, token) for token in tokens] == [None, None]
    assert actions(services, workspace)[:2] == ["user.enabled", "user.disabled"]


def test_session_of_a_disabled_user_is_ignored(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    token = sign_in(services, workspace, "amina", PASSWORD)
    User.update(active=False).where(User.id == user.id).execute()
    assert sessions.load_session(services, token) is None


def test_new_password_ends_every_session_and_starts_another_one(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    own, other = (sign_in(services, workspace, "amina", PASSWORD) for _ in range(2))
    signed_in = sessions.load_session(services, own)
    assert signed_in is not None
    token = sessions.change_password(
        services, signed_in, current=PASSWORD, new="another kettle 7", address="192.0.2.7"
    )
    assert sessions.load_session(services, token) is not None
    assert sessions.load_session(services, own) is None
    assert sessions.load_session(services, other) is None
    with pytest.raises(AuthenticationFailed):
        sign_in(services, workspace, "amina", PASSWORD)
    assert sign_in(services, workspace, "amina", "another kettle 7")


def test_password_change_requires_the_current_password(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    signed_in = sessions.load_session(services, sign_in(services, workspace, "amina", PASSWORD))
    assert signed_in is not None
    with pytest.raises(InputError) as refused:
        sessions.change_password(
            services, signed_in, current="a guess at it", new="another kettle 7", address="x"
        )
    assert list(refused.value.errors) == ["current_password"]
    with pytest.raises(InputError) as refused:
        sessions.change_password(
            services, signed_in, current=PASSWORD, new="amina@acme.test", address="x"
        )
    assert list(refused.value.errors) == ["password"]


def test_password_can_be_removed(
    scope: Scope, services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    changed = update_user(scope, user.id, password=None)
    assert not changed.has_password
    with pytest.raises(AuthenticationFailed):
        sign_in(services, workspace, "amina", PASSWORD)


def test_last_active_admin_cannot_be_removed(
    scope: Scope, services: Services, workspace: WorkspaceView, admin: UserView
) -> None:
    other = add(services, workspace, "neema", admin=True, active=False)
    for change in ({"admin": False}, {"active": False}):
        with pytest.raises(Conflict, match="last active admin") as refused:
            update_user(scope, admin.id, **change)
        assert list(refused.value.errors) == list(change)
    with pytest.raises(Conflict, match="last active admin"):
        delete_user(scope, admin.id)
    assert get_user(workspace.id, admin.id) == admin
    update_user(scope, other.id, active=True)
    update_user(scope, admin.id, admin=False)
    assert actions(services, workspace)[:2] == ["user.demoted", "user.enabled"]


def test_admin_of_another_workspace_does_not_count_as_the_last_admin(
    scope: Scope, services: Services, admin: UserView
) -> None:
    other = create_workspace(services, SYSTEM, slug="other", name="Other")
    add(services, other, "joseph", admin=True)
    with pytest.raises(Conflict):
        delete_user(scope, admin.id)


def test_two_admins_who_remove_each_other_leave_one(
    either: str, open_services: Callable[[str], Services]
) -> None:
    services = open_services(either)
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    pair = [add(services, workspace, name, admin=True) for name in ("ann", "ben")]
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def demote(user: UserView) -> None:
        database.connect(reuse_if_open=True)
        barrier.wait()
        try:
            update_user(Scope(services, workspace.id, SYSTEM), user.id, admin=False)
            outcomes.append("done")
        except Conflict:
            outcomes.append("refused")
        finally:
            database.close()

    run_all(lambda user=user: demote(user) for user in pair)
    assert sorted(outcomes) == ["done", "refused"]
    assert len(list_users(workspace.id, admin=True).items) == 1


def test_one_of_ten_concurrent_users_gets_the_username(
    either: str, open_services: Callable[[str], Services]
) -> None:
    services = open_services(either)
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    outcomes: list[str] = []
    barrier = threading.Barrier(10)

    def take() -> None:
        database.connect(reuse_if_open=True)
        barrier.wait()
        try:
            add(services, workspace, "amina", email="amina@acme.test")
            outcomes.append("done")
        except Conflict as error:
            outcomes.append(min(error.errors))
        finally:
            database.close()

    run_all(take for _ in range(10))
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "username", "email"}
    assert len(list_users(workspace.id).items) == 1
    assert UserWord.select().count() == len(words_of("amina", "amina@acme.test", "", ""))


def test_deleted_user_leaves_only_events(
    scope: Scope, services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    token = sign_in(services, workspace, "amina", PASSWORD)
    delete_user(scope, user.id)
    assert sessions.load_session(services, token) is None
    assert list_users(workspace.id, q="amina").items == ()
    assert not UserWord.select().where(UserWord.user_id == user.id).exists()
    event = log.list_events(scope).items[0]
    assert (event.action, event.target_name) == ("user.deleted", "Amina Otieno")
    with pytest.raises(NotFound):
        delete_user(scope, user.id)


def run_all(works: Any) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "amina@acme.test", "email": "m@acme.test"}, "username"),
        ({"username": "AMINA@Acme.test"}, "username"),
        ({"username": "mallory", "email": "binta@acme.test"}, "email"),
        ({"username": "mallory", "email": "BINTA@acme.test"}, "email"),
    ],
)
def test_a_user_cannot_have_the_username_or_email_of_another_user_as_the_other_one(
    scope: Scope, user: UserView, fields: dict[str, str], field: str
) -> None:
    create_user(scope, username="binta@acme.test")
    with pytest.raises(Conflict) as refused:
        create_user(scope, **fields)
    assert list(refused.value.errors) == [field]
    other = create_user(scope, username="other", email="other@acme.test")
    with pytest.raises(Conflict) as refused:
        update_user(scope, other.id, **fields)
    assert list(refused.value.errors) == [field]


def test_a_username_may_be_the_email_of_the_same_user(scope: Scope) -> None:
    made = create_user(scope, username="binta@acme.test", email="binta@acme.test")
    assert update_user(scope, made.id, first_name="Binta").email == "binta@acme.test"
