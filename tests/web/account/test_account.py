"""The account page: the user's own password and sessions."""

from ..conftest import PASSWORD

NEW = "a brand new kettle 9"


def change(browser):
    fields = {"current_password": PASSWORD, "password": NEW}
    return browser.post("/w/acme/account/password", fields, form="/w/acme/account")


def test_a_copy_of_the_cookie_ends_when_the_owner_changes_the_password(site):
    owner = site.browser(site.person)
    cookie = owner.client.get_cookie("ssoko")
    thief = site.browser()
    thief.client.set_cookie("ssoko", cookie.value)
    assert thief.get("/w/acme/account").status_code == 200
    assert change(owner).status_code == 303
    assert owner.get("/w/acme/account").status_code == 200
    assert thief.get("/w/acme/account").status_code == 303


def test_a_changed_password_ends_the_sessions_of_other_browsers(site):
    owner, other = site.browser(site.person), site.browser(site.person)
    change(owner)
    assert other.get("/w/acme/account").status_code == 303
    assert site.browser().sign_in(site.person.username, NEW).status_code == 303
