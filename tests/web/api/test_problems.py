"""Errors of services and plugins as problem documents.

The client of these tests also fails when the status is not in the OpenAPI document.
"""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, fields, pre_load
from ssoko.plugin import hookimpl
from ssoko.plugin.host.registry import PluginSource, Registry

from .conftest import Api, wiki_plugin

WIKI = {"integration": "wiki", "name": "Wiki", "settings": {"acs_url": "https://w.test/acs"}}
MAPPER = {"name": "mail", "source": "user.email"}


class FailingForm(Schema):
    acs_url = fields.Url(required=True, metadata={"label": "ACS URL"})
    plan = fields.String(load_default="free", metadata={"label": "Plan"})

    @pre_load
    def fail(self, data: Any, **_: Any) -> Any:
        raise RuntimeError("secret of the plugin")


HOOKS = (
    "service_provider",
    "attribute_mappings",
    "check_settings",
    "saml_attributes",
    "acceptance_rules",
    "install_form",
)


@pytest.fixture
def application(api: Api) -> dict[str, Any]:
    return api.create("/applications", **WIKI)


def load(app: Flask, hook: str) -> None:
    """Load a version of the plugin whose hook, or whose form, raises."""

    def fail() -> Any:
        if hook == "install_form":
            return FailingForm
        raise RuntimeError("secret of the plugin")

    module = wiki_plugin()
    fail.__name__ = hook
    setattr(module, hook, hookimpl(fail))
    registry = Registry.load([PluginSource("wiki", lambda: module, "ssoko-wiki", "2.1")])
    app.extensions["ssoko"] = replace(app.extensions["ssoko"], registry=registry)
    assert registry.get("wiki") is not None


@pytest.mark.parametrize("hook", HOOKS)
def test_a_plugin_that_fails_gives_only_documented_responses(
    app: Flask, api: Api, application: dict[str, Any], hook: str
) -> None:
    user = api.create("/users", username="amina", email="amina@acme.test")["id"]
    api.create(f"/users/{user}/roles", role=application["default_role"]["id"])
    load(app, hook)
    path = f"/applications/{application['id']}"
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/integrations", None),
        ("GET", "/integrations/wiki", None),
        ("GET", "/plugins", None),
        ("GET", "/applications", None),
        ("POST", "/applications", WIKI | {"name": "Other"}),
        ("GET", path, None),
        ("PATCH", path, {"name": "Renamed"}),
        ("PATCH", path, {"settings": {"plan": "paid"}}),
        ("PATCH", path, {"service_provider": {"lifetime": 60}}),
        ("PUT", f"{path}/mappers", [MAPPER]),
        ("GET", f"{path}/guide", None),
        ("POST", f"{path}/preview", {"user": user}),
        ("POST", f"{path}/check", {"user": user}),
        ("GET", f"{path}/upgrade", None),
        ("GET", f"{path}/upgrade?user=amina", None),
        ("POST", f"{path}/upgrade", {"keep": True}),
        ("POST", f"{path}/upgrade/undo", None),
        ("DELETE", path, None),
    ]
    for method, target, body in requests:
        response = api(method, target, body)
        assert response.status_code < 500 or response.status_code == 502, (method, target)
        assert "secret of the plugin" not in response.text


def test_an_install_that_the_plugin_breaks_is_a_bad_gateway(app: Flask, api: Api) -> None:
    load(app, "service_provider")
    response = api("POST", "/applications", WIKI)
    assert (response.status_code, response.mimetype) == (502, "application/problem+json")
    assert api.items("/applications") == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/users", {"username": "amina"}, "username"),
        ("/groups", {"name": "Staff"}, "name"),
        ("/roles", {"name": "Reader"}, "name"),
        ("/applications", WIKI, "name"),
    ],
)
def test_a_name_that_is_in_use_is_a_conflict_at_its_field(
    api: Api, path: str, body: dict[str, Any], field: str
) -> None:
    api.create(path, **body)
    response = api("POST", path, body)
    assert (response.status_code, list(response.json["errors"])) == (409, [field])


@pytest.mark.parametrize(
    ("path", "body"),
    [("/users", {"username": "amina"}), ("/groups", {"name": "Staff"}), ("/roles", {"name": "R"})],
)
def test_a_change_to_a_name_that_is_in_use_is_a_conflict(
    api: Api, path: str, body: dict[str, Any]
) -> None:
    api.create(path, **body)
    other = api.create(path, **{name: f"{value}2" for name, value in body.items()})["id"]
    assert api("PATCH", f"{path}/{other}", body).status_code == 409


def test_the_default_role_of_an_application_cannot_be_deleted(
    api: Api, application: dict[str, Any]
) -> None:
    assert api("DELETE", f"/roles/{application['default_role']['id']}").status_code == 409
