"""Groups: the list, members by search and by list, roles for all of them."""

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


def test_a_group_is_made_from_the_empty_list(admin):
    empty = admin.get("/groups")
    assert "No group yet" in empty.words
    page = admin.follow(admin.submit("/groups/new", {"name": "Engineering", "description": "D"}))
    assert "Engineering is made. Add its members." in page.all_words
    assert "No members yet" in page.words
    assert admin.get("/groups?q=engin").links()["Engineering"]


def test_a_nameless_group_is_refused_and_the_rest_kept(admin):
    page = admin.submit("/groups/new", {"name": " ", "description": "Kept"})
    assert page.status == 422
    assert page.value("description") == "Kept"


def test_members_are_added_by_search(admin, site, group, amina, lars):
    dialog = admin.get(f"/groups/{group.id}?add=1&find=otieno")
    offered = dialog.find("//dialog[@id='picker']//input[@name='user']/@value")
    assert offered == [amina.id]
    page = admin.follow(
        admin.submit(f"/groups/{group.id}/members", {"user": [amina.id, lars.id], "do": "add"})
    )
    assert "2 people added." in page.all_words
    assert members(site, group) == ["amina", "lars"]


def test_a_pasted_list_is_added_whole(admin, site, group, amina, lars):
    groups.add_member(site.scope, group.id, lars.id)
    sent = admin.submit(
        f"/groups/{group.id}/members/paste",
        {"people": "amina@acme.test\r\n\r\nlars\r\namina@acme.test"},
    )
    assert "1 person added, 1 in it already." in admin.follow(sent).all_words
    assert members(site, group) == ["amina", "lars"]


def test_an_unknown_name_stops_the_list_and_is_named(admin, site, group, amina):
    page = admin.submit(f"/groups/{group.id}/members/paste", {"people": "amina\nnobody\n<i>x</i>"})
    assert page.status == 422
    assert "Nobody here is called nobody, <i>x</i>" in page.words
    assert page.value("people") == "amina\nnobody\n<i>x</i>"
    assert members(site, group) == []


def test_an_empty_list_is_refused(admin, group):
    page = admin.submit(f"/groups/{group.id}/members/paste", {"people": "  \n"})
    assert page.status == 422
    assert "Write at least one user name" in page.words


def test_a_member_is_removed(admin, site, group, amina):
    groups.add_member(site.scope, group.id, amina.id)
    page = admin.follow(admin.submit(f"/groups/{group.id}/members/{amina.id}/remove"))
    assert "Amina Otieno is out of the group." in page.all_words
    assert members(site, group) == []


def test_roles_of_a_group_reach_its_members(admin, site, group, amina):
    groups.add_member(site.scope, group.id, amina.id)
    role = roles.create_role(site.scope, name="readers")
    assert "No roles yet" in admin.get(f"/groups/{group.id}/roles").words
    assert admin.get(f"/groups/{group.id}/roles?add=1").find(f"//dialog//input[@value='{role.id}']")
    page = admin.follow(admin.submit(f"/groups/{group.id}/roles", {"role": role.id, "do": "add"}))
    assert "readers" in page.words
    (assignment,) = assignments.assignments_of_user(site.scope, amina.id)
    assert (assignment.via, assignment.group_name) == ("group", "Engineering")
    assert "Group Engineering" in admin.get(f"/users/{amina.id}/roles").words
    admin.submit(f"/groups/{group.id}/roles/{role.id}/remove")
    assert not assignments.assignments_of_user(site.scope, amina.id)


def test_it_is_renamed(admin, site, group):
    admin.submit(f"/groups/{group.id}/settings", {"name": "Platform", "description": "New"})
    assert groups.get_group(site.workspace.id, group.id).name == "Platform"


def test_its_end_is_asked_for_and_leaves_the_people(admin, site, group, amina):
    groups.add_member(site.scope, group.id, amina.id)
    asked = admin.get(f"/groups/{group.id}/delete")
    assert "with 1 member. The people stay" in asked.words
    done = admin.follow(admin.submit(f"/groups/{group.id}/delete"))
    assert "Engineering is deleted. Its people stay." in done.all_words
    assert admin.get(f"/users/{amina.id}").status == 200


@pytest.mark.parametrize(
    "path",
    ["", "/new", "/{group}", "/{group}/members/paste", "/{group}/roles", "/{group}/settings"],
)
def test_only_admins_see_these_pages(site, admin, amina, group, path):
    where = "/groups" + path.format(group=group.id)
    assert admin.get(where).status == 200
    assert site.visitor().sign_in("amina").get(where).status == 403
