"""Users and Workspace Admins: lists, the user's tabs, giving roles."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from ssoko.services.access import assignments, roles
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.people import groups, users

from .conftest import PASSWORD


@pytest.fixture
def amina(site):
    return site.person("amina", first_name="Amina", last_name="Otieno")


@pytest.fixture
def role(site):
    return roles.create_role(site.scope, name="readers", description="Read the papers")


def names(page):
    return [a.text_content() for a in page.find("//main//tbody//td[@data-label='Name']//a")]


def test_the_list_is_searched_and_filtered(site, admin, amina):
    site.person("lars", first_name="Lars", last_name="Holm", active=False)
    assert names(admin.get("/users")) == ["Amina Otieno", "First Last", "Lars Holm"]
    assert names(admin.get("/users?q=otie")) == ["Amina Otieno"]
    assert names(admin.get("/users?state=disabled")) == ["Lars Holm"]
    nobody = admin.get("/users?q=zzz")
    assert "Nobody like that" in nobody.words
    assert nobody.links()["Show everybody"] == "/w/acme/users"


def test_the_list_goes_on_to_the_next_page(site, admin):
    for number in range(51):
        site.person(f"person{number:02}", password=None)
    first = admin.get("/users")
    second = admin.get(first.links()["Next page"].removeprefix("/w/acme"))
    assert len(names(first)) == 50
    assert len(names(second)) == 2
    assert not set(names(first)) & set(names(second))


def test_a_new_user_is_made_and_opens_at_details(site, admin):
    sent = admin.submit(
        "/users/new",
        {
            "username": "neema",
            "email": "neema@acme.test",
            "first_name": "Neema",
            "last_name": "Kileo",
            "password": PASSWORD,
            "attributes": "team: Red\nteam: Blue\nfloor: 2",
        },
    )
    page = admin.follow(sent)
    user = users.find_user(site.workspace.id, "neema")
    assert "Neema Kileo is here. Next, give a role." in page.all_words
    assert (
        page.find("//nav[@aria-label='Neema Kileo']/a[@aria-current='page']")[0].text == "Details"
    )
    assert user.attributes == {"team": ["Red", "Blue"], "floor": "2"}
    assert not user.admin


def test_a_wrong_new_user_keeps_what_was_typed_but_the_password(admin):
    page = admin.submit(
        "/users/new",
        {"username": "admin1", "email": "nowhere", "first_name": "Kept", "password": "short"},
    )
    assert page.status == 422
    assert page.value("first_name") == "Kept"
    assert page.value("email") == "nowhere"
    assert page.value("password") == ""
    assert page.find("//title")[0].text.startswith("Error: New user")
    said = {a.get("href") for a in page.find("//*[@role='alert']//a")}
    assert {"#f-email", "#f-password"} <= said


def test_an_attribute_line_without_a_colon_is_named_by_its_number(admin):
    page = admin.submit("/users/new", {"username": "x1", "attributes": "a: 1\nnonsense"})
    assert page.status == 422
    assert "Line 2: write a name, a colon and a value" in page.words
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
    assert "Amina K is saved." in page.all_words
    assert users.get_user(site.workspace.id, amina.id).email == "new@acme.test"


def test_an_empty_password_field_keeps_the_password(site, admin, amina):
    admin.submit(f"/users/{amina.id}", {"username": "amina", "email": amina.email})
    site.visitor().sign_in("amina")


def test_disabling_signs_out_and_enabling_lets_in_again(site, admin, amina):
    hers = site.visitor().sign_in("amina")
    done = admin.follow(admin.submit(f"/users/{amina.id}/disable"))
    assert "Amina Otieno is disabled and signed out everywhere." in done.all_words
    assert hers.get("/account").status == 303
    admin.submit(f"/users/{amina.id}/enable")
    site.visitor().sign_in("amina")


@pytest.mark.parametrize("action", ["disable", "delete"])
def test_the_last_admin_stays_and_the_page_says_why(site, admin, admin_user, action):
    page = admin.follow(admin.submit(f"/users/{admin_user.id}/{action}"))
    assert "admin" in page.find("//*[@role='status']")[0].text_content()
    user = users.get_user(site.workspace.id, admin_user.id)
    assert user.active and user.admin


def test_deleting_asks_first_and_names_what_is_lost(site, admin, amina, role):
    assignments.assign_roles(site.scope, role_ids=[role.id], user_id=amina.id)
    asked = admin.get(f"/users/{amina.id}/delete")
    assert "1 role: readers" in asked.words
    assert users.get_user(site.workspace.id, amina.id)
    done = admin.follow(admin.submit(f"/users/{amina.id}/delete"))
    assert "Amina Otieno is deleted." in done.all_words
    assert admin.get(f"/users/{amina.id}").status == 404


def test_the_journey_adds_a_role_in_the_dialog(site, admin, amina, role):
    tab = admin.get(f"/users/{amina.id}/roles")
    assert {"List View", "Map View", "+ Add role", "Roles & Groups"} <= set(tab.links())
    dialog = admin.get(tab.links()["+ Add role"].removeprefix("/w/acme"))
    assert dialog.find("//dialog[@id='picker' and @open]")
    assert dialog.find("//div[contains(@class,'shell') and @inert]")
    assert dialog.find("//dialog[@id='picker']//button[@value='add']")[0].text == "Add roles"
    page = admin.follow(
        admin.submit(f"/users/{amina.id}/roles", {"role": role.id, "do": "add", "expires": ""})
    )
    assert "Amina Otieno now has readers." in page.all_words
    (row,) = page.find("//main//table[1]//tbody/tr[td[@data-label='Role']]")
    assert re.sub(r"\s+", " ", row.text_content()).split()[-2:] == ["Remove", "readers"]
    assert "Never" in row.text_content()


def test_searching_in_the_dialog_keeps_what_is_ticked(site, admin, amina, role):
    other = roles.create_role(site.scope, name="writers")
    again = admin.submit(
        f"/users/{amina.id}/roles",
        {"role": role.id, "find": "writ", "do": "search", "expires": "2030-01-31"},
    )
    page = admin.follow(again)
    ticked = [i.get("value") for i in page.find("//dialog//input[@name='role' and @checked]")]
    offered = [i.get("value") for i in page.find("//dialog//input[@name='role']")]
    assert ticked == [role.id]
    assert offered == [role.id, other.id]
    assert page.value("expires") == "2030-01-31"
    assert "csrf" not in again.response.headers["Location"]
    assert not assignments.assignments_of_user(site.scope, amina.id)


def test_a_role_lasts_to_the_end_of_the_day_in_the_workspace(site, admin, amina, role):
    from ssoko.services import workspaces

    workspaces.update_workspace(site.scope, time_zone="Africa/Nairobi")
    day = datetime.now(UTC).date() + timedelta(days=30)
    admin.submit(f"/users/{amina.id}/roles", {"role": role.id, "expires": day.isoformat()})
    (assignment,) = assignments.assignments_of_user(site.scope, amina.id)
    end = datetime.fromtimestamp(assignment.expires_at, UTC)
    assert (end.date(), end.hour) == (day, 21)


@pytest.mark.parametrize(
    ("expires", "says"),
    [("2020-01-01", "Choose today or a later day"), ("soon", "Write the date as year-month-day")],
)
def test_a_wrong_date_reopens_the_dialog_with_what_was_ticked(
    admin, site, amina, role, expires, says
):
    page = admin.submit(f"/users/{amina.id}/roles", {"role": role.id, "expires": expires})
    assert page.status == 422
    assert says in page.find("//dialog[@id='picker']")[0].text_content()
    assert page.find("//dialog//input[@name='role' and @checked]")
    assert page.value("expires") == expires


def test_nothing_ticked_is_said_in_the_dialog(admin, amina, role):
    page = admin.submit(f"/users/{amina.id}/roles", {"do": "add"})
    assert page.status == 422
    assert "Tick at least one role" in page.find("//dialog[@id='picker']")[0].text_content()


def test_the_map_shows_each_way_to_a_role(site, admin, amina, role):
    group = groups.create_group(site.scope, name="Engineering")
    groups.add_member(site.scope, group.id, amina.id)
    for to in ({"user_id": amina.id}, {"group_id": group.id}):
        assignments.assign_roles(site.scope, role_ids=[role.id], **to)
    page = admin.get(f"/users/{amina.id}/roles?view=map")
    ways = [" ".join(way.text_content().split()) for way in page.find("//main//ol[@aria-label]")]
    assert sorted(ways) == [
        "AOAmina Otieno Engineering readers",
        "AOAmina Otieno readers",
    ]


def test_a_group_is_joined_and_left(site, admin, amina):
    group = groups.create_group(site.scope, name="Engineering")
    joined = admin.follow(admin.submit(f"/users/{amina.id}/groups", {"group": group.id}))
    assert "Joined Engineering." in joined.all_words
    assert [g.id for g in groups.groups_of(site.workspace.id, amina.id)] == [group.id]
    left = admin.follow(admin.submit(f"/users/{amina.id}/groups/{group.id}/leave"))
    assert "Left Engineering." in left.all_words
    assert "In no group" in left.words


def test_a_role_is_removed_where_it_was_given(site, admin, amina, role):
    assignments.assign_roles(site.scope, role_ids=[role.id], user_id=amina.id)
    page = admin.follow(admin.submit(f"/users/{amina.id}/roles/{role.id}/remove"))
    assert "readers is taken from Amina Otieno." in page.all_words
    assert "No roles yet" in page.words


def test_sessions_are_listed_and_ended(site, admin, amina):
    one, two = site.visitor().sign_in("amina"), site.visitor().sign_in("amina")
    page = admin.get(f"/users/{amina.id}/sessions")
    ends = page.find("//main//tbody//form/@action")
    assert len(ends) == 2
    admin.submit(ends[0].removeprefix("/w/acme"))
    assert sorted([one.get("/account").status, two.get("/account").status]) == [200, 303]
    admin.submit(f"/users/{amina.id}/sessions/end")
    assert [one.get("/account").status, two.get("/account").status] == [303, 303]
    assert "Not signed in anywhere" in admin.get(f"/users/{amina.id}/sessions").words


def test_ending_all_of_ones_own_sessions_keeps_this_one(site, admin, admin_user):
    other = site.visitor().sign_in("admin1")
    page = admin.follow(admin.submit(f"/users/{admin_user.id}/sessions/end"))
    assert "Signed out everywhere else." in page.all_words
    assert "This one" in page.words
    assert other.get("/account").status == 303


def test_activity_of_a_user_shows_both_sides(admin, amina, site):
    assert "Nothing yet" in admin.get(f"/users/{amina.id}/activity").words
    assert "User created" in admin.get(f"/users/{amina.id}/activity?of=target").words
    site.visitor().sign_in("amina")
    did = admin.get(f"/users/{amina.id}/activity").words
    assert "Nothing yet" not in did
    assert "User created" not in did


def test_admins_are_made_and_unmade(site, admin, amina):
    page = admin.get("/admins")
    assert names(page) == ["First Last"]
    assert "Only one admin" in page.words
    assert admin.get("/admins?add=1").find("//dialog[@id='picker']//input[@name='user']")
    made = admin.follow(admin.submit("/admins", {"user": amina.id, "do": "add"}))
    assert "Admins now: Amina Otieno." in made.all_words
    assert names(made) == ["Amina Otieno", "First Last"]
    gone = admin.follow(admin.submit(f"/admins/{amina.id}/remove"))
    assert names(gone) == ["First Last"]
    assert not users.get_user(site.workspace.id, amina.id).admin


def test_the_last_admin_keeps_the_right(admin, admin_user, site):
    page = admin.follow(admin.submit(f"/admins/{admin_user.id}/remove"))
    assert page.find("//*[@role='status']")
    assert users.get_user(site.workspace.id, admin_user.id).admin


def test_markup_in_names_stays_text(site, admin):
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
def test_nothing_changes_by_opening_an_address(admin, amina, role, path):
    assert admin.get(path.format(user=amina.id, role=role.id)).status == 405


def test_a_user_of_another_workspace_is_not_there(site, admin):
    from ssoko.services import workspaces

    other = workspaces.create_workspace(site.services, SYSTEM, slug="other", name="Other")
    theirs = users.create_user(Scope(site.services, other.id, SYSTEM), username="theirs")
    for path in ("", "/roles", "/sessions", "/activity", "/delete"):
        assert admin.get(f"/users/{theirs.id}{path}").status == 404
    assert admin.submit(f"/users/{theirs.id}/disable").status == 404
    assert admin.submit(f"/users/{theirs.id}/roles", {"role": "x"}).status == 404
    assert users.get_user(other.id, theirs.id).active
