"""Two admins who edit the same thing at the same time."""

import re
from dataclasses import asdict
from html import unescape

import pytest
from lxml import html
from ssoko.services import workspaces
from ssoko.services.access import roles
from ssoko.services.applications import install, mappers, views
from ssoko.services.people import groups, users
from ssoko.store import db

from tests.web.conftest import AWS_FORM, HTML


@pytest.fixture
def bea(site):
    """A second admin."""
    with db.session():
        return users.create_user(
            site.scope, username="bea", password="correct horse battery 7", admin=True
        )


@pytest.fixture
def application(site):
    with db.session():
        return install.install(site.scope, integration="aws", name="AWS", settings=AWS_FORM)


def fields_of(page: str) -> dict[str, str]:
    """Return the fields that the browser would send with the main form of a page."""
    (form, *_) = [
        form
        for form in html.fromstring(page).xpath("//main//form[@method='post']")
        if form.xpath(".//input[@type='text'] | .//input[not(@type)] | .//textarea | .//select")
    ]
    return {name: value for name, value in form.form_values() if name}


def save(browser, path, fields, **changes):
    return browser.client.post(path, data=fields | changes, headers=HTML)


def open_twice(site, bea, path):
    first, second = site.browser(site.admin), site.browser(bea)
    return first, fields_of(first.get(path).text), second, fields_of(second.get(path).text)


def test_later_save_keeps_what_another_admin_changed(site, bea):
    path = f"/w/acme/users/{site.person.id}"
    first, typed, second, also_typed = open_twice(site, bea, path)
    assert save(first, path, typed, email="new@acme.test").status_code == 303
    assert save(second, path, also_typed, last_name="Newname").status_code == 303
    with db.session():
        user = users.get_user(site.workspace.id, site.person.id)
    assert (user.email, user.last_name) == ("new@acme.test", "Newname")


def test_field_that_both_changed_is_shown_and_nothing_is_saved(site, bea):
    path = f"/w/acme/users/{site.person.id}"
    first, typed, second, also_typed = open_twice(site, bea, path)
    save(first, path, typed, email="new@acme.test")
    page = save(second, path, also_typed, email="other@acme.test", last_name="Newname")
    assert page.status_code == 422
    text = unescape(re.sub(r"<[^>]+>", "", page.text))
    assert "This was changed to “new@acme.test” after you opened this page" in text
    assert fields_of(page.text)["email"] == "other@acme.test"
    with db.session():
        user = users.get_user(site.workspace.id, site.person.id)
    assert (user.email, user.last_name) == ("new@acme.test", "Test")


def test_saving_again_replaces_the_other_value(site, bea):
    path = f"/w/acme/users/{site.person.id}"
    first, typed, second, also_typed = open_twice(site, bea, path)
    save(first, path, typed, email="new@acme.test")
    page = save(second, path, also_typed, email="other@acme.test")
    assert save(second, path, fields_of(page.text)).status_code == 303
    with db.session():
        assert users.get_user(site.workspace.id, site.person.id).email == "other@acme.test"


def test_same_change_twice_is_no_conflict(site, bea):
    path = f"/w/acme/users/{site.person.id}"
    first, typed, second, also_typed = open_twice(site, bea, path)
    save(first, path, typed, email="new@acme.test")
    assert save(second, path, also_typed, email="new@acme.test").status_code == 303


def test_field_that_is_not_sent_is_not_changed(site):
    browser = site.browser(site.admin)
    path = f"/w/acme/users/{site.person.id}"
    response = browser.post(path, {"username": "pete", "email": "pete@new.test"})
    assert response.status_code == 303
    with db.session():
        user = users.get_user(site.workspace.id, site.person.id)
    assert (user.email, user.first_name) == ("pete@new.test", "Pete")


def test_groups_roles_and_workspaces_merge_too(site, bea):
    with db.session():
        group = groups.create_group(site.scope, name="Night", description="Until six")
        role = roles.create_role(site.scope, name="reader", attributes={"level": "1"})
    for path, name, other in (
        (f"/w/acme/groups/{group.id}/settings", "name", "description"),
        (f"/w/acme/roles/{role.id}/settings", "description", "attributes"),
        ("/w/acme/settings", "name", "contact"),
    ):
        first, typed, second, also_typed = open_twice(site, bea, path)
        assert save(first, path, typed, **{name: "Changed"}).status_code == 303
        assert save(second, path, also_typed, **{other: "level: 2"}).status_code == 303
    with db.session():
        group = groups.get_group(site.workspace.id, group.id)
        role = roles.get_role(site.workspace.id, role.id)
        workspace = workspaces.get_workspace("acme")
    assert (group.name, group.description) == ("Changed", "level: 2")
    assert (role.description, role.attributes) == ("Changed", {"level": "2"})
    assert (workspace.name, workspace.contact) == ("Changed", "level: 2")


def test_application_settings_merge(site, bea, application):
    path = "/w/acme/applications/aws/settings"
    first, typed, second, also_typed = open_twice(site, bea, path)
    url = AWS_FORM["sign_in_url"].replace("9967a1b2c3", "9967a1b2c4")
    changed = {"plugin.sign_in_url": url}
    assert save(first, path, typed | changed).status_code == 303
    assert save(second, path, also_typed, name="Cloud").status_code == 303
    with db.session():
        view = views.get_application(site.scope, application.id)
    assert (view.name, view.settings["sign_in_url"]) == ("Cloud", url)


def test_saml_settings_merge(site, bea, application):
    path = "/w/acme/applications/aws/saml"
    first, typed, second, also_typed = open_twice(site, bea, path)
    assert save(first, path, typed, relay_state="https://console.test").status_code == 303
    assert save(second, path, also_typed, lifetime="120").status_code == 303
    with db.session():
        sp = views.get_application(site.scope, application.id).service_provider
    assert (sp.relay_state, sp.lifetime) == ("https://console.test", 120)


def test_checkbox_that_another_admin_cleared_stays_cleared(site, bea, application):
    path = "/w/acme/applications/aws/saml"
    first, typed, second, also_typed = open_twice(site, bea, path)
    assert "sign_response" in typed
    typed.pop("sign_response")
    assert save(first, path, typed).status_code == 303
    assert save(second, path, also_typed, lifetime="120").status_code == 303
    with db.session():
        sp = views.get_application(site.scope, application.id).service_provider
    assert (sp.sign_response, sp.lifetime) == (False, 120)


def test_mapper_of_another_position_is_not_changed(site, bea, application):
    first, second = site.browser(site.admin), site.browser(bea)
    path = "/w/acme/applications/aws/mappers/1"
    typed = fields_of(second.get(path).text)
    with db.session():
        view = views.get_application(site.scope, application.id)
        kept = view.mappers[1:]
        mappers.set_mappers(site.scope, application.id, [asdict(m) for m in kept])
    first.get(path)
    page = save(second, path, {k: v for k, v in typed.items() if k != "seen"}, name="Other")
    assert page.status_code in {404, 422}
    with db.session():
        assert views.get_application(site.scope, application.id).mappers == kept
