"""The SSO Dashboard and the account page."""

import pytest
from ssoko.services.access import assignments
from ssoko.services.applications import install
from ssoko.services.authentication import sessions
from ssoko.store import db

from ..conftest import AWS_FORM, PASSWORD

NEW = "a longer passphrase 42"


@pytest.fixture
def aws(site):
    with db.session():
        return install.install(
            site.scope,
            integration="aws",
            name="AWS",
            settings=AWS_FORM,
        )


def assign(site, application, user, expires_at=None):
    with db.session():
        assignments.assign_roles(
            site.scope,
            role_ids=[application.default_role.id],
            user_id=user.id,
            expires_at=expires_at,
        )


def test_user_without_apps_sees_the_contact(site, aws):
    page = site.browser(site.person).get("/w/acme/dashboard").text
    assert "No apps yet" in page
    assert "it@acme.test" in page
    assert "launch/aws" not in page


def test_tile_links_to_the_launch(site, aws):
    assign(site, aws, site.person)
    page = site.browser(site.person).get("/w/acme/dashboard").text
    assert 'href="/w/acme/launch/aws"' in page


def test_tile_shows_when_access_expires(site, aws):
    assign(site, aws, site.person, expires_at=site.services.clock() + 40 * 86_400)
    assert "Access expires" in site.browser(site.person).get("/w/acme/dashboard").text


def test_enter_in_the_search_opens_the_first_result(site, aws):
    assign(site, aws, site.person)
    browser = site.browser(site.person)
    response = browser.get("/w/acme/dashboard?open=1&q=aw")
    assert response.location == "/w/acme/launch/aws"
    assert "No results for" in browser.get("/w/acme/dashboard?open=1&q=zz").text


def test_only_admins_see_the_link_to_the_admin_pages(site):
    assert "Admin pages" in site.browser(site.admin).get("/w/acme/dashboard").text
    assert "Admin pages" not in site.browser(site.person).get("/w/acme/dashboard").text


def test_changing_the_password_ends_other_sessions(site):
    browser, other = site.browser(site.person), site.browser(site.person)
    passwords = {"current_password": PASSWORD, "password": NEW}
    response = browser.post("/w/acme/account/password", passwords, form="/w/acme/account")
    assert response.status_code == 303
    assert browser.get("/w/acme/account").status_code == 200
    assert other.get("/w/acme/account").status_code == 303
    assert site.browser().sign_in("pete", PASSWORD).status_code == 401
    assert site.browser().sign_in("pete", NEW).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong and long enough", NEW, "current_password"), (PASSWORD, "short", "password")],
)
def test_password_is_not_changed_with_a_wrong_field(site, current, new, field):
    browser = site.browser(site.person)
    response = browser.post(
        "/w/acme/account/password",
        {"current_password": current, "password": new},
        form="/w/acme/account",
    )
    assert response.status_code == 422
    assert f'href="#f-{field}"' in response.text
    assert browser.get("/w/acme/account").status_code == 200
    assert site.browser().sign_in("pete", PASSWORD).status_code == 303


def test_user_ends_other_sessions(site):
    browser, second, third = (site.browser(site.person) for _ in range(3))
    with db.session():
        listed = sessions.list_sessions(site.scope, site.person.id)
    assert len(listed) == 3
    page = browser.get("/w/acme/account").text
    handle = page.split("/w/acme/account/sessions/")[2].split("/")[0]
    browser.post(f"/w/acme/account/sessions/{handle}/end", form="/w/acme/account")
    ended = [other.get("/w/acme/account").status_code for other in (second, third)]
    assert sorted(ended) == [200, 303]
    browser.post("/w/acme/account/sessions/end-others", form="/w/acme/account")
    assert {other.get("/w/acme/account").status_code for other in (second, third)} == {303}
    assert browser.get("/w/acme/account").status_code == 200


def test_session_of_another_user_cannot_be_ended(site):
    site.browser(site.admin)
    with db.session():
        handle = sessions.list_sessions(site.scope, site.admin.id)[0].handle
    browser = site.browser(site.person)
    browser.post(f"/w/acme/account/sessions/{handle}/end", form="/w/acme/account")
    with db.session():
        assert sessions.list_sessions(site.scope, site.admin.id)
