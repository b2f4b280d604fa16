"""Changes that are made with one click can be undone with another."""

import re
from html import unescape

import pytest
from ssoko.services.access import assignments, roles
from ssoko.services.applications import install, views
from ssoko.services.people import groups, users
from ssoko.store import db

from tests.web.conftest import AWS_FORM, HTML, populate

LAST_DAY = 1_893_456_000  # 1 January 2030 in UTC: the day before is the last one


@pytest.fixture
def site(empty_app):
    return populate(empty_app)


@pytest.fixture
def ada(site):
    return site.browser(site.admin)


@pytest.fixture
def group(site):
    with db.session():
        group = groups.create_group(site.scope, name="Night")
        groups.add_member(site.scope, group.id, site.person.id)
        return group


@pytest.fixture
def role(site):
    with db.session():
        return roles.create_role(site.scope, name="reader")


def click(browser, action, page):
    """Click a button of a page; return the page that it leads to."""
    response = browser.post(action, form=page)
    assert response.status_code == 303, response.text
    return browser.get(response.headers["Location"]).text


def undo(browser, page):
    form = re.search(r'(?s)<div class="toast".*?</form>', page)[0]
    action = unescape(re.search(r'action="([^"]+)"', form)[1])
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    response = browser.client.post(action, data=fields | {"do": "undo"}, headers=HTML)
    assert response.status_code == 303, response.text


@pytest.mark.parametrize("expires_at", [None, LAST_DAY])
def test_role_is_assigned_again_with_its_expiry(site, ada, role, expires_at):
    with db.session():
        assignments.assign_roles(
            site.scope, role_ids=[role.id], user_id=site.person.id, expires_at=expires_at
        )
    page = f"/w/acme/users/{site.person.id}/roles"
    for action, on in (
        (f"{page}/{role.id}/remove", page),
        (f"/w/acme/roles/{role.id}/people/{site.person.id}/remove", f"/w/acme/roles/{role.id}"),
    ):
        text = click(ada, action, on)
        assert f"Removed {role.name} from Pete Test." in text
        undo(ada, text)
        with db.session():
            (assignment,) = assignments.assignments_of_user(site.scope, site.person.id)
        assert assignment.expires_at == expires_at


def test_role_of_a_group_names_the_number_of_members(site, ada, role, group):
    with db.session():
        assignments.assign_roles(site.scope, role_ids=[role.id], group_id=group.id)
    for action, on in (
        (f"/w/acme/groups/{group.id}/roles/{role.id}/remove", f"/w/acme/groups/{group.id}/roles"),
        (f"/w/acme/roles/{role.id}/groups/{group.id}/remove", f"/w/acme/roles/{role.id}"),
    ):
        text = click(ada, action, on)
        assert "Removed reader from Night, which has 1 member." in text
        undo(ada, text)
        with db.session():
            assert len(assignments.assignments_of_group(site.scope, group.id)) == 1


def test_membership_is_restored(site, ada, group):
    user = f"/w/acme/users/{site.person.id}"
    for action, on in (
        (
            f"/w/acme/groups/{group.id}/members/{site.person.id}/remove",
            f"/w/acme/groups/{group.id}",
        ),
        (f"{user}/groups/{group.id}/leave", f"{user}/roles"),
    ):
        undo(ada, click(ada, action, on))
        with db.session():
            assert len(groups.list_members(site.workspace.id, group.id).items) == 1


def test_admin_rights_are_restored(site, ada):
    with db.session():
        users.update_user(site.scope, site.person.id, admin=True)
    undo(ada, click(ada, f"/w/acme/admins/{site.person.id}/remove", "/w/acme/admins"))
    with db.session():
        assert users.get_user(site.workspace.id, site.person.id).admin


def test_user_is_enabled_again(site, ada):
    page = f"/w/acme/users/{site.person.id}"
    undo(ada, click(ada, f"{page}/disable", page))
    with db.session():
        assert users.get_user(site.workspace.id, site.person.id).active


def test_disabled_application_names_the_number_of_users_and_is_enabled_again(site, ada):
    with db.session():
        view = install.install(site.scope, integration="aws", name="AWS", settings=AWS_FORM)
        for user in (site.admin, site.person):
            assignments.assign_roles(site.scope, role_ids=[view.default_role.id], user_id=user.id)
    page = "/w/acme/applications/aws"
    text = click(ada, f"{page}/disable", page)
    assert "Disabled AWS for 2 people." in text
    undo(ada, text)
    with db.session():
        assert views.get_application(site.scope, view.id).enabled
