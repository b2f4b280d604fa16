"""First set-up: only one admin is created, also with concurrent requests."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from ssoko.errors import InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.authentication.links import create_link, peek_link
from ssoko.services.authentication.sessions import load_session
from ssoko.services.authentication.setup import complete_setup, needs_setup
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people.users import create_user, list_users
from ssoko.services.workspaces import create_workspace, get_workspace, list_workspaces
from ssoko.store.models.people import User
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace


def set_up(services: Services, code: str, **changes: Any) -> tuple[str, str]:
    fields = {
        "workspace_slug": "acme",
        "workspace_name": "Acme",
        "username": "joseph",
        "email": "joseph@acme.test",
        "first_name": "Joseph",
        "last_name": "Mwangi",
        "password": "weathered teapot 41",
        "address": "192.0.2.7",
        "user_agent": "Firefox",
    }
    return complete_setup(services, code, **(fields | changes))


def test_site_is_set_up_once(services: Services) -> None:
    assert needs_setup()
    code = create_link(services, purpose="setup")
    link = peek_link(services, code)
    assert link is not None
    assert (link.purpose, link.user, link.workspace) == ("setup", None, None)
    token, slug = set_up(services, code)
    assert slug == "acme"
    signed_in = load_session(services, token)
    assert signed_in is not None
    assert (signed_in.user.username, signed_in.user.admin) == ("joseph", True)
    assert (signed_in.authn_method, signed_in.workspace.name) == ("password", "Acme")
    assert not needs_setup()
    events = log.list_events(Scope(services, signed_in.workspace.id, SYSTEM)).items
    assert {event.action for event in events} == {
        "workspace.created",
        "user.created",
        "session.started",
    }
    with pytest.raises(NotFound):
        set_up(services, code, workspace_slug="other", username="mallory")


def test_setup_code_is_invalid_when_an_admin_exists(services: Services) -> None:
    codes = [create_link(services, purpose="setup") for _ in range(2)]
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    create_user(Scope(services, workspace.id, SYSTEM), username="joseph", admin=True, active=False)
    assert not needs_setup()
    for code in codes:
        with pytest.raises(NotFound):
            set_up(services, code)


@pytest.mark.parametrize("code", ["", "x", "\x00", "é", "0" * 26])
def test_without_the_code_there_is_nothing_to_set_up(services: Services, code: str) -> None:
    create_link(services, purpose="setup")
    with pytest.raises(NotFound):
        set_up(services, code)
    assert needs_setup()


def test_setup_code_expires(services: Services) -> None:
    code = create_link(services, purpose="setup", lifetime=60)
    services.clock.advance(seconds=60)
    with pytest.raises(NotFound):
        set_up(services, code)


def test_sign_in_link_cannot_be_used_for_setup(services: Services) -> None:
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    user = create_user(Scope(services, workspace.id, SYSTEM), username="amina")
    code = create_link(services, purpose="sign-in", user_id=user.id)
    with pytest.raises(NotFound):
        set_up(services, code)


def test_all_invalid_fields_are_reported_and_the_code_stays_valid(services: Services) -> None:
    code = create_link(services, purpose="setup")
    with pytest.raises(InputError) as refused:
        set_up(
            services,
            code,
            workspace_slug="A",
            workspace_name="",
            username="",
            email="x",
            password="short",
        )
    assert sorted(refused.value.errors) == [
        "email",
        "password",
        "username",
        "workspace_name",
        "workspace_slug",
    ]
    assert list_workspaces() == ()
    assert set_up(services, code)[1] == "acme"


def test_existing_workspace_is_used_for_setup(services: Services) -> None:
    made = create_workspace(services, SYSTEM, slug="acme", name="Acme Group")
    set_up(services, create_link(services, purpose="setup"))
    assert get_workspace("acme") == made
    assert len(list_users(made.id, admin=True).items) == 1


@pytest.mark.parametrize("codes", [1, 8], ids=["the-same-code", "different-codes"])
def test_one_of_eight_concurrent_setups_succeeds(
    either: str, open_services: Callable[[str], Services], codes: int
) -> None:
    services = open_services(either)
    made = [create_link(services, purpose="setup") for _ in range(codes)]
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def run(number: int) -> None:
        database.connect(reuse_if_open=True)
        barrier.wait()
        try:
            set_up(
                services,
                made[number % codes],
                workspace_slug=f"acme{number}",
                username=f"admin{number}",
            )
            outcomes.append("done")
        except NotFound:
            outcomes.append("gone")
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done"] + ["gone"] * 7
    assert User.select().where(User.is_admin).count() == 1
    assert Workspace.select().count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "other"},
        {"purpose": "sign-in"},
        {"purpose": "setup", "user_id": "x"},
        {"purpose": "setup", "lifetime": 0},
        {"purpose": "setup", "lifetime": 10**9},
    ],
)
def test_invalid_link_values_are_refused(services: Services, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        create_link(services, **wrong)


def test_link_for_an_unknown_user_is_not_found(services: Services) -> None:
    for user_id in ("unknown", "\x00"):
        with pytest.raises(NotFound):
            create_link(services, purpose="sign-in", user_id=user_id)
