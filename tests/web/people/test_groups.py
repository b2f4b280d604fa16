"""Groups: the list, members from the dialog and from a list, roles."""

import pytest
from ssoko.services.access import assignments, roles
from ssoko.services.people import groups


@pytest.fixture
def amina(site):
    return site.person("amina", first_name="Amina", last_name="Otieno")


@pytest.fixture
def lars(site):
    return site.person("lars", first_name="Lars", last_name="Holm")


@pytest.fixture
def group(site):
    return groups.create_group(site.scope, name="Engineering")


def members(site, group):
    return [user.username for user in groups.list_members(site.workspace.id, group.id).items]


def test_group_is_created_from_the_empty_list(admin):
    empty = admin.get("/groups")
    assert "No groups yet" in empty.words
    page = admin.follow(admin.submit("/groups/new", {"name": "Engineering", "description": "D"}))
    assert "Created Engineering. Next: add members." in page.all_words
    assert "No members yet" in page.words
    assert admin.get("/groups?q=engin").links()["Engineering"]


def test_group_without_a_name_is_rejected_and_the_entries_are_kept(admin):
    page = admin.submit("/groups/new", {"name": " ", "description": "Kept"})
    assert page.status == 422
    assert page.value("description") == "Kept"


def test_members_are_added_from_the_dialog(admin, site, group, amina, lars):
    dialog = admin.get(f"/groups/{group.id}?add=1&find=otieno")
    user_ids = dialog.find("//dialog[@id='picker']//input[@name='user']/@value")
    assert user_ids == [amina.id]
    page = admin.follow(
        admin.submit(f"/groups/{group.id}/members", {"user": [amina.id, lars.id], "do": "add"})
    )
    assert "Added 2 people to Engineering." in page.all_words
    assert members(site, group) == ["amina", "lars"]


def test_dialogs_offer_the_rest_when_the_first_50_are_taken(site, admin, group):
    people = [site.person(f"user{number:02}", password=None) for number in range(60)]
    created = [roles.create_role(site.scope, name=f"role-{number:02}") for number in range(60)]
    groups.add_members(site.scope, group.id, [user.id for user in people[:50]])
    assignments.assign_roles(
        site.scope, role_ids=[role.id for role in created[:50]], group_id=group.id
    )
    members = admin.get(f"/groups/{group.id}?add=1&find=user")
    assert members.find("//dialog//input[@name='user']/@value") == [user.id for user in people[50:]]
    dialog = admin.get(f"/groups/{group.id}/roles?add=1")
    assert dialog.find("//dialog//input[@name='role']/@value") == [role.id for role in created[50:]]


def test_pasted_list_is_added(admin, site, group, amina, lars):
    groups.add_member(site.scope, group.id, lars.id)
    response = admin.submit(
        f"/groups/{group.id}/members/paste",
        {"people": "amina@acme.test\r\n\r\nlars\r\namina@acme.test"},
    )
    assert "Added 1 person to Engineering, 1 already in it." in admin.follow(response).all_words
    assert members(site, group) == ["amina", "lars"]


def test_unknown_name_on_the_list_is_named_and_nobody_is_added(admin, site, group, amina):
    page = admin.submit(f"/groups/{group.id}/members/paste", {"people": "amina\nnobody\n<i>x</i>"})
    assert page.status == 422
    assert "No user has this username or email address: nobody, <i>x</i>" in page.words
    assert page.value("people") == "amina\nnobody\n<i>x</i>"
    assert members(site, group) == []


def test_empty_list_is_rejected(admin, group):
    page = admin.submit(f"/groups/{group.id}/members/paste", {"people": "  \n"})
    assert page.status == 422
    assert "Enter at least one username" in page.words


def test_member_is_removed(admin, site, group, amina):
    groups.add_member(site.scope, group.id, amina.id)
    page = admin.follow(admin.submit(f"/groups/{group.id}/members/{amina.id}/remove"))
    assert "Removed Amina Otieno from Engineering." in page.all_words
    assert members(site, group) == []


def test_members_have_the_roles_of_the_group(admin, site, group, amina):
    groups.add_member(site.scope, group.id, amina.id)
    role = roles.create_role(site.scope, name="readers")
    assert "No roles yet" in admin.get(f"/groups/{group.id}/roles").words
    assert admin.get(f"/groups/{group.id}/roles?add=1").find(f"//dialog//input[@value='{role.id}']")
    page = admin.follow(admin.submit(f"/groups/{group.id}/roles", {"role": role.id, "do": "add"}))
    assert "readers" in page.words
    assert "Assigned 1 role to Engineering." in page.all_words
    (assignment,) = assignments.assignments_of_user(site.scope, amina.id)
    assert (assignment.via, assignment.group_name) == ("group", "Engineering")
    assert "Through group Engineering" in admin.get(f"/users/{amina.id}/roles").words
    page = admin.follow(admin.submit(f"/groups/{group.id}/roles/{role.id}/remove"))
    assert "Removed readers from Engineering, which has 1 member." in page.all_words
    assert not assignments.assignments_of_user(site.scope, amina.id)


def test_group_is_renamed(admin, site, group):
    admin.submit(f"/groups/{group.id}/settings", {"name": "Platform", "description": "New"})
    assert groups.get_group(site.workspace.id, group.id).name == "Platform"


def test_deleting_a_group_is_confirmed_and_keeps_its_members(admin, site, group, amina):
    groups.add_member(site.scope, group.id, amina.id)
    confirmation = admin.get(f"/groups/{group.id}/delete")
    assert "Its member stays a user" in confirmation.words
    done = admin.follow(admin.submit(f"/groups/{group.id}/delete"))
    assert "Deleted Engineering. Its members are still users." in done.all_words
    assert admin.get(f"/users/{amina.id}").status == 200


@pytest.mark.parametrize(
    "path",
    ["", "/new", "/{group}", "/{group}/members/paste", "/{group}/roles", "/{group}/settings"],
)
def test_only_admins_see_these_pages(site, admin, amina, group, path):
    where = "/groups" + path.format(group=group.id)
    assert admin.get(where).status == 200
    assert site.visitor().sign_in("amina").get(where).status == 403
