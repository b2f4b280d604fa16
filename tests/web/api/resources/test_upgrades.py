"""Upgrades of a plugin over the API."""

from dataclasses import replace

import pytest
from flask import Flask
from ssoko.plugin.host.registry import Registry

from .... import two_versions
from ..conftest import Api


def load(app: Flask, *versions: str) -> None:
    registry = Registry.load([two_versions.source(version) for version in versions])
    app.extensions["ssoko"] = replace(app.extensions["ssoko"], registry=registry)


@pytest.fixture
def notes(app: Flask, api: Api) -> str:
    """The address of an application that was recorded from 0.1; 0.2 is loaded."""
    load(app, "0.1")
    made = api.create(
        "/applications", integration="notes", name="Notes", settings=two_versions.SETTINGS
    )
    load(app, "0.2")
    return f"/applications/{made['id']}"


def test_the_difference_is_read_part_by_part(api: Api, notes: str) -> None:
    found = api("GET", f"{notes}/upgrade").json
    assert (found["state"], found["from"]) == ("proposes", "ssoko-notes 0.1")
    assert (found["to"], found["decided"], found["undo"]) == ("ssoko-notes 0.2", None, None)
    parts = {part["name"]: part for part in found["parts"]}
    assert [name for name, part in parts.items() if part["careful"]] == ["protection"]
    assert parts["service_provider"]["changes"] == [
        {
            "name": "lifetime",
            "label": "Assertion lifetime (seconds)",
            "recorded": ["300 seconds"],
            "proposed": ["120 seconds"],
            "caution": "",
            "stays_because": "",
        }
    ]
    assert "+1. Open **Admin > Security > SSO**." in parts["guide"]["text"]
    shown = api("GET", notes).json
    assert (shown["version"], shown["distribution"]) == ("0.1", "ssoko-notes")
    assert shown["upgrade"] == {"to": "ssoko-notes 0.2", "state": "proposes"}


def test_the_answer_of_a_user_is_compared(api: Api, notes: str) -> None:
    api.create("/users", username="amina", email="amina@acme.test", first_name="Amina")
    answer = api("GET", f"{notes}/upgrade?user=amina").json["answer"]
    changes = {one["label"]: (one["now"], one["afterwards"]) for one in answer["changes"]}
    assert changes["Attribute mail"] == (["amina@acme.test"], ["AMINA@ACME.TEST"])
    assert any(line.startswith("+") and "AMINA" in line for line in answer["assertion"])
    refused = api("GET", f"{notes}/upgrade?user=nobody")
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["user"])


def test_parts_are_accepted_and_put_back(api: Api, notes: str) -> None:
    digest = api("GET", f"{notes}/upgrade").json["digest"]
    done = api("POST", f"{notes}/upgrade", {"accept": ["mappers"], "digest": digest}).json
    assert "mappers" not in {part["name"] for part in done["parts"]}
    assert done["undo"]["to"] == "ssoko-notes 0.1"
    assert api("GET", notes).json["version"] == "0.2"
    back = api("POST", f"{notes}/upgrade/undo").json
    assert back["undo"] is None
    assert api("GET", notes).json["version"] == "0.1"
    assert api("POST", f"{notes}/upgrade/undo").status_code == 409


def test_everything_is_kept(api: Api, notes: str) -> None:
    done = api("POST", f"{notes}/upgrade", {"keep": True}).json
    assert (done["state"], len(done["decided"]["kept"])) == ("proposes", 5)
    assert api("GET", notes).json["upgrade"] is None


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "accept"),
        ({"accept": ["guide"], "keep": True}, 422, "accept"),
        ({"accept": ["everything"]}, 422, "accept"),
        ({"accept": "guide"}, 422, "accept"),
        ({"accept": [1]}, 422, "accept.0"),
        ({"keep": "yes"}, 422, "keep"),
        ({"accept": ["guide"], "digest": "other"}, 409, ""),
    ],
)
def test_what_does_not_fit_is_named(
    api: Api, notes: str, body: dict, status: int, field: str
) -> None:
    answer = api("POST", f"{notes}/upgrade", body)
    assert (answer.status_code, list(answer.json["errors"])) == (status, [field])
    assert api("GET", notes).json["version"] == "0.1"


@pytest.mark.parametrize(
    ("versions", "state", "status"),
    [(("0.3",), "refuses", 422), (("0.4",), "fails", 502), ((), "missing", 422)],
)
def test_why_there_is_nothing_to_accept_is_said(
    app: Flask, api: Api, notes: str, versions: tuple, state: str, status: int
) -> None:
    load(app, *versions)
    assert api("GET", f"{notes}/upgrade").json["state"] == state
    assert api("POST", f"{notes}/upgrade", {"accept": ["guide"]}).status_code == status


def test_a_reader_looks_and_decides_nothing(make_api, api: Api, notes: str) -> None:
    reader = make_api(scope="read")
    assert reader("GET", f"{notes}/upgrade").status_code == 200
    assert reader("POST", f"{notes}/upgrade", {"keep": True}).status_code == 403
    assert reader("POST", f"{notes}/upgrade/undo").status_code == 403
