"""What a failed sign-in tells: nothing about who has an account."""

import pytest
from ssoko.errors import AuthenticationFailed, TooManyAttempts
from ssoko.services.activity import log
from ssoko.services.authentication.sign_in import sign_in
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.credentials.rate_limits import PER_ACCOUNT
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView

PASSWORD = "weathered teapot 41"


def attempt(
    services: Services,
    workspace: WorkspaceView,
    username: str,
    password: str = "a wrong guess 1",  # noqa: S107
    address: str = "192.0.2.7",
) -> type[Exception] | None:
    try:
        sign_in(
            services,
            workspace.id,
            username=username,
            password=password,
            address=address,
            user_agent="",
        )
    except (AuthenticationFailed, TooManyAttempts) as error:
        return type(error)
    return None


@pytest.mark.parametrize("name", ["amina", "nobody"])
def test_the_counter_of_a_username_says_nothing_about_its_email(
    services: Services, workspace: WorkspaceView, user: UserView, name: str
) -> None:
    tries = [attempt(services, workspace, name) for _ in range(PER_ACCOUNT + 1)]
    assert tries == [AuthenticationFailed] * PER_ACCOUNT + [TooManyAttempts]
    assert attempt(services, workspace, f"{name}@acme.test") is AuthenticationFailed


def test_attempts_past_the_limit_of_an_address_are_one_event(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    refused = [attempt(services, workspace, f"name{n}") for n in range(230)]
    assert refused.count(TooManyAttempts) == 30
    scope = Scope(services, workspace.id, SYSTEM)
    events = log.list_events(scope, outcome="refused", limit=200).items
    reasons = [event.detail["reason"] for event in events]
    assert reasons.count("too-many-attempts") == 1


def test_an_owner_signs_in_from_a_known_address_during_an_attack_from_many(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    assert attempt(services, workspace, "amina", PASSWORD, "198.51.100.7") is None
    for n in range(60):
        attempt(services, workspace, "amina", address=f"10.0.0.{n}")
    assert attempt(services, workspace, "amina", address="10.0.1.1") is TooManyAttempts
    assert attempt(services, workspace, "amina", PASSWORD, "198.51.100.7") is None
