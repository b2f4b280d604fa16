"""Versions of things in the API: ETag and If-Match."""

import pytest

from .conftest import Api


@pytest.fixture
def user(api: Api) -> dict:
    return api("POST", "/users", {"username": "amina", "email": "amina@acme.test"}).json


@pytest.fixture
def path(user: dict) -> str:
    return f"/users/{user['id']}"


def test_version_is_the_same_until_something_changes(api: Api, path: str) -> None:
    first, second = api("GET", path), api("GET", path)
    assert first.headers["ETag"] == second.headers["ETag"] != ""
    changed = api("PATCH", path, {"last_name": "Otieno"})
    assert changed.headers["ETag"] == api("GET", path).headers["ETag"]
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_created_thing_has_the_version_that_is_read_later(api: Api) -> None:
    created = api("POST", "/groups", {"name": "Night"})
    assert created.headers["ETag"] == api("GET", f"/groups/{created.json['id']}").headers["ETag"]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_outdated_version_changes_nothing(api: Api, path: str, method: str) -> None:
    seen = api("GET", path).headers["ETag"]
    api("PATCH", path, {"email": "new@acme.test"})
    body = {"email": "amina@acme.test"} if method == "PATCH" else None
    answer = api(method, path, body, headers={"If-Match": seen})
    assert answer.status_code == 412
    assert answer.mimetype == "application/problem+json"
    assert api("GET", path).headers["ETag"].strip('"') in answer.json["detail"]
    assert api("GET", path).json["email"] == "new@acme.test"


@pytest.mark.parametrize("header", ["{}", '"other", {}', "*"])
def test_current_version_is_changed(api: Api, path: str, header: str) -> None:
    seen = api("GET", path).headers["ETag"]
    answer = api("PATCH", path, {"last_name": "X"}, headers={"If-Match": header.format(seen)})
    assert answer.status_code == 200


def test_weak_or_malformed_version_does_not_match(api: Api, path: str) -> None:
    seen = api("GET", path).headers["ETag"]
    for header in (f"W/{seen}", "x", ""):
        answer = api("PATCH", path, {"last_name": "X"}, headers={"If-Match": header})
        assert answer.status_code == 412, header


def test_members_are_no_part_of_the_version_of_a_group(api: Api, user: dict) -> None:
    created = api("POST", "/groups", {"name": "Night"})
    path = f"/groups/{created.json['id']}"
    api("POST", f"{path}/members", {"user": user["id"]})
    answer = api("PATCH", path, {"name": "Day"}, headers={"If-Match": created.headers["ETag"]})
    assert answer.status_code == 200


def test_mappers_are_replaced_only_in_the_version_that_was_read(api: Api) -> None:
    body = {"integration": "wiki", "name": "Wiki", "settings": {"acs_url": "https://w.test/acs"}}
    path = f"/applications/{api('POST', '/applications', body).json['id']}/mappers"
    seen = api("GET", path).headers["ETag"]
    mapper = {"name": "mail", "source": "user.username"}
    for status in (200, 412):
        answer = api("PUT", path, [mapper], headers={"If-Match": seen})
        assert answer.status_code == status, answer.text
