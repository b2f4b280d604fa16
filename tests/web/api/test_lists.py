"""Short lists of the API are whole unless a part is asked for, and no answer is HTML."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/integrations", "/plugins"])
def test_a_part_of_every_list_can_be_asked_for(api, path):
    whole = api("GET", path).json["items"]
    part = api("GET", f"{path}?limit=1").json
    assert part["items"] == whole[:1]
    if len(whole) > 1:
        following = api("GET", f"{path}?limit=200&cursor={part['next']}").json
        assert following["items"] == whole[1:]
        assert following["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=WyJ4Il0"])
def test_a_wrong_part_is_refused_at_its_parameter(api, query):
    answer = api("GET", f"/integrations?{query}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE", "BREW"])
@pytest.mark.parametrize("path", ["", "/integrations", "/nothing", "//integrations", "/users/.."])
def test_no_answer_is_html(api, method, path):
    answer = api(method, path)
    assert "html" not in answer.headers.get("Content-Type", "")


def test_an_unexpected_error_is_a_problem_document(api, app, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr("ssoko.web.api.resources.marketplace.catalog.search", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    # The description of the API has no unexpected errors.
    undocumented = FlaskClient(app, app.response_class)
    answer = replace(api, client=undocumented)("GET", "/integrations")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "ERR-" in answer.json["detail"]
    assert "luck" not in answer.text
