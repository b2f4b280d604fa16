"""A site with a test plugin, and clients of its API."""

import base64
import shutil
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, fields
from ssoko.app import create_app
from ssoko.config import load_config
from ssoko.plugin import (
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    Problem,
    ServiceProvider,
    hookimpl,
)
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services import workspaces
from ssoko.services.authentication import api_tokens
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.credentials.passwords import Hasher
from ssoko.store.models.table import database
from werkzeug.test import TestResponse

from .documented import DocumentedClient


class WikiForm(Schema):
    """The install form of the test plugin."""

    acs_url = fields.Url(
        required=True,
        metadata={
            "label": "ACS URL",
            "help": "Where responses are sent.",
            "placeholder": "https://w/acs",
        },
    )
    plan = fields.String(
        load_default="free", metadata={"label": "Plan", "choices": {"free": "Free", "paid": "Paid"}}
    )
    api_key = fields.String(load_default="", metadata={"label": "API key", "secret": True})


WIKI_GUIDE = """## In Wiki

1. Paste it:

    {{ login_endpoint }}

## In Ssoko

2. Install Wiki. {{ done: installed }}
3. Assign the role. {{ done: role }}

## Test

4. Try it. {{ done: sign-in }}
"""


def wiki_plugin() -> types.ModuleType:
    """Return a small but complete plugin."""
    module = types.ModuleType("wiki_plugin")

    @hookimpl
    def integration() -> Integration:
        return Integration(name="Wiki", summary="Write pages together with your team")

    @hookimpl
    def install_form() -> type[Schema]:
        return WikiForm

    @hookimpl
    def metadata_fields() -> tuple[MetadataField, ...]:
        return (MetadataField(key="entity_id", label="Entity ID", paste_into="Issuer"),)

    @hookimpl
    def default_role() -> DefaultRole:
        return DefaultRole(name="sso-wiki-{name}-role")

    @hookimpl
    def installation_guide() -> str:
        return WIKI_GUIDE

    @hookimpl
    def service_provider(settings: Any) -> ServiceProvider:
        return ServiceProvider(
            entity_id="wiki:" + settings["acs_url"], acs_urls=(settings["acs_url"],)
        )

    @hookimpl
    def attribute_mappings() -> tuple[Mapping, ...]:
        return (Mapping(name="mail", source="user.email"),)

    @hookimpl
    def check_settings(settings: Any) -> tuple[Problem, ...]:
        if settings["plan"] == "gold":
            return (Problem("plan", "Choose free or paid."),)
        return ()

    for hook in (
        integration,
        install_form,
        metadata_fields,
        default_role,
        installation_guide,
        service_provider,
        attribute_mappings,
        check_settings,
    ):
        setattr(module, hook.__name__, hook)
    return module


def _broken() -> object:
    raise ImportError("no module named luck")


@dataclass(frozen=True, slots=True)
class Api:
    """An API client with a token."""

    client: FlaskClient
    workspace: str
    token: str

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        """Send a request to a path of the workspace."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = f"/api/v1/workspaces/{self.workspace}{path}"
        if body is not None:
            more["json"] = body
        return self.client.open(url, method=method, headers=headers, **more)

    def create(self, path: str, **body: Any) -> dict[str, Any]:
        """Create a resource and return it."""
        response = self("POST", path, body)
        assert response.status_code == 201, response.text
        resource: dict[str, Any] = response.json
        return resource

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the items of a list."""
        response = self("GET", path)
        assert response.status_code == 200, response.text
        return list(response.json["items"])


@pytest.fixture
def app(tmp_path: Path, migrated: Path) -> Iterator[Flask]:
    """Return the application with a new database."""
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    config = load_config(
        {
            "SSOKO_DATA_DIR": str(tmp_path),
            "SSOKO_SECRET_KEY": "s" * 48,
            "SSOKO_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        }
    )
    registry = Registry.load(
        [
            PluginSource("wiki", wiki_plugin, "ssoko-wiki", "2.0"),
            PluginSource("luckless", _broken, "ssoko-luckless", "0.1"),
        ],
    )
    app = create_app(config, registry)
    cheap = Hasher(memory_cost=64, time_cost=1)
    app.extensions["ssoko"] = replace(app.extensions["ssoko"], hasher=cheap)
    app.test_client_class = DocumentedClient
    yield app
    database.close()


@pytest.fixture
def services(app: Flask) -> Services:
    services: Services = app.extensions["ssoko"]
    return services


@pytest.fixture
def make_api(app: Flask, services: Services) -> Callable[..., Api]:
    """Return a function that creates a client for a workspace, and the workspace if needed."""

    def make(slug: str = "acme", scope: str = "admin", expires_at: int | None = None) -> Api:
        if slug not in {workspace.slug for workspace in workspaces.list_workspaces()}:
            workspaces.create_workspace(services, SYSTEM, slug=slug, name=slug.capitalize())
        token, _ = api_tokens.create_token(
            Scope(services, workspaces.get_workspace(slug).id, SYSTEM),
            name=f"{scope} of {slug}",
            token_scope=scope,
            expires_at=expires_at,
        )
        return Api(app.test_client(), slug, token)

    return make


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """Return a client with full access to acme."""
    return make_api()
