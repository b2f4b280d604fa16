"""People who may not use an application get no assertion, whichever way they try."""

import itertools
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from .server import Workspace, at_sign_in, sign_in_at
from .service_providers import Host, ServiceProvider
from .visitor import Answer, Visitor

pytestmark = pytest.mark.e2e

#: how to start a sign-in, given a visitor, the provider and the application
Way = Callable[[Visitor, ServiceProvider, dict[str, Any]], Answer]


def by_redirect(visitor: Visitor, provider: ServiceProvider, _: dict[str, Any]) -> Answer:
    return visitor.get(provider.url("redirect", RelayState="x"))


def by_post(visitor: Visitor, provider: ServiceProvider, _: dict[str, Any]) -> Answer:
    return visitor.submit(visitor.get(provider.url("post")), "SAMLRequest")


def by_tile(visitor: Visitor, _: ServiceProvider, application: dict[str, Any]) -> Answer:
    return visitor.get(application["launch_url"])


def by_login_endpoint(visitor: Visitor, _: ServiceProvider, application: dict[str, Any]) -> Answer:
    return visitor.get(application["metadata"]["login_endpoint"])


NUMBERS = itertools.count(1)
WAYS = [by_redirect, by_post, by_tile, by_login_endpoint]


class Door:
    """One application with one person who may use it, until the test changes that."""

    def __init__(self, workspace: Workspace, provider: ServiceProvider, name: str) -> None:
        self.workspace, self.provider, self.api = workspace, provider, workspace.api
        self.person = workspace.person(name)
        self.application = workspace.application(
            f"Behind {name}", entity_id=provider.entity_id, acs_urls=[provider.acs_url]
        )
        provider.trust(self.application["metadata"])

    def give_role(self, **more: Any) -> None:
        """Give the person the application's role."""
        role = self.application["default_role"]["id"]
        self.api.post(f"/users/{self.person['id']}/roles", role=role, **more)

    def signed_in(self) -> Visitor:
        """Return the person at a browser, signed in."""
        return self.workspace.sign_in(self.person["username"])

    def opens_for(self, visitor: Visitor, way: Way) -> bool:
        """Tell whether the provider lets the visitor in this way."""
        page = way(visitor, self.provider, self.application)
        if not page.has_assertion():
            return False
        return visitor.submit(page, "SAMLResponse").json()["authenticated"]

    def stays_shut_for(self, visitor: Visitor, way: Way) -> Answer:
        """Return the page that the visitor gets instead of an assertion."""
        before = len(self.provider.answers())
        page = way(visitor, self.provider, self.application)
        assert not page.has_assertion(), page.words()
        assert len(self.provider.answers()) == before
        return page


@pytest.fixture
def door(workspace: Workspace, providers: Host) -> Door:
    """Return a door of this test's own."""
    name = f"door-{next(NUMBERS)}"
    return Door(workspace, providers.provider(name), name)


def says_why_and_whom_to_ask(page: Answer, why: str, status: int = 403) -> None:
    """Check the page that turns somebody away."""
    words = page.words()
    assert page.status == status, f"{page.status} {page.url}: {words}"
    assert re.search(why, words, re.I), words
    assert re.search(r"\bask\b", words, re.I), words


@pytest.mark.parametrize("way", WAYS)
def test_with_the_role_the_door_opens(door: Door, way: Way) -> None:
    door.give_role()
    assert door.opens_for(door.signed_in(), way)


@pytest.mark.parametrize("way", WAYS)
def test_without_the_role_it_stays_shut(door: Door, way: Way) -> None:
    page = door.stays_shut_for(door.signed_in(), way)
    says_why_and_whom_to_ask(page, "access")
    assert door.application["name"] in page.words()


@pytest.mark.parametrize("way", WAYS)
def test_after_a_role_is_taken_away_it_stays_shut(door: Door, way: Way) -> None:
    door.give_role()
    visitor = door.signed_in()
    assert door.opens_for(visitor, way)
    role = door.application["default_role"]["id"]
    door.api.delete(f"/users/{door.person['id']}/roles/{role}")
    says_why_and_whom_to_ask(door.stays_shut_for(visitor, way), "access")


@pytest.mark.parametrize("way", WAYS)
def test_after_a_grant_has_expired_it_stays_shut(door: Door, way: Way) -> None:
    expires = int(time.time()) + 2
    door.give_role(expires_at=expires)
    visitor = door.signed_in()
    assert door.opens_for(visitor, way)
    time.sleep(max(0.0, expires + 0.1 - time.time()))
    says_why_and_whom_to_ask(door.stays_shut_for(visitor, way), "expired|ended")


@pytest.mark.parametrize("way", WAYS)
def test_a_disabled_application_stays_shut(door: Door, way: Way) -> None:
    door.give_role()
    visitor = door.signed_in()
    door.api.patch(f"/applications/{door.application['id']}", enabled=False)
    says_why_and_whom_to_ask(door.stays_shut_for(visitor, way), "disabled|switched off")
    door.api.patch(f"/applications/{door.application['id']}", enabled=True)
    assert door.opens_for(visitor, way)


@pytest.mark.parametrize("way", WAYS)
def test_a_disabled_person_is_shut_out_in_the_middle_of_a_session(door: Door, way: Way) -> None:
    door.give_role()
    visitor = door.signed_in()
    assert door.opens_for(visitor, way)
    door.api.patch(f"/users/{door.person['id']}", active=False)
    page = door.stays_shut_for(visitor, way)
    assert at_sign_in(page) or page.status == 403, f"{page.status} {page.url}"


@pytest.mark.parametrize("way", WAYS)
def test_a_disabled_person_who_signs_in_again_is_told_whom_to_ask(door: Door, way: Way) -> None:
    door.give_role()
    door.api.patch(f"/users/{door.person['id']}", active=False)
    visitor = Visitor()
    asked = door.stays_shut_for(visitor, way)
    page = sign_in_at(visitor, asked, door.person["username"])
    assert not page.has_assertion()
    assert door.provider.answers() == []
    says_why_and_whom_to_ask(page, "disabled", status=401)


def test_the_portal_shows_only_tiles_that_open(door: Door) -> None:
    visitor = door.signed_in()
    portal = f"{door.workspace.url}/dashboard"
    assert door.application["name"] not in visitor.get(portal).words()
    door.give_role()
    assert door.application["name"] in visitor.get(portal).words()
    door.api.patch(f"/applications/{door.application['id']}", enabled=False)
    assert door.application["launch_url"] not in visitor.get(portal).text


def test_a_person_of_another_workspace_is_a_stranger(door: Door, workspace: Workspace) -> None:
    door.give_role()
    elsewhere = workspace.server.workspace("elsewhere")
    elsewhere.person(door.person["username"])
    visitor = elsewhere.sign_in(door.person["username"])
    for way in WAYS:
        page = door.stays_shut_for(visitor, way)
        assert at_sign_in(page) or page.status in (403, 404), f"{page.status} {page.url}"
