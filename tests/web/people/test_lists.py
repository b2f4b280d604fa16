"""Lists and dialogs with more than one page."""

from html import unescape

import pytest
from lxml import html
from ssoko.services.access import assignments, roles
from ssoko.services.applications import install
from ssoko.services.people import groups, users
from ssoko.store import db

from tests.web.conftest import AWS_FORM, populate


@pytest.fixture
def site(empty_app):
    return populate(empty_app)


@pytest.fixture
def many_roles(site):
    with db.session():
        return [roles.create_role(site.scope, name=f"role {n:02}") for n in range(60)]


def options(page):
    return [
        b.text_content() for b in html.fromstring(page).xpath("//dialog//label[@class='option']//b")
    ]


def test_roles_after_the_first_fifty_can_be_assigned_to_a_group_with_the_first_fifty(
    site, many_roles
):
    with db.session():
        group = groups.create_group(site.scope, name="Night")
        assignments.assign_roles(
            site.scope, role_ids=[role.id for role in many_roles[:50]], group_id=group.id
        )
    page = site.browser(site.admin).get(f"/w/acme/groups/{group.id}/roles?add=1").text
    assert options(page) == [f"role {n}" for n in range(50, 60)]


@pytest.mark.parametrize(
    ("path", "total"),
    [
        ("users", "2 users"),
        ("users?q=pete", "1 user"),
        ("users?state=disabled", None),
        ("admins", "1 admin"),
        ("roles", "60 roles"),
        ("roles?q=role+05", "1 role"),
        ("groups", "1 group"),
    ],
)
def test_lists_show_their_total(site, many_roles, path, total):
    with db.session():
        groups.create_group(site.scope, name="Night")
    page = html.fromstring(site.browser(site.admin).get(f"/w/acme/{path}").text)
    shown = [
        nav.text_content().split("Next")[0].strip() for nav in page.xpath("//nav[@class='pager']")
    ]
    assert shown == ([total] if total else [])


def test_users_are_assigned_all_or_none(site, many_roles):
    browser = site.browser(site.admin)
    page = f"/w/acme/roles/{many_roles[0].id}"
    data = {"user": [site.person.id, "0" * 22], "do": "add"}
    assert browser.post(f"{page}/people", data, form=f"{page}?add=people").status_code == 404
    with db.session():
        assert not assignments.assignments_of_role(site.scope, many_roles[0].id).items


def test_assigning_from_an_application_returns_to_it(site):
    with db.session():
        view = install.install(site.scope, integration="aws", name="AWS", settings=AWS_FORM)
    browser = site.browser(site.admin)
    access = browser.get("/w/acme/applications/aws/access").text
    (link,) = html.fromstring(access).xpath("//main//a[text()='Assign people']/@href")
    dialog = browser.get(link).text
    action = unescape(html.fromstring(dialog).xpath("//dialog//form/@action")[0])
    response = browser.post(action, {"user": site.person.id, "do": "add"}, form=link)
    assert response.headers["Location"].split("?")[0].endswith(f"/applications/{view.id}/access")
    assert "Pete Test" in browser.get(response.headers["Location"]).text


def test_disabled_users_are_not_counted(site):
    with db.session():
        view = install.install(site.scope, integration="aws", name="AWS", settings=AWS_FORM)
        assignments.assign_roles(
            site.scope, role_ids=[view.default_role.id], user_id=site.person.id
        )
        users.update_user(site.scope, site.person.id, active=False)
    browser = site.browser(site.admin)
    assert "nobody has access yet" in browser.get("/w/acme/applications/aws").text
    assert "Needs setup" in browser.get("/w/acme/applications?state=needs-setup").text


@pytest.mark.parametrize("date", ["2031-12-31", "2028-02-29"])
def test_last_day_is_the_same_day_everywhere(site, date):
    with db.session():
        view = install.install(site.scope, integration="aws", name="AWS", settings=AWS_FORM)
    role, browser = view.default_role, site.browser(site.admin)
    page = f"/w/acme/users/{site.admin.id}/roles"
    data = {"role": role.id, "expires": date, "do": "add"}
    assert browser.post(page, data, form=f"{page}?add=1").status_code == 303
    shown = {"2031-12-31": "31 Dec 2031", "2028-02-29": "29 Feb 2028"}[date]
    wrong = {"2031-12-31": "1 Jan 2032", "2028-02-29": "1 Mar 2028"}[date]
    for path in (
        page,
        f"{page}?view=map",
        f"/w/acme/roles/{role.id}",
        "/w/acme/applications/aws/access",
        f"/w/acme/applications/aws/access?person={site.admin.username}",
        "/w/acme/dashboard",
        "/w/acme/activity",
    ):
        text = browser.get(path).text
        assert shown in text, path
        assert wrong not in text, path
