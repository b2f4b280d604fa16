"""Users, groups, roles and assignments over the API."""

import pytest

from ..conftest import Api

PASSWORD = "weathered teapot 41"


def test_a_user_is_made_read_changed_and_deleted(api: Api) -> None:
    made = api(
        "POST",
        "/users",
        {
            "username": "amina",
            "email": "amina@acme.test",
            "first_name": "Amina",
            "last_name": "Odhiambo",
            "password": PASSWORD,
            "admin": False,
            "active": True,
            "attributes": {"department": "IT", "sites": ["Nairobi", "Kisumu"]},
        },
    )
    assert made.status_code == 201
    user = made.json
    assert made.headers["Location"] == f"/api/v1/workspaces/acme/users/{user['id']}"
    assert user["attributes"] == {"department": "IT", "sites": ["Nairobi", "Kisumu"]}
    assert user["created_at"].endswith("Z")
    assert PASSWORD not in made.text
    assert api("GET", f"/users/{user['id']}").json == user
    changed = api("PATCH", f"/users/{user['id']}", {"last_name": "Otieno", "active": False})
    assert changed.status_code == 200
    expected = user | {"last_name": "Otieno", "active": False}
    assert changed.json | {"updated_at": ""} == expected | {"updated_at": ""}
    assert api("DELETE", f"/users/{user['id']}").status_code == 204
    assert api("GET", f"/users/{user['id']}").status_code == 404


def test_every_wrong_field_of_a_user_is_named_at_once(api: Api) -> None:
    api.create("/users", username="amina")
    answer = api(
        "POST", "/users", {"username": "", "email": "not an address", "password": "password"}
    )
    assert answer.status_code == 422
    assert {"username", "email", "password"} <= set(answer.json["errors"])
    assert api("POST", "/users", {"username": "AMINA"}).status_code == 409


def test_users_are_found_and_listed_page_by_page(api: Api) -> None:
    for number in range(5):
        api.create("/users", username=f"person{number}", first_name="Pat")
    api.create("/users", username="zed", admin=True)
    assert [u["username"] for u in api.items("/users?q=ZED")] == ["zed"]
    assert [u["username"] for u in api.items("/users?admin=true")] == ["zed"]
    found, cursor = [], ""
    for _ in range(3):
        page = api("GET", f"/users?limit=2&cursor={cursor}" if cursor else "/users?limit=2").json
        found += [u["username"] for u in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert sorted(found) == sorted([*(f"person{n}" for n in range(5)), "zed"])


def test_a_role_is_given_by_id_or_name_and_taken(api: Api) -> None:
    user = api.create("/users", username="amina")["id"]
    role = api.create("/roles", name="Reader", description="May read")
    given = api("POST", f"/users/{user}/roles", {"role": "Reader"})
    assert given.status_code == 201
    assert given.json["role"]["id"] == role["id"]
    assert (given.json["via"], given.json["expires_at"]) == ("direct", None)
    again = api(
        "POST",
        f"/users/{user}/roles",
        {"role": role["id"], "expires_at": "2099-01-01T00:00:00+01:00"},
    )
    assert again.json["expires_at"] == "2098-12-31T23:00:00Z"
    (assignment,) = api.items(f"/users/{user}/roles")
    assert assignment["id"] == again.json["id"]
    assert [g["user"]["id"] for g in api.items(f"/roles/{role['id']}/assignments")] == [user]
    assert api("DELETE", f"/users/{user}/roles/{role['id']}").status_code == 204
    assert api.items(f"/users/{user}/roles") == []
    assert api("DELETE", f"/users/{user}/roles/{role['id']}").status_code == 404


@pytest.mark.parametrize(
    "moment", ["tomorrow", "2027-01-01", "2027-01-01T00:00:00", -1, 10**30, True, 1.5, "9" * 400]
)
def test_an_end_that_is_no_time_is_refused(api: Api, moment: object) -> None:
    user = api.create("/users", username="amina")["id"]
    api.create("/roles", name="Reader")
    answer = api("POST", f"/users/{user}/roles", {"role": "Reader", "expires_at": moment})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["expires_at"]
    assert api.items(f"/users/{user}/roles") == []


def test_a_group_hands_its_roles_to_its_members(api: Api) -> None:
    user = api.create("/users", username="amina")["id"]
    role = api.create("/roles", name="Reader")["id"]
    group = api.create("/groups", name="Staff")["id"]
    assert api.create(f"/groups/{group}/members", user=user)["id"] == user
    api.create(f"/groups/{group}/roles", role=role)
    (assignment,) = api.items(f"/users/{user}/roles")
    assert (assignment["via"], assignment["group"]) == ("group", {"id": group, "name": "Staff"})
    assert [u["id"] for u in api.items(f"/groups/{group}/members")] == [user]
    assert api("GET", f"/groups/{group}").json["member_count"] == 1
    assert api("DELETE", f"/groups/{group}/members/{user}").status_code == 204
    assert api.items(f"/users/{user}/roles") == []
    assert api("DELETE", f"/groups/{group}/roles/{role}").status_code == 204
    assert api("PATCH", f"/groups/{group}", {"name": "Crew"}).json["name"] == "Crew"
    assert api("DELETE", f"/groups/{group}").status_code == 204
    assert api.items("/groups") == []


def test_an_unknown_member_is_an_error_of_the_field(api: Api) -> None:
    group = api.create("/groups", name="Staff")["id"]
    answer = api("POST", f"/groups/{group}/members", {"user": "nobody"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["user"])


def test_the_last_admin_stays(api: Api) -> None:
    admin = api.create("/users", username="amina", admin=True)["id"]
    for method, body in (
        ("PATCH", {"admin": False}),
        ("PATCH", {"active": False}),
        ("DELETE", None),
    ):
        assert api(method, f"/users/{admin}", body).status_code in {403, 409}
    assert api("GET", f"/users/{admin}").json["admin"] is True


def test_roles_are_changed_and_deleted(api: Api) -> None:
    role = api.create("/roles", name="Reader")["id"]
    assert api("PATCH", f"/roles/{role}", {"description": "May read"}).json["name"] == "Reader"
    assert api("GET", f"/roles/{role}").json["description"] == "May read"
    assert api("DELETE", f"/roles/{role}").status_code == 204
    assert api("GET", f"/roles/{role}").status_code == 404


def test_what_happened_is_in_the_log_under_the_tokens_name(api: Api) -> None:
    user = api.create("/users", username="amina", first_name="Amina")["id"]
    (event,) = api.items(f"/events?target={user}")
    assert (event["action"], event["outcome"]) == ("user.created", "done")
    assert (event["actor"]["kind"], event["actor"]["name"]) == ("token", "admin of acme")
    assert api.items(f"/events?target={user}&outcome=refused") == []
    assert api.items(f"/events?target={user}&since={event['at']}") == [event]
    assert api("GET", "/events?outcome=maybe").status_code == 422
