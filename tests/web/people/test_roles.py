"""Roles: the list, creating, assigning and deleting."""

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


def test_empty_list_links_to_the_marketplace(admin):
    page = admin.get("/roles")
    assert "No roles yet" in page.words
    assert page.links()["Open Marketplace"] == "/w/acme/marketplace"


def test_role_is_created(admin, site):
    page = admin.follow(admin.submit("/roles/new", {"name": "readers", "description": "Papers"}))
    assert "Created readers. Next: assign it to people or groups." in page.all_words
    assert "No assignments yet" in page.words
    assert admin.get("/roles?q=read").links()["readers"]
    assert "No results for “zzz”" in admin.get("/roles?q=zzz").words


def test_existing_name_is_rejected_and_the_entries_are_kept(admin, role):
    page = admin.submit("/roles/new", {"name": "Readers", "description": "Kept"})
    assert page.status == 422
    assert page.value("name") == "Readers"
    assert page.value("description") == "Kept"
    assert page.find("//*[@role='alert']//a[@href='#f-name']")


def test_role_is_assigned_to_people_and_groups(admin, site, role, amina, group):
    for noun, item in (("people", amina), ("groups", group)):
        dialog = admin.get(f"/roles/{role.id}?add={noun}")
        assert dialog.find(f"//dialog[@id='picker']//input[@value='{item.id}']")
    admin.submit(f"/roles/{role.id}/people", {"user": amina.id, "do": "add"})
    page = admin.follow(admin.submit(f"/roles/{role.id}/groups", {"group": group.id, "do": "add"}))
    assert "Assigned readers to 1 group." in page.all_words
    rows = [row.text_content() for row in page.find("//main//tbody/tr")]
    assert len(rows) == 2
    assert any("Amina Otieno" in row and "Person" in row for row in rows)
    assert any("Engineering" in row and "Group" in row for row in rows)
    assert not admin.get(f"/roles/{role.id}?add=people").find(
        f"//dialog[@id='picker']//input[@value='{amina.id}']"
    )


@pytest.mark.parametrize("noun", ["people", "groups"])
def test_assigning_to_nobody_is_rejected(admin, role, noun):
    page = admin.submit(f"/roles/{role.id}/{noun}", {"do": "add"})
    assert page.status == 422
    assert "Select at least one" in page.find("//dialog[@id='picker']")[0].text_content()


def test_role_is_removed_from_people_and_groups(admin, site, role, amina, group):
    for to in ({"user_id": amina.id}, {"group_id": group.id}):
        assignments.assign_roles(site.scope, role_ids=[role.id], **to)
    for action in admin.get(f"/roles/{role.id}").find("//main//tbody//form/@action"):
        admin.submit(action.removeprefix("/w/acme"))
    assert "No assignments yet" in admin.get(f"/roles/{role.id}").words


def test_role_is_renamed(admin, role):
    page = admin.follow(admin.submit(f"/roles/{role.id}/settings", {"name": "lectors"}))
    assert "Saved lectors." in page.all_words
    assert admin.submit(f"/roles/{role.id}/settings", {"name": ""}).status == 422


def test_attributes_are_edited_as_lines(admin, site, role):
    values = {"name": "readers", "attributes": "aws_role: Reader\naws_role: Auditor\nteam: Red"}
    page = admin.follow(admin.submit(f"/roles/{role.id}/settings", values))
    assert page.value("attributes") == values["attributes"]
    attributes = roles.get_role(site.workspace.id, role.id).attributes
    assert attributes == {"aws_role": ["Reader", "Auditor"], "team": "Red"}
    wrong = admin.submit(f"/roles/{role.id}/settings", {**values, "attributes": "no colon"})
    assert (wrong.status, wrong.value("attributes")) == (422, "no colon")
    assert "Line 1: enter a name, a colon and a value" in wrong.words
    assert roles.get_role(site.workspace.id, role.id).attributes == attributes


def test_deleting_a_role_names_who_loses_it(admin, site, role, amina, group):
    for to in ({"user_id": amina.id}, {"group_id": group.id}):
        assignments.assign_roles(site.scope, role_ids=[role.id], **to)
    confirmation = admin.get(f"/roles/{role.id}/delete")
    assert "Amina Otieno loses this role" in confirmation.words
    assert "Members of Engineering lose this role" in confirmation.words
    done = admin.follow(admin.submit(f"/roles/{role.id}/delete"))
    assert "Deleted readers." in done.all_words
    assert admin.get(f"/roles/{role.id}").status == 404


@pytest.mark.parametrize("path", ["", "/new", "/{role}", "/{role}/settings", "/{role}/delete"])
def test_only_admins_see_these_pages(site, admin, amina, role, path):
    where = "/roles" + path.format(role=role.id)
    assert admin.get(where).status == 200
    assert site.visitor().sign_in("amina").get(where).status == 403
