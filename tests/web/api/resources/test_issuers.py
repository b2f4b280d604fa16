"""Keys of an issuer over the API, without their private part."""

from collections.abc import Callable

import pytest

from ..conftest import Api


@pytest.fixture
def keys(api: Api) -> str:
    issuer = api.create("/issuers", name="Shared")
    return f"/issuers/{issuer['id']}/keys"


def test_a_rotation_over_the_api(api: Api, keys: str) -> None:
    (first,) = api.items(keys)
    assert (first["state"], first["published"]) == ("active", True)
    made = api.create(keys, algorithm="ec-p384")
    assert (made["state"], made["created_by"]) == ("next", "admin of acme")
    assert made["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert made["description"] == "EC P-384, SHA-384"
    done = api("POST", f"{keys}/{made['id']}/activate")
    assert (done.status_code, done.json["state"]) == (200, "active")
    assert [key["state"] for key in api.items(keys)] == ["active", "retired"]
    back = api("POST", f"{keys}/{first['id']}/activate")
    assert back.json["id"] == first["id"]
    assert [key["state"] for key in api.items(keys)] == ["active", "next"]
    assert api("POST", f"{keys}/{made['id']}/activate").status_code == 200
    gone = api("POST", f"{keys}/{first['id']}/retire")
    assert (gone.status_code, gone.json["published"]) == (200, False)
    another = api.create(keys)
    assert another["description"] == "RSA 2048, SHA-256"
    assert api("DELETE", f"{keys}/{another['id']}").status_code == 204
    assert [key["state"] for key in api.items(keys)] == ["active", "retired"]


def test_no_answer_holds_a_private_key(api: Api, keys: str) -> None:
    made = api("POST", keys, {})
    for answer in (made, api("GET", keys), api("POST", f"{keys}/{made.json['id']}/activate")):
        assert "PRIVATE" not in answer.text
        assert "private" not in answer.text


def test_what_cannot_be_done_says_why(api: Api, keys: str) -> None:
    (active,) = api.items(keys)
    refused = api("POST", keys, {"algorithm": "rsa-512"})
    assert refused.status_code == 422
    assert "rsa-2048" in refused.json["errors"]["algorithm"][0]
    assert api("POST", keys, {"size": 2048}).status_code == 422
    for method, path in (
        ("POST", f"{keys}/{active['id']}/activate"),
        ("POST", f"{keys}/{active['id']}/retire"),
        ("DELETE", f"{keys}/{active['id']}"),
    ):
        assert api(method, path).status_code == 409
    api.create(keys)
    assert api("POST", keys, {}).status_code == 409
    assert api("POST", f"{keys}/nothing/activate").status_code == 404
    assert api("GET", "/issuers/nothing/keys").status_code == 404


def test_reading_is_not_enough_to_change_keys(
    api: Api, keys: str, make_api: Callable[..., Api]
) -> None:
    reader = make_api(scope="read")
    (active,) = reader.items(keys)
    assert reader("POST", keys, {}).status_code == 403
    assert reader("POST", f"{keys}/{active['id']}/activate").status_code == 403
    assert reader("DELETE", f"{keys}/{active['id']}").status_code == 403
