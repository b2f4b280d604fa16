"""The guide of an application over the API, with the evidence of each step."""

from ..conftest import Api


def steps(api: Api, application: str) -> dict:
    found = api("GET", f"/applications/{application}/guide").json
    return {
        step["evidence"]["kind"]: step["evidence"]
        for section in found["sections"]
        for step in section["steps"]
        if step["evidence"]
    }


def test_the_steps_carry_their_evidence(api: Api) -> None:
    wiki = api.create(
        "/applications", integration="wiki", name="Wiki", settings={"acs_url": "https://w.test/a"}
    )
    found = api("GET", f"/applications/{wiki['id']}/guide").json
    assert found["application"] == {"id": wiki["id"], "name": "Wiki"}
    assert (found["seen"], found["named"]) == (1, 3)
    assert steps(api, "wiki") == {
        "installed": {
            "kind": "installed",
            "done": True,
            "at": wiki["created_at"],
            "by": "admin of acme",
            "sentence": "Installed by admin of acme",
        },
        "role": {"kind": "role", "done": False, "at": None, "by": "", "sentence": ""},
        "sign-in": {"kind": "sign-in", "done": False, "at": None, "by": "", "sentence": ""},
    }
    amina = api.create("/users", username="amina", email="amina@acme.test", first_name="Amina")
    api("POST", f"/users/{amina['id']}/roles", {"role": wiki["default_role"]["id"]})
    role = steps(api, "wiki")["role"]
    assert (role["done"], role["by"]) == (True, "admin of acme")
    assert "assigned to Amina by admin of acme" in role["sentence"]
    api("PATCH", f"/users/{amina['id']}", {"active": False})
    assert not steps(api, "wiki")["role"]["done"]


def test_steps_without_evidence_say_so_and_have_their_values(api: Api) -> None:
    wiki = api.create(
        "/applications", integration="wiki", name="Wiki", settings={"acs_url": "https://w.test/a"}
    )
    found = api("GET", "/applications/wiki/guide").json
    (section,) = (s for s in found["sections"] if s["title"] == "In Wiki")
    (step,) = section["steps"]
    assert step["evidence"] is None
    assert wiki["metadata"]["login_endpoint"] in step["html"]


def test_it_needs_a_token_and_an_application(api: Api, make_api) -> None:
    assert api("GET", "/applications/nothing/guide").status_code == 404
    assert api("PUT", "/applications/nothing/guide", {}).status_code == 405
