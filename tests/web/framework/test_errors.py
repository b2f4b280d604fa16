"""The menu on the pages of errors."""

import pytest


@pytest.mark.parametrize(
    "path", ["/w/acme/nothing", "/w/acme/users/0", "/w/acme/groups/x/settings"]
)
def test_admins_keep_the_menu(site, path):
    page = site.browser(site.admin).get(path)
    assert page.status_code == 404
    assert "Workspace Admins" in page.text
    assert "Page not found" in page.text


def test_users_keep_the_way_to_their_dashboard(site):
    page = site.browser(site.person).get("/w/acme/users")
    assert page.status_code == 403
    assert 'href="/w/acme/dashboard"' in page.text
    assert "Workspace Admins" not in page.text


@pytest.mark.parametrize("path", ["/w/other/users", "/nothing"])
def test_pages_of_no_workspace_have_no_menu(site, path):
    page = site.browser(site.admin).get(path)
    assert page.status_code == 404
    assert "Workspace Admins" not in page.text


def test_strangers_see_no_menu(site):
    page = site.browser().get("/w/acme/nothing")
    assert page.status_code == 404
    assert "Acme" not in page.text
