"""Roles: the list, making one, who has it, and its end."""

import pytest
from ssoko.services.access import assignments, roles
from ssoko.services.people import groups


@pytest.fixture
def amina(site):
    return site.person("amina", first_name="Amina", last_name="Otieno")


@pytest.fixture
def group(site):
    return groups.create_group(site.scope, name="Engineering")


@pytest.fixture
def role(site):
    return roles.create_role(site.scope, name="readers")


def test_an_empty_list_says_where_roles_come_from(admin):
    page = admin.get("/roles")
    assert "No role yet" in page.words
    assert page.links()["Open the Marketplace"] == "/w/acme/marketplace"


def test_a_role_is_made(admin, site):
    page = admin.follow(admin.submit("/roles/new", {"name": "readers", "description": "Papers"}))
    assert "readers is made. Give it to people." in page.all_words
    assert "Nobody has it" in page.words
    assert admin.get("/roles?q=read").links()["readers"]
    assert "No role like that" in admin.get("/roles?q=zzz").words


def test_a_name_that_is_taken_is_refused_and_kept(admin, role):
    page = admin.submit("/roles/new", {"name": "Readers", "description": "Kept"})
    assert page.status == 422
    assert page.value("name") == "Readers"
    assert page.value("description") == "Kept"
    assert page.find("//*[@role='alert']//a[@href='#f-name']")


def test_it_is_given_to_people_and_groups(admin, site, role, amina, group):
    for way, thing in (("people", amina), ("groups", group)):
        dialog = admin.get(f"/roles/{role.id}?add={way}")
        assert dialog.find(f"//dialog[@id='picker']//input[@value='{thing.id}']")
    admin.submit(f"/roles/{role.id}/people", {"user": amina.id, "do": "add"})
    page = admin.follow(admin.submit(f"/roles/{role.id}/groups", {"group": group.id, "do": "add"}))
    assert "1 group more with readers." in page.all_words
    rows = [row.text_content() for row in page.find("//main//tbody/tr")]
    assert len(rows) == 2
    assert any("Amina Otieno" in row and "Person" in row for row in rows)
    assert any("Engineering" in row and "Group: all its members" in row for row in rows)
    assert not admin.get(f"/roles/{role.id}?add=people").find(
        f"//dialog[@id='picker']//input[@value='{amina.id}']"
    )


@pytest.mark.parametrize("way", ["people", "groups"])
def test_giving_to_nobody_is_said(admin, role, way):
    page = admin.submit(f"/roles/{role.id}/{way}", {"do": "add"})
    assert page.status == 422
    assert "Tick at least one" in page.find("//dialog[@id='picker']")[0].text_content()


def test_it_is_taken_back(admin, site, role, amina, group):
    for to in ({"user_id": amina.id}, {"group_id": group.id}):
        assignments.assign_roles(site.scope, role_ids=[role.id], **to)
    for action in admin.get(f"/roles/{role.id}").find("//main//tbody//form/@action"):
        admin.submit(action.removeprefix("/w/acme"))
    assert "Nobody has it" in admin.get(f"/roles/{role.id}").words


def test_it_is_renamed(admin, role):
    page = admin.follow(admin.submit(f"/roles/{role.id}/settings", {"name": "lectors"}))
    assert "lectors is saved." in page.all_words
    assert admin.submit(f"/roles/{role.id}/settings", {"name": ""}).status == 422


def test_its_attributes_are_written_as_lines(admin, site, role):
    typed = {"name": "readers", "attributes": "aws_role: Reader\naws_role: Auditor\nteam: Red"}
    page = admin.follow(admin.submit(f"/roles/{role.id}/settings", typed))
    assert page.value("attributes") == typed["attributes"]
    kept = roles.get_role(site.workspace.id, role.id).attributes
    assert kept == {"aws_role": ["Reader", "Auditor"], "team": "Red"}
    wrong = admin.submit(f"/roles/{role.id}/settings", {**typed, "attributes": "no colon"})
    assert (wrong.status, wrong.value("attributes")) == (422, "no colon")
    assert "Line 1: write a name, a colon and a value" in wrong.words
    assert roles.get_role(site.workspace.id, role.id).attributes == kept


def test_its_end_names_who_loses_it(admin, site, role, amina, group):
    for to in ({"user_id": amina.id}, {"group_id": group.id}):
        assignments.assign_roles(site.scope, role_ids=[role.id], **to)
    asked = admin.get(f"/roles/{role.id}/delete")
    assert "Amina Otieno loses it" in asked.words
    assert "Everybody in the group Engineering loses it" in asked.words
    done = admin.follow(admin.submit(f"/roles/{role.id}/delete"))
    assert "readers is deleted." in done.all_words
    assert admin.get(f"/roles/{role.id}").status == 404


@pytest.mark.parametrize("path", ["", "/new", "/{role}", "/{role}/settings", "/{role}/delete"])
def test_only_admins_see_these_pages(site, admin, amina, role, path):
    where = "/roles" + path.format(role=role.id)
    assert admin.get(where).status == 200
    assert site.visitor().sign_in("amina").get(where).status == 403
