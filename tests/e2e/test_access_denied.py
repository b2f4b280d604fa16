"""Users without access to an application get no assertion, however they start the sign-in."""

import itertools
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from .server import Workspace, at_sign_in, sign_in_at
from .service_providers import Host, ServiceProvider
from .visitor import Response, Visitor

pytestmark = pytest.mark.e2e

#: Start a sign-in, given a visitor, the provider and the application.
Launch = Callable[[Visitor, ServiceProvider, dict[str, Any]], Response]


def by_redirect(visitor: Visitor, provider: ServiceProvider, _: dict[str, Any]) -> Response:
    return visitor.get(provider.url("redirect", RelayState="x"))


def by_post(visitor: Visitor, provider: ServiceProvider, _: dict[str, Any]) -> Response:
    return visitor.submit(visitor.get(provider.url("post")), "SAMLRequest")


def by_tile(visitor: Visitor, _: ServiceProvider, application: dict[str, Any]) -> Response:
    return visitor.get(application["launch_url"])


def by_login_endpoint(
    visitor: Visitor, _: ServiceProvider, application: dict[str, Any]
) -> Response:
    return visitor.get(application["metadata"]["login_endpoint"])


NUMBERS = itertools.count(1)
LAUNCHES = [by_redirect, by_post, by_tile, by_login_endpoint]


class Access:
    """An application and a user, who has no role at first."""

    def __init__(self, workspace: Workspace, provider: ServiceProvider, name: str) -> None:
        self.workspace, self.provider, self.api = workspace, provider, workspace.api
        self.user = workspace.create_user(name)
        self.application = workspace.application(
            f"Behind {name}", entity_id=provider.entity_id, acs_urls=[provider.acs_url]
        )
        provider.trust(self.application["metadata"])

    def assign_role(self, **more: Any) -> None:
        """Assign the application's role to the user."""
        role = self.application["default_role"]["id"]
        self.api.post(f"/users/{self.user['id']}/roles", role=role, **more)

    def sign_in(self) -> Visitor:
        """Return a visitor that is signed in as the user."""
        return self.workspace.sign_in(self.user["username"])

    def can_sign_in(self, visitor: Visitor, launch: Launch) -> bool:
        """Return whether the visitor can sign in at the provider."""
        page = launch(visitor, self.provider, self.application)
        if not page.has_assertion():
            return False
        return visitor.submit(page, "SAMLResponse").json()["authenticated"]

    def denied_page(self, visitor: Visitor, launch: Launch) -> Response:
        """Check that no assertion is sent, and return the page that is shown instead."""
        before = len(self.provider.results())
        page = launch(visitor, self.provider, self.application)
        assert not page.has_assertion(), page.words()
        assert len(self.provider.results()) == before
        return page


@pytest.fixture
def access(workspace: Workspace, providers: Host) -> Access:
    """Return an application and a user that only this test uses."""
    name = f"access-{next(NUMBERS)}"
    return Access(workspace, providers.provider(name), name)


def assert_explains_denial(page: Response, why: str, status: int = 403) -> None:
    """Check that the page explains why access is denied and whom to ask."""
    words = page.words()
    assert page.status == status, f"{page.status} {page.url}: {words}"
    assert re.search(why, words, re.I), words
    assert re.search(r"\bask\b", words, re.I), words


@pytest.mark.parametrize("launch", LAUNCHES)
def test_user_with_the_role_can_sign_in(access: Access, launch: Launch) -> None:
    access.assign_role()
    assert access.can_sign_in(access.sign_in(), launch)


@pytest.mark.parametrize("launch", LAUNCHES)
def test_user_without_the_role_is_denied(access: Access, launch: Launch) -> None:
    page = access.denied_page(access.sign_in(), launch)
    assert_explains_denial(page, "access")
    assert access.application["name"] in page.words()


@pytest.mark.parametrize("launch", LAUNCHES)
def test_user_is_denied_after_the_role_is_removed(access: Access, launch: Launch) -> None:
    access.assign_role()
    visitor = access.sign_in()
    assert access.can_sign_in(visitor, launch)
    role = access.application["default_role"]["id"]
    access.api.delete(f"/users/{access.user['id']}/roles/{role}")
    assert_explains_denial(access.denied_page(visitor, launch), "access")


@pytest.mark.parametrize("launch", LAUNCHES)
def test_user_is_denied_after_the_assignment_expires(access: Access, launch: Launch) -> None:
    expires = int(time.time()) + 2
    access.assign_role(expires_at=expires)
    visitor = access.sign_in()
    assert access.can_sign_in(visitor, launch)
    time.sleep(max(0.0, expires + 0.1 - time.time()))
    assert_explains_denial(access.denied_page(visitor, launch), "expired|ended")


@pytest.mark.parametrize("launch", LAUNCHES)
def test_disabled_application_denies_access(access: Access, launch: Launch) -> None:
    access.assign_role()
    visitor = access.sign_in()
    access.api.patch(f"/applications/{access.application['id']}", enabled=False)
    assert_explains_denial(access.denied_page(visitor, launch), "disabled|switched off")
    access.api.patch(f"/applications/{access.application['id']}", enabled=True)
    assert access.can_sign_in(visitor, launch)


@pytest.mark.parametrize("launch", LAUNCHES)
def test_disabled_user_with_a_session_is_denied(access: Access, launch: Launch) -> None:
    access.assign_role()
    visitor = access.sign_in()
    assert access.can_sign_in(visitor, launch)
    access.api.patch(f"/users/{access.user['id']}", active=False)
    page = access.denied_page(visitor, launch)
    assert at_sign_in(page) or page.status == 403, f"{page.status} {page.url}"


@pytest.mark.parametrize("launch", LAUNCHES)
def test_disabled_user_who_signs_in_sees_whom_to_ask(access: Access, launch: Launch) -> None:
    access.assign_role()
    access.api.patch(f"/users/{access.user['id']}", active=False)
    visitor = Visitor()
    sign_in_page = access.denied_page(visitor, launch)
    page = sign_in_at(visitor, sign_in_page, access.user["username"])
    assert not page.has_assertion()
    assert access.provider.results() == []
    assert_explains_denial(page, "disabled", status=401)


def test_portal_shows_only_accessible_tiles(access: Access) -> None:
    visitor = access.sign_in()
    portal = f"{access.workspace.url}/dashboard"
    assert access.application["name"] not in visitor.get(portal).words()
    access.assign_role()
    assert access.application["name"] in visitor.get(portal).words()
    access.api.patch(f"/applications/{access.application['id']}", enabled=False)
    assert access.application["launch_url"] not in visitor.get(portal).text


def test_session_from_another_workspace_is_rejected(access: Access, workspace: Workspace) -> None:
    access.assign_role()
    elsewhere = workspace.server.workspace("elsewhere")
    elsewhere.create_user(access.user["username"])
    visitor = elsewhere.sign_in(access.user["username"])
    for launch in LAUNCHES:
        page = access.denied_page(visitor, launch)
        assert at_sign_in(page) or page.status in (403, 404), f"{page.status} {page.url}"
