"""Authentication and parsing of API requests."""

import time
from collections.abc import Callable

import pytest
from flask import Flask
from ssoko.services import workspaces
from ssoko.services.authentication import api_tokens
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.store.models.sessions import ApiToken

from .conftest import Api

USERS = "/api/v1/workspaces/acme/users"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer None", "Bearer x", "Basic YTpi", "Token {token}"],
)
def test_without_a_good_token_nobody_gets_in(
    app: Flask, api: Api, authorization: str | None
) -> None:
    text = (authorization or "").format(token=api.token)
    headers = {} if authorization is None else {"Authorization": text}
    answer = app.test_client().get(USERS, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 401


def test_a_token_in_the_address_does_not_count(app: Flask, api: Api) -> None:
    for name in ("token", "access_token"):
        assert app.test_client().get(f"{USERS}?{name}={api.token}").status_code == 401


def test_a_token_may_end_and_be_revoked(make_api: Callable[..., Api], services: Services) -> None:
    short = make_api(expires_at=int(time.time()) + 3600)
    assert short("GET", "/users").status_code == 200
    workspace = workspaces.get_workspace("acme")
    token, view = api_tokens.create_token(Scope(services, workspace.id, SYSTEM), name="gone")
    gone = Api(short.client, "acme", token)
    assert gone("GET", "/users").status_code == 200
    api_tokens.revoke_token(Scope(services, workspace.id, SYSTEM), view.id)
    assert gone("GET", "/users").status_code == 401
    ApiToken.update(expires_at=int(time.time())).execute()
    assert short("GET", "/users").status_code == 401


def test_the_scope_read_looks_and_changes_nothing(make_api: Callable[..., Api]) -> None:
    reader = make_api(scope="read")
    assert reader("GET", "/users").status_code == 200
    answer = reader("POST", "/users", {"username": "amina"})
    assert answer.status_code == 403
    assert "scope admin" in answer.json["detail"]
    assert reader.items("/users") == []


def test_another_workspace_is_as_unknown_as_one_that_is_not_there(
    make_api: Callable[..., Api],
) -> None:
    acme, other = make_api("acme"), make_api("other")
    for path in ("", "/users", "/roles"):
        there = Api(acme.client, "other", acme.token)("GET", path)
        nowhere = Api(acme.client, "nowhere", acme.token)("GET", path)
        assert (there.status_code, there.data) == (404, nowhere.data)
    assert other("GET", "").json["slug"] == "other"


def test_ids_of_another_workspace_are_unknown_whatever_the_method(
    make_api: Callable[..., Api],
) -> None:
    acme, other = make_api("acme"), make_api("other")
    user = other.create("/users", username="omar")["id"]
    group = other.create("/groups", name="Staff")["id"]
    role = other.create("/roles", name="Reader")["id"]
    ours = acme.create("/users", username="amina")["id"]
    wiki = {"integration": "wiki", "name": "Wiki", "settings": {"acs_url": "https://w.test/acs"}}
    application = other.create("/applications", **wiki)["id"]
    requests = [
        ("GET", f"/users/{user}", None),
        ("PATCH", f"/users/{user}", {"active": False}),
        ("DELETE", f"/users/{user}", None),
        ("GET", f"/users/{user}/roles", None),
        ("POST", f"/users/{user}/roles", {"role": role}),
        ("DELETE", f"/users/{ours}/roles/{role}", None),
        ("GET", f"/groups/{group}", None),
        ("PATCH", f"/groups/{group}", {"name": "Ours"}),
        ("DELETE", f"/groups/{group}", None),
        ("GET", f"/groups/{group}/members", None),
        ("POST", f"/groups/{group}/members", {"user": ours}),
        ("DELETE", f"/groups/{group}/members/{user}", None),
        ("GET", f"/roles/{role}", None),
        ("PATCH", f"/roles/{role}", {"name": "Ours"}),
        ("DELETE", f"/roles/{role}", None),
        ("GET", f"/applications/{application}", None),
        ("PATCH", f"/applications/{application}", {"enabled": False}),
        ("DELETE", f"/applications/{application}", None),
        ("GET", f"/applications/{application}/mappers", None),
        ("PUT", f"/applications/{application}/mappers", []),
    ]
    answers = {(m, p): acme(m, p, body).status_code for m, p, body in requests}
    assert set(answers.values()) == {404}, answers
    assert other("GET", f"/users/{user}").json["active"] is True
    assert other("GET", f"/applications/{application}").json["enabled"] is True


def test_what_a_body_points_to_must_be_of_the_workspace(make_api: Callable[..., Api]) -> None:
    acme, other = make_api("acme"), make_api("other")
    role = other.create("/roles", name="Reader")["id"]
    user = acme.create("/users", username="amina")["id"]
    for name in (role, "no-such-role"):
        answer = acme("POST", f"/users/{user}/roles", {"role": name})
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == ["role"]


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"username": NaN}', "application/json", 400),
        (b'{"username": 1e999}', "application/json", 400),
        (b'{"username": "a", "username": "b"}', "application/json", 400),
        (b'{"username": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"1" * 5000, "application/json", 400),
        (b'{"username": "amina"}', "text/plain", 415),
        (b'{"username": "amina"}', "application/x-www-form-urlencoded", 415),
        (b'{"username": "amina"}', "", 415),
        (b'{"username": "' + b"a" * 1_100_000 + b'"}', "application/json", 413),
        (b"[]", "application/json", 422),
        (b'"amina"', "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"username": "\\u0000"}', "application/json", 422),
        (b'{"username": null}', "application/json", 422),
        (b'{"username": ["amina"]}', "application/json", 422),
        (b'{"username": "amina", "admin": "yes"}', "application/json", 422),
        (b'{"username": "amina", "admin": 1}', "application/json", 422),
        (b'{"username": "amina", "attributes": []}', "application/json", 422),
        (b"{}", "application/json", 422),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_and_nothing_written(
    api: Api, data: bytes, kind: str, status: int
) -> None:
    answer = api("POST", "/users", data=data, content_type=kind)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert ("errors" in answer.json) == (status == 422)
    assert api.items("/users") == []


def test_a_field_that_nobody_knows_is_refused(api: Api) -> None:
    answer = api("POST", "/users", {"username": "amina", "workspace": "other", "is_admin": True})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"workspace", "is_admin"}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1e9",
        "cursor=x",
        "page=2",
        "limit=1&limit=2",
        "limit=" + "9" * 5000,
    ],
)
def test_a_query_that_cannot_be_taken_is_refused(api: Api, query: str) -> None:
    answer = api("GET", f"/users?{query}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [query.partition("=")[0]]


def test_addresses_and_methods_that_are_not_there_answer_in_json(api: Api) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/users/x%00y", 404),
        ("GET", "/users/../../..", 404),
        ("GET", "/users/" + "x" * 300, 404),
        ("DELETE", "/users", 405),
        ("PUT", "/roles", 405),
    ):
        answer = api(method, path)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert "POST" in api("DELETE", "/users").headers["Allow"]
    assert api.client.get("/api").mimetype == "application/problem+json"


def test_no_other_site_may_read_answers(api: Api) -> None:
    answer = api("GET", "/users", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_cookie_opens_nothing_and_none_is_set(api: Api) -> None:
    answer = api.client.get(USERS, headers={"Cookie": f"ssoko={api.token}"})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "Set-Cookie" not in api("GET", "/users").headers
