"""Traces over the API."""

from collections.abc import Callable

from ssoko.services.context import Services

from ..conftest import Api


def test_a_refused_sign_in_is_listed_and_read_by_its_reference(
    api: Api, make_api: Callable[..., Api], services: Services
) -> None:
    made = api.create(
        "/applications", integration="wiki", name="Wiki", settings={"acs_url": "https://w.test/acs"}
    )
    issuer = made["metadata"]["login_endpoint"].split("/")[-2]
    answer = api.client.get(f"/saml/{issuer}/login?SAMLRequest=%21")
    assert answer.status_code == 400
    (listed,) = api.items("/traces")
    assert listed["reference"] in answer.text
    read = api("GET", f"/traces/{listed['reference'].lower()}")
    assert read.json == listed
    assert (listed["code"], listed["undecoded"]) == ("base64", "!")
    assert listed["application"] == {"id": made["id"], "name": "Wiki"}
    assert all(listed[key] for key in ("received", "expected", "rule", "fix", "title", "message"))
    assert listed["at"].endswith("Z") and listed["until"] > listed["at"]
    assert listed["steps"][0] == {
        "key": "request",
        "title": "Request read",
        "state": "refused",
        "detail": listed["message"],
    }
    assert api.items(f"/traces?application={made['id']}&code=base64") == [listed]
    assert api.items("/traces?code=no-role") == []
    assert api.items("/traces?user=nobody") == []
    assert api("GET", "/traces?code=x").status_code == 422
    assert api("GET", "/traces/SK-0000-0000").status_code == 404
    assert api("POST", "/traces", {}).status_code == 405
    reader = make_api(scope="read")
    assert reader("GET", f"/traces/{listed['reference']}").status_code == 200


def test_trace_of_a_logout_message_says_so(api: Api) -> None:
    made = api.create(
        "/applications", integration="wiki", name="Wiki", settings={"acs_url": "https://w.test/acs"}
    )
    issuer = made["metadata"]["login_endpoint"].split("/")[-2]
    assert api.client.get(f"/saml/{issuer}/logout?SAMLRequest=%21").status_code == 400
    (listed,) = api.items("/traces")
    assert (listed["started"], listed["code"]) == ("logout", "base64")
    assert [step["key"] for step in listed["steps"]][-1] == "session"
