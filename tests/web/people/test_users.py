"""Users and Workspace Admins: the lists, the tabs of a user, assigning roles."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from ssoko.services.access import assignments, roles
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.people import groups, users

from ..reader import PASSWORD


@pytest.fixture
def amina(site):
    return site.person("amina", first_name="Amina", last_name="Otieno")


@pytest.fixture
def role(site):
    return roles.create_role(site.scope, name="readers", description="Read the papers")


def names(page):
    return [a.text_content() for a in page.find("//main//tbody//td[@data-label='Name']//a")]


def test_list_is_searched_and_filtered(site, admin, amina):
    site.person("lars", first_name="Lars", last_name="Holm", active=False)
    assert names(admin.get("/users")) == ["Amina Otieno", "First Last", "Lars Holm"]
    assert names(admin.get("/users?q=otie")) == ["Amina Otieno"]
    assert names(admin.get("/users?state=disabled")) == ["Lars Holm"]
    empty = admin.get("/users?q=zzz")
    assert "No results for “zzz”" in empty.words
    assert empty.links()["Show all users"] == "/w/acme/users"


def test_list_has_a_next_page(site, admin):
    for number in range(51):
        site.person(f"person{number:02}", password=None)
    first = admin.get("/users")
    second = admin.get(first.links()["Next page"].removeprefix("/w/acme"))
    assert len(names(first)) == 50
    assert len(names(second)) == 2
    assert not set(names(first)) & set(names(second))


def test_user_is_created_and_details_open(site, admin):
    response = admin.submit(
        "/users/new",
        {
            "username": "neema",
            "email": "neema@acme.test",
            "first_name": "Neema",
            "last_name": "Kileo",
            "password": PASSWORD,
            "attributes": "team: Red\nteam: Blue\noffice: 2",
        },
    )
    page = admin.follow(response)
    user = users.find_user(site.workspace.id, "neema")
    assert "Created Neema Kileo. Next: assign an app." in page.all_words
    assert (
        page.find("//nav[@aria-label='Neema Kileo']/a[@aria-current='page']")[0].text == "Details"
    )
    assert user.attributes == {"team": ["Red", "Blue"], "office": "2"}
    assert not user.admin


def test_invalid_user_keeps_the_entries_except_the_password(admin):
    page = admin.submit(
        "/users/new",
        {"username": "admin1", "email": "nowhere", "first_name": "Kept", "password": "short"},
    )
    assert page.status == 422
    assert page.value("first_name") == "Kept"
    assert page.value("email") == "nowhere"
    assert page.value("password") == ""
    assert page.find("//title")[0].text.startswith("Error: New user")
    hrefs = {a.get("href") for a in page.find("//*[@role='alert']//a")}
    assert {"#f-email", "#f-password"} <= hrefs


def test_attribute_line_without_a_colon_is_named_by_its_number(admin):
    page = admin.submit("/users/new", {"username": "x1", "attributes": "a: 1\nnonsense"})
    assert page.status == 422
    assert "Line 2: enter a name, a colon and a value" in page.words
    assert page.value("attributes") == "a: 1\nnonsense"


def test_details_are_saved(site, admin, amina):
    page = admin.follow(
        admin.submit(
            f"/users/{amina.id}",
            {
                "username": "amina",
                "email": "new@acme.test",
                "first_name": "Amina",
                "last_name": "K",
                "attributes": "",
            },
        )
    )
    assert "Saved Amina K." in page.all_words
    assert users.get_user(site.workspace.id, amina.id).email == "new@acme.test"


def test_an_empty_password_field_keeps_the_password(site, admin, amina):
    admin.submit(f"/users/{amina.id}", {"username": "amina", "email": amina.email})
    site.visitor().sign_in("amina")


def test_disabled_user_is_signed_out_until_enabled(site, admin, amina):
    hers = site.visitor().sign_in("amina")
    done = admin.follow(admin.submit(f"/users/{amina.id}/disable"))
    assert "Disabled Amina Otieno and ended all sessions." in done.all_words
    assert hers.get("/account").status == 303
    admin.submit(f"/users/{amina.id}/enable")
    site.visitor().sign_in("amina")


@pytest.mark.parametrize("action", ["disable", "delete"])
def test_last_admin_stays_and_the_page_says_why(site, admin, admin_user, action):
    page = admin.follow(admin.submit(f"/users/{admin_user.id}/{action}"))
    assert "admin" in page.find("//*[@role='status']")[0].text_content()
    user = users.get_user(site.workspace.id, admin_user.id)
    assert user.active and user.admin


def test_deleting_a_user_is_confirmed_and_names_the_roles(site, admin, amina, role):
    assignments.assign_roles(site.scope, role_ids=[role.id], user_id=amina.id)
    confirmation = admin.get(f"/users/{amina.id}/delete")
    assert "1 role is removed: readers" in confirmation.words
    assert users.get_user(site.workspace.id, amina.id)
    done = admin.follow(admin.submit(f"/users/{amina.id}/delete"))
    assert "Deleted Amina Otieno." in done.all_words
    assert admin.get(f"/users/{amina.id}").status == 404


def test_role_is_added_in_the_dialog(site, admin, amina, role):
    tab = admin.get(f"/users/{amina.id}/roles")
    assert {"List View", "Map View", "+ Add role", "Roles & Groups"} <= set(tab.links())
    dialog = admin.get(tab.links()["+ Add role"].removeprefix("/w/acme"))
    assert dialog.find("//dialog[@id='picker' and @open]")
    assert dialog.find("//div[contains(@class,'shell') and @inert]")
    assert dialog.find("//dialog[@id='picker']//button[@value='add']")[0].text == "Add roles"
    page = admin.follow(
        admin.submit(f"/users/{amina.id}/roles", {"role": role.id, "do": "add", "expires": ""})
    )
    assert "Assigned readers to Amina Otieno." in page.all_words
    (row,) = page.find("//main//table[1]//tbody/tr[td[@data-label='Role']]")
    assert re.sub(r"\s+", " ", row.text_content()).split()[-2:] == ["Remove", "readers"]
    assert "Never" in row.text_content()


def test_search_in_the_dialog_keeps_the_selection(site, admin, amina, role):
    other = roles.create_role(site.scope, name="writers")
    search = admin.submit(
        f"/users/{amina.id}/roles",
        {"role": role.id, "find": "writ", "do": "search", "expires": "2030-01-31"},
    )
    page = admin.follow(search)
    selected = [i.get("value") for i in page.find("//dialog//input[@name='role' and @checked]")]
    options = [i.get("value") for i in page.find("//dialog//input[@name='role']")]
    assert selected == [role.id]
    assert options == [role.id, other.id]
    assert page.value("expires") == "2030-01-31"
    assert "csrf" not in search.response.headers["Location"]
    assert not assignments.assignments_of_user(site.scope, amina.id)


def test_assignment_expires_at_the_end_of_the_day_in_the_time_zone(site, admin, amina, role):
    from ssoko.services import workspaces

    workspaces.update_workspace(site.scope, time_zone="Africa/Nairobi")
    day = datetime.now(UTC).date() + timedelta(days=30)
    admin.submit(f"/users/{amina.id}/roles", {"role": role.id, "expires": day.isoformat()})
    (assignment,) = assignments.assignments_of_user(site.scope, amina.id)
    end = datetime.fromtimestamp(assignment.expires_at, UTC)
    assert (end.date(), end.hour) == (day, 21)


@pytest.mark.parametrize(
    ("expires", "message"),
    [("2020-01-01", "Choose today or a later day"), ("soon", "Enter the date as year-month-day")],
)
def test_invalid_date_reopens_the_dialog_with_the_selection(
    admin, site, amina, role, expires, message
):
    page = admin.submit(f"/users/{amina.id}/roles", {"role": role.id, "expires": expires})
    assert page.status == 422
    assert message in page.find("//dialog[@id='picker']")[0].text_content()
    assert page.find("//dialog//input[@name='role' and @checked]")
    assert page.value("expires") == expires


def test_empty_selection_is_rejected_in_the_dialog(admin, amina, role):
    page = admin.submit(f"/users/{amina.id}/roles", {"do": "add"})
    assert page.status == 422
    assert "Select at least one role" in page.find("//dialog[@id='picker']")[0].text_content()


def test_dialog_offers_the_rest_when_the_first_50_roles_are_assigned(site, admin, amina):
    created = [roles.create_role(site.scope, name=f"role-{number:02}") for number in range(60)]
    first = [role.id for role in created[:50]]
    assignments.assign_roles(site.scope, role_ids=first, user_id=amina.id)
    page = admin.get(f"/users/{amina.id}/roles?add=1")
    assert page.find("//dialog//input[@name='role']/@value") == [role.id for role in created[50:]]
    assert page.find("//dialog//legend")[0].text_content().strip() == "10 roles."
    assert "all roles of this workspace" not in page.all_words
    search = admin.submit(f"/users/{amina.id}/roles", {"find": "role-55", "do": "search"})
    options = admin.follow(search).find("//dialog//input[@name='role']/@value")
    assert options == [created[55].id]
    assignments.assign_roles(
        site.scope, role_ids=[role.id for role in created[50:]], user_id=amina.id
    )
    page = admin.get(f"/users/{amina.id}/roles?add=1")
    assert "Amina Otieno has all roles of this workspace." in page.all_words


def test_dialog_with_more_options_says_to_search(site, admin, amina):
    for number in range(51):
        roles.create_role(site.scope, name=f"role-{number:02}")
    legend = admin.get(f"/users/{amina.id}/roles?add=1").find("//dialog//legend")[0]
    assert legend.text_content().strip() == "First 50 roles. Search to find others."


def test_enter_in_the_search_field_of_the_dialog_searches(admin, amina, role):
    """Browsers submit a form with its first button when the user presses Enter."""
    dialog = admin.get(f"/users/{amina.id}/roles?add=1").find("//dialog[@id='picker']")[0]
    buttons = dialog.xpath(".//form//button[not(@type) or @type='submit']")
    assert [button.get("value") for button in buttons] == ["search", "add"]
    assert dialog.xpath(".//input[@type='search']")[0].get("autofocus") is not None


def test_map_shows_each_path_to_a_role(site, admin, amina, role):
    group = groups.create_group(site.scope, name="Engineering")
    groups.add_member(site.scope, group.id, amina.id)
    for to in ({"user_id": amina.id}, {"group_id": group.id}):
        assignments.assign_roles(site.scope, role_ids=[role.id], **to)
    page = admin.get(f"/users/{amina.id}/roles?view=map")
    paths = [" ".join(path.text_content().split()) for path in page.find("//main//ol[@aria-label]")]
    assert sorted(paths) == [
        "AOAmina Otieno Engineering readers",
        "AOAmina Otieno readers",
    ]


def test_user_is_added_to_and_removed_from_a_group(site, admin, amina):
    group = groups.create_group(site.scope, name="Engineering")
    dialog = admin.get(f"/users/{amina.id}/roles?add=groups")
    assert dialog.find(f"//dialog[@id='picker']//input[@name='group'][@value='{group.id}']")
    added = admin.follow(admin.submit(f"/users/{amina.id}/groups", {"group": group.id}))
    assert "Added Amina Otieno to Engineering." in added.all_words
    assert [g.id for g in groups.groups_of(site.workspace.id, amina.id)] == [group.id]
    removed = admin.follow(admin.submit(f"/users/{amina.id}/groups/{group.id}/leave"))
    assert "Removed Amina Otieno from Engineering." in removed.all_words
    assert "No groups yet" in removed.words


def test_direct_role_is_removed(site, admin, amina, role):
    assignments.assign_roles(site.scope, role_ids=[role.id], user_id=amina.id)
    page = admin.follow(admin.submit(f"/users/{amina.id}/roles/{role.id}/remove"))
    assert "Removed readers from Amina Otieno." in page.all_words
    assert "No roles yet" in page.words


def test_sessions_are_listed_and_ended(site, admin, amina):
    first, second = site.visitor().sign_in("amina"), site.visitor().sign_in("amina")
    page = admin.get(f"/users/{amina.id}/sessions")
    ends = page.find("//main//tbody//form/@action")
    assert len(ends) == 2
    admin.submit(ends[0].removeprefix("/w/acme"))
    assert sorted([first.get("/account").status, second.get("/account").status]) == [200, 303]
    admin.submit(f"/users/{amina.id}/sessions/end")
    assert [first.get("/account").status, second.get("/account").status] == [303, 303]
    assert "No sessions" in admin.get(f"/users/{amina.id}/sessions").words


def test_ending_all_own_sessions_keeps_the_current_one(site, admin, admin_user):
    other = site.visitor().sign_in("admin1")
    page = admin.follow(admin.submit(f"/users/{admin_user.id}/sessions/end"))
    assert "Signed out everywhere else." in page.all_words
    assert "This browser" in page.words
    assert other.get("/account").status == 303


def test_activity_lists_events_by_and_about_the_user(admin, amina, site):
    assert "No activity yet" in admin.get(f"/users/{amina.id}/activity").words
    assert "User created" in admin.get(f"/users/{amina.id}/activity?of=target").words
    site.visitor().sign_in("amina")
    did = admin.get(f"/users/{amina.id}/activity").words
    assert "No activity yet" not in did
    assert "User created" not in did


def test_admins_are_added_and_removed(site, admin, amina):
    page = admin.get("/admins")
    assert names(page) == ["First Last"]
    assert "Only one admin" in page.words
    assert admin.get("/admins?add=1").find("//dialog[@id='picker']//input[@name='user']")
    added = admin.follow(admin.submit("/admins", {"user": amina.id, "do": "add"}))
    assert "Amina Otieno is now an admin." in added.all_words
    assert names(added) == ["Amina Otieno", "First Last"]
    removed = admin.follow(admin.submit(f"/admins/{amina.id}/remove"))
    assert "Removed admin rights from Amina Otieno." in removed.all_words
    assert names(removed) == ["First Last"]
    assert not users.get_user(site.workspace.id, amina.id).admin


def test_adding_no_admins_is_rejected(admin):
    page = admin.submit("/admins", {"do": "add"})
    assert page.status == 422
    assert "Select at least one person" in page.find("//dialog[@id='picker']")[0].text_content()


def test_last_admin_keeps_admin_rights(admin, admin_user, site):
    page = admin.follow(admin.submit(f"/admins/{admin_user.id}/remove"))
    assert page.find("//*[@role='status']")
    assert users.get_user(site.workspace.id, admin_user.id).admin


def test_markup_in_names_is_escaped(site, admin):
    user = site.person("m1", first_name="<b>Bold</b>", last_name="{{ 7*191 }}")
    for path in ("/users", f"/users/{user.id}", f"/users/{user.id}/roles?add=1", "/activity"):
        page = admin.get(path)
        assert "<b>Bold</b>" not in page.text
        assert "1337" not in page.text


PLACES = [
    "/users",
    "/users/new",
    "/users/{user}",
    "/users/{user}/roles",
    "/users/{user}/sessions",
    "/users/{user}/activity",
    "/users/{user}/delete",
    "/admins",
]


@pytest.mark.parametrize("place", PLACES)
def test_only_admins_see_these_pages(site, amina, admin, place):
    path = place.format(user=amina.id)
    assert admin.get(path).status == 200
    assert site.visitor().sign_in("amina").get(path).status == 403
    anonymous = site.visitor().get(path)
    assert anonymous.status == 303
    assert "/sign-in" in anonymous.response.headers["Location"]


@pytest.mark.parametrize(
    "path",
    [
        "/users/{user}/disable",
        "/users/{user}/enable",
        "/users/{user}/roles/{role}/remove",
        "/users/{user}/sessions/end",
        "/admins/{user}/remove",
    ],
)
def test_changes_require_post(admin, amina, role, path):
    assert admin.get(path.format(user=amina.id, role=role.id)).status == 405


def test_user_of_another_workspace_is_not_found(site, admin):
    from ssoko.services import workspaces

    other = workspaces.create_workspace(site.services, SYSTEM, slug="other", name="Other")
    theirs = users.create_user(Scope(site.services, other.id, SYSTEM), username="theirs")
    for path in ("", "/roles", "/sessions", "/activity", "/delete"):
        assert admin.get(f"/users/{theirs.id}{path}").status == 404
    assert admin.submit(f"/users/{theirs.id}/disable").status == 404
    assert admin.submit(f"/users/{theirs.id}/roles", {"role": "x"}).status == 404
    assert users.get_user(other.id, theirs.id).active
