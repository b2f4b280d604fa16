"""Forms that outlive their session or their CSRF token."""

import re
from html import unescape

import pytest
from ssoko.services.access import roles
from ssoko.services.authentication import kept_forms
from ssoko.services.people import groups, users
from ssoko.store import db
from ssoko.store.models.sessions import KeptForm

from tests.web.conftest import AWS_FORM, HTML, PASSWORD

GROUP = {"name": "Night <shift>", "description": "Until six"}
NEW_GROUP = "/w/acme/groups/new"


def end_sessions(site, user):
    with db.session():
        users.sign_out_everywhere(user.id, now=site.services.clock())


def send_late(site, browser, path, data, *, query="", send_to=""):
    """Send a form after its session ended, and return the path of the sign-in page."""
    token = browser.token(path + query)
    end_sessions(site, site.admin)
    headers = HTML | {"Referer": f"http://localhost{path}{query}"}
    response = browser.client.post(
        send_to or path, data={"csrf_token": token, **data}, headers=headers
    )
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def sign_in(browser, path, username="ada"):
    response = browser.post(path, {"username": username, "password": PASSWORD})
    assert response.status_code == 303, response.text
    return browser.get(response.headers["Location"])


def kept_rows():
    with db.session():
        return list(KeptForm.select().dicts())


def test_form_is_filled_in_after_signing_in_and_saves(site):
    browser = site.browser(site.admin)
    page = sign_in(browser, send_late(site, browser, NEW_GROUP, GROUP))
    assert page.request.path == NEW_GROUP
    for value in GROUP.values():
        assert value in unescape(page.text)
    assert "Nothing was saved yet." in page.text
    browser.post(NEW_GROUP, GROUP)
    with db.session():
        listed = groups.list_groups(site.workspace.id).items
    assert [group.name for group in listed] == ["Night <shift>"]


def test_nothing_is_saved_by_opening_the_page(site):
    browser = site.browser(site.admin)
    sign_in(browser, send_late(site, browser, NEW_GROUP, GROUP))
    with db.session():
        assert not groups.list_groups(site.workspace.id).items


def test_install_form_is_filled_in(site):
    browser = site.browser(site.admin)
    path = "/w/acme/marketplace/aws/install"
    typed = {"name": "Cloud", **{f"plugin.{name}": text for name, text in AWS_FORM.items()}}
    page = sign_in(browser, send_late(site, browser, path, typed))
    for value in typed.values():
        assert value in unescape(page.text)


def test_passwords_are_not_kept(site):
    browser = site.browser(site.admin)
    data = {"username": "chi", "email": "chi@acme.test", "password": "a long secret text"}
    page = sign_in(browser, send_late(site, browser, "/w/acme/users/new", data))
    assert 'value="chi@acme.test"' in page.text
    assert "Passwords, secrets and files are not kept." in page.text
    assert "a long secret text" not in page.text + repr(kept_rows())


def test_form_is_not_shown_to_another_user(site):
    browser = site.browser(site.admin)
    path = send_late(site, browser, NEW_GROUP, GROUP)
    with db.session():
        users.update_user(site.scope, site.person.id, admin=True)
    page = sign_in(browser, path, "pete")
    assert page.status_code == 200
    assert "Until six" not in page.text


def test_form_is_kept_for_a_browser_without_cookies(site):
    browser = site.browser(site.admin)
    token = browser.token(NEW_GROUP)
    browser.client.delete_cookie("ssoko")
    for cookie in list(browser.client._cookies.values()):
        browser.client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)
    response = browser.client.post(NEW_GROUP, data={"csrf_token": token, **GROUP}, headers=HTML)
    assert response.status_code == 303
    assert "Until six" in sign_in(browser, response.headers["Location"]).text


def test_outdated_token_shows_the_form_with_the_entries(site):
    browser = site.browser(site.admin)
    data = {"csrf_token": "outdated", **GROUP}
    response = browser.client.post(NEW_GROUP, data=data, headers=HTML)
    assert response.status_code == 303
    page = browser.get(response.headers["Location"])
    assert "Until six" in page.text
    with db.session():
        assert not groups.list_groups(site.workspace.id).items


def test_form_of_another_site_is_not_kept(site):
    browser = site.browser(site.admin)
    response = browser.client.post(NEW_GROUP, data={"csrf_token": "outdated", **GROUP})
    assert response.status_code == 400
    assert not kept_rows()


def test_button_without_a_page_leads_back_to_the_page_it_was_on(site):
    browser = site.browser(site.admin)
    page = f"/w/acme/users/{site.person.id}"
    token = browser.token(page)
    end_sessions(site, site.admin)
    response = browser.client.post(
        f"{page}/disable",
        data={"csrf_token": token},
        headers=HTML | {"Referer": f"http://localhost{page}"},
    )
    assert sign_in(browser, response.headers["Location"]).request.path == page
    with db.session():
        assert users.get_user(site.workspace.id, site.person.id).active


def test_dialog_that_sends_to_another_path_is_open_again(site):
    with db.session():
        role = roles.create_role(site.scope, name="builder")
    browser, page = site.browser(site.admin), f"/w/acme/roles/{role.id}"
    data = {"user": site.person.id}
    path = send_late(site, browser, page, data, query="?add=people", send_to=f"{page}/people")
    filled = sign_in(browser, path).text
    assert re.search(rf'name="user" value="{site.person.id}" checked', filled)


def test_dialog_is_open_again_with_its_selection(site):
    browser = site.browser(site.admin)
    page = f"/w/acme/users/{site.person.id}/roles"
    with db.session():
        role = roles.create_role(site.scope, name="builder")
    data = {"role": role.id, "expires": "2031-12-31"}
    path = send_late(site, browser, page, data, query="?add=1")
    filled = sign_in(browser, path).text
    assert re.search(rf'name="role" value="{role.id}" checked', filled)
    assert 'value="2031-12-31"' in filled


@pytest.mark.parametrize("seconds", [kept_forms.LIFETIME, 86_400])
def test_form_is_deleted_after_an_hour(site, seconds):
    with db.session():
        kept_forms.keep_form(site.services, "", path="/w/x", fields=[("name", "x")])
        KeptForm.update(expires_at=KeptForm.expires_at - seconds).execute()
        kept_forms.keep_form(site.services, "", path="/w/y", fields=[("name", "y")])
    assert [row["path"] for row in kept_rows()] == ["/w/y"]


def test_forms_of_strangers_are_bounded(site):
    with db.session():
        for number in range(kept_forms.MAX_UNKNOWN + 5):
            kept_forms.keep_form(
                site.services, "", path=f"/w/{number}", fields=[("name", str(number))]
            )
    assert len(kept_rows()) == kept_forms.MAX_UNKNOWN


def test_large_form_is_not_kept(site):
    with db.session():
        fields = [("name", "x" * (kept_forms.MAX_SIZE + 1))]
        assert kept_forms.keep_form(site.services, "", path="/w/x", fields=fields) == ""
