"""Search or jump to: the page and the JSON of the dialog."""

import pytest
from ssoko.services.access import roles
from ssoko.services.applications import install
from ssoko.services.people import groups, users
from ssoko.store import db

from tests.web.conftest import AWS_FORM

URL = "/w/acme/jump.json?q="


@pytest.fixture
def filled(site):
    """A site with one of each kind, and two users of the same name."""
    with db.session():
        for number in (1, 2):
            users.create_user(
                site.scope,
                username=f"kim{number}",
                email=f"kim{number}@acme.test",
                first_name="Kim",
                last_name="Lee",
            )
        groups.create_group(site.scope, name="Night shift")
        roles.create_role(site.scope, name="night-reader")
        install.install(site.scope, integration="aws", name="Night AWS", settings=AWS_FORM)
    return site


@pytest.fixture
def ada(filled):
    return filled.browser(filled.admin)


def found(browser, query):
    response = browser.get(URL + query)
    assert response.status_code == 200
    return [(item["kind"], item["name"]) for item in response.json]


def test_every_kind_is_found(ada):
    kinds = [kind for kind, _ in found(ada, "night")]
    assert kinds == ["Application", "Group", "Role", "Role"]
    assert ("Integration", "Custom SAML 2.0") in found(ada, "custom")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("api+tokens", "Settings: API tokens"),
        ("issuers", "Settings: Issuers"),
        ("new+user", "New user"),
        ("workspace+admins", "Workspace Admins"),
        ("denied", "Denied sign-ins"),
    ],
)
def test_pages_and_settings_are_found(ada, query, name):
    assert ("Page", name) in found(ada, query)


def test_users_of_the_same_name_are_told_apart(ada):
    details = [item["detail"] for item in ada.get(URL + "kim").json]
    assert details == ["kim1, kim1@acme.test", "kim2, kim2@acme.test"]
    page = ada.get("/w/acme/jump?q=kim").text
    assert "kim1@acme.test" in page and "kim2@acme.test" in page


def test_every_result_can_be_opened(ada):
    for query in ("night", "a", "e"):
        for item in ada.get(URL + query).json:
            assert ada.get(item["href"]).status_code == 200, item


def test_nothing_is_found_for_nothing(ada):
    assert found(ada, "") == found(ada, "+") == found(ada, "zzzzzz") == []


def test_users_who_are_no_admins_find_nothing(filled):
    assert filled.browser(filled.person).get(URL + "night").status_code == 403
    assert filled.browser().get(URL + "night").status_code == 303


def test_hostile_searches_are_answered(ada):
    for query in ("%00", "%25", "'", "%22%3E%3Cb%3E", "x" * 5000, "%F0%9F%98%80"):
        assert ada.get(URL + query).status_code == 200
