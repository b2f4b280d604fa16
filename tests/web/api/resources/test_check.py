"""SAML settings, mappers with changes, preview and check over the API."""

import pytest

from ..conftest import Api


@pytest.fixture
def wiki(api: Api) -> dict:
    return api.create(
        "/applications", integration="wiki", name="Wiki", settings={"acs_url": "https://w.test/acs"}
    )


@pytest.fixture
def amina(api: Api) -> dict:
    return api.create("/users", username="amina", email="amina@acme.test", first_name="Amina")


def patch(api: Api, application: dict, **fields: object):
    return api("PATCH", f"/applications/{application['id']}", {"service_provider": fields})


def test_fields_are_set_and_taken_back(api: Api, wiki: dict) -> None:
    assert wiki["overrides"] == []
    assert wiki["service_provider"]["lifetime"] == 300
    changed = patch(api, wiki, lifetime=900, name_id_format="persistent").json
    assert changed["overrides"] == ["lifetime", "name_id_format"]
    assert changed["service_provider"]["lifetime"] == 900
    assert changed["service_provider"]["name_id_format"].endswith(":persistent")
    back = patch(api, wiki, lifetime=None).json
    assert (back["overrides"], back["service_provider"]["lifetime"]) == (["name_id_format"], 300)
    shown = api("GET", "/applications/wiki").json
    assert shown == back
    assert patch(api, wiki, **shown["service_provider"]).json["overrides"] == ["name_id_format"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"lifetime": 10}, "lifetime"),
        ({"lifetime": "long"}, "lifetime"),
        ({"sign_response": "maybe"}, "sign_response"),
        ({"acs_urls": "https://x.test"}, "acs_urls"),
        ({"acs_urls": [1]}, "acs_urls.0"),
        ({"entity_id": "other"}, "entity_id"),
        ({"nothing": 1}, "nothing"),
        ({"slo_binding": "artifact"}, "slo_binding"),
        ({"encrypt_assertions": True}, "encrypt_assertions"),
        ({"certificates": {}}, "certificates"),
        ({"name_id_source": "user.roles"}, "name_id_source"),
    ],
)
def test_a_wrong_field_is_named(api: Api, wiki: dict, fields: dict, name: str) -> None:
    answer = patch(api, wiki, **fields)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [f"service_provider.{name}"]
    assert api("GET", "/applications/wiki").json == wiki


def test_mappings_take_sources_with_changes(api: Api, wiki: dict, amina: dict) -> None:
    wanted = [
        {"name": "team", "source": "user.groups|only:eng-*|upper"},
        {"name": "who", "source": "user.email|before-at", "required": True},
    ]
    saved = api("PUT", f"/applications/{wiki['id']}/mappers", wanted).json["items"]
    assert [one["source"] for one in saved] == [one["source"] for one in wanted]
    wrong = [{"name": "a", "source": "user.email|shout"}]
    answer = api("PUT", f"/applications/{wiki['id']}/mappers", wrong)
    assert list(answer.json["errors"]) == ["mappers.0.source"]


def test_a_preview_has_the_name_id_the_attributes_and_the_assertion(
    api: Api, wiki: dict, amina: dict
) -> None:
    for user in (amina["id"], "amina", "amina@acme.test"):
        found = api("POST", "/applications/wiki/preview", {"user": user}).json
        assert found["user"]["id"] == amina["id"]
    assert found["works"] is False
    assert found["access"]["code"] == "no-role"
    assert found["name_id"]["value"] == "amina@acme.test"
    assert [(one["name"], one["values"]) for one in found["attributes"]] == [
        ("mail", ["amina@acme.test"])
    ]
    assert "<saml:NameID" in found["unsigned_assertion"]
    assert "Signature" not in found["unsigned_assertion"]


def test_a_check_tells_the_outcome_and_each_finding(api: Api, wiki: dict, amina: dict) -> None:
    def outcome() -> tuple[str, str]:
        found = api("POST", "/applications/wiki/check", {"user": "amina"}).json
        states = {one["id"]: one["state"] for one in found["general"]}
        return found["outcome"], states["access"]

    assert outcome() == ("fail", "fail")
    api("POST", f"/users/{amina['id']}/roles", {"role": wiki["default_role"]["id"]})
    assert outcome() == ("pass", "pass")


@pytest.mark.parametrize("path", ["preview", "check"])
def test_whoever_is_not_there_is_named(api: Api, wiki: dict, path: str) -> None:
    answer = api("POST", f"/applications/wiki/{path}", {"user": "nobody"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["user"])
    assert api("POST", f"/applications/nothing/{path}", {"user": "nobody"}).status_code == 404
