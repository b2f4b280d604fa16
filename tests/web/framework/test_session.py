"""One browser with sessions in several workspaces."""

import pytest
from ssoko.services import workspaces
from ssoko.services.access import assignments
from ssoko.services.applications import install
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.people import users
from ssoko.store import db

from tests.web.conftest import HTML, PASSWORD


@pytest.fixture
def lab(site):
    """A second workspace with an admin, ``lee``."""
    with db.session():
        view = workspaces.create_workspace(site.services, SYSTEM, slug="lab", name="Lab")
        users.create_user(
            Scope(site.services, view.id, SYSTEM), username="lee", password=PASSWORD, admin=True
        )
    return view


def sign_in(browser, workspace, username):
    return browser.post(f"/w/{workspace}/sign-in", {"username": username, "password": PASSWORD})


def is_signed_in(browser, workspace):
    return browser.get(f"/w/{workspace}/users").status_code == 200


def test_second_workspace_does_not_end_the_session_in_the_first(site, lab):
    browser = site.browser(site.admin)
    assert sign_in(browser, "lab", "lee").status_code == 303
    assert is_signed_in(browser, "acme") and is_signed_in(browser, "lab")
    assert "Ada Test" in browser.get("/w/acme/users").text
    assert "Ada Test" not in browser.get("/w/lab/users").text


def test_sign_out_ends_the_session_of_one_workspace(site, lab):
    browser = site.browser(site.admin)
    sign_in(browser, "lab", "lee")
    browser.post("/w/acme/sign-out", form="/w/acme/account")
    assert not is_signed_in(browser, "acme")
    assert is_signed_in(browser, "lab")
    browser.post("/w/lab/sign-out", form="/w/lab/account")
    assert not is_signed_in(browser, "lab")


def test_signing_in_again_replaces_the_session_of_the_same_workspace(site, lab):
    browser = site.browser(site.admin)
    sign_in(browser, "lab", "lee")
    page = browser.post("/w/acme/sign-in?fresh=1", {"username": "pete", "password": PASSWORD})
    assert page.status_code == 303
    assert browser.get("/w/acme/users").status_code == 403
    assert is_signed_in(browser, "lab")


def test_session_of_one_workspace_opens_no_other(site, lab):
    browser = site.browser()
    sign_in(browser, "lab", "lee")
    assert browser.get("/w/acme/users").status_code == 303


def test_token_of_an_ended_session_is_dropped(site, lab):
    browser = site.browser(site.admin)
    sign_in(browser, "lab", "lee")
    with db.session():
        users.sign_out_everywhere(site.admin.id, now=site.services.clock())
    assert not is_signed_in(browser, "acme")
    assert is_signed_in(browser, "lab")


def test_application_of_the_first_workspace_opens(site, lab):
    with db.session():
        view = install.install(
            site.scope,
            integration="custom-saml",
            name="Wiki",
            settings={"entity_id": "https://w.test", "acs_urls": ["https://w.test/acs"]},
        )
        assignments.assign_roles(
            site.scope, role_ids=[view.default_role.id], user_id=site.person.id
        )
    browser = site.browser(site.person)
    sign_in(browser, "lab", "lee")
    for path in ("/w/acme/launch/wiki", f"/saml/{view.issuer.id}/login"):
        assert "SAMLResponse" in browser.get(path, headers=HTML).text
