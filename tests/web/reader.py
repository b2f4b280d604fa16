"""A site with a fresh database, and visitors that act as a browser."""

import base64
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import ssoko_aws
import ssoko_custom_saml
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree, html
from ssoko.app import create_app
from ssoko.config import load_config
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services import workspaces
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.db import connect
from werkzeug.test import TestResponse

PASSWORD = "weathered teapot 41"

AWS = {
    "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
    "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/3f2b8c1e-5d74-4a90",
    "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
}


class Page:
    """A response, as a user reads it."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.text = response.get_data(as_text=True)

    @property
    def tree(self) -> etree._Element:
        return html.document_fromstring(self.text)

    @property
    def words(self) -> str:
        """The visible text of the main part, with single spaces."""
        (main,) = self.tree.xpath("//main") or [self.tree]
        return re.sub(r"\s+", " ", main.text_content()).strip()

    @property
    def all_words(self) -> str:
        return re.sub(r"\s+", " ", self.tree.text_content()).strip()

    def find(self, xpath: str) -> list[Any]:
        return self.tree.xpath(xpath)

    def value(self, name: str) -> str:
        """Return the value of a field."""
        (field,) = self.find(
            f"//main//*[@name='{name}'] | //dialog[@id='picker']//*[@name='{name}']"
        )
        if field.tag == "textarea":
            return (field.text or "").removeprefix("\n")
        if field.tag == "select":
            chosen = field.xpath(".//option[@selected]") or field.xpath(".//option")[:1]
            return chosen[0].get("value")
        return field.get("value", "")

    def links(self) -> dict[str, str]:
        """Return the links of the page by their text."""
        return {
            re.sub(r"\s+", " ", a.text_content()).strip(): a.get("href")
            for a in self.find("//main//a")
        }


@dataclass
class Visitor:
    """A browser of its own at one site."""

    client: FlaskClient
    base: str

    def get(self, path: str) -> Page:
        return Page(self.client.get(self.base + path))

    def submit(self, path: str, data: dict[str, Any] | None = None, *, on: str = "") -> Page:
        """Send a form with the token that the page ``on`` carries; redirects are not followed."""
        token = self.token(on)
        return Page(self.client.post(self.base + path, data={"csrf_token": token, **(data or {})}))

    def follow(self, page: Page) -> Page:
        assert page.status == 303, page.words
        return Page(self.client.get(page.response.headers["Location"]))

    def token(self, on: str = "") -> str:
        page = self.client.get(self.base + (on or "/account")).get_data(as_text=True)
        match = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert match, page
        return unescape(match[1])

    def sign_in(self, username: str, password: str = PASSWORD) -> "Visitor":
        response = self.submit(
            "/sign-in", {"username": username, "password": password}, on="/sign-in"
        )
        assert response.status == 303, response.all_words
        return self


@dataclass
class Site:
    """The application, with ways to fill it."""

    app: Flask
    services: Services
    workspace: WorkspaceView
    base: str

    @property
    def scope(self) -> Scope:
        """Ssoko itself acts in the workspace."""
        return Scope(self.services, self.workspace.id, SYSTEM)

    def visitor(self) -> Visitor:
        return Visitor(self.app.test_client(), self.base)

    def person(self, username: str, **more: Any) -> UserView:
        values = {"email": f"{username}@acme.test", "password": PASSWORD, **more}
        return users.create_user(self.scope, username=username, **values)


def sources() -> list[PluginSource]:
    def broken() -> object:
        raise RuntimeError("this plugin needs a newer library")

    return [
        PluginSource("aws", lambda: ssoko_aws, "ssoko-aws", "0.1.0"),
        PluginSource("custom-saml", lambda: ssoko_custom_saml, "ssoko-custom-saml", "0.1.0"),
        PluginSource("broken", broken, "ssoko-broken", "9.9"),
        PluginSource("resting", lambda: ssoko_aws, "ssoko-resting", "1.0"),
    ]


@pytest.fixture
def registry() -> Registry:
    return Registry.load(sources(), disabled=frozenset({"resting"}))


@pytest.fixture
def site(tmp_path: Path, migrated: Path, registry: Registry) -> Iterator[Site]:
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    config = load_config(
        {
            "SSOKO_DATA_DIR": str(tmp_path),
            "SSOKO_BASE_URL": "http://localhost",
            "SSOKO_SECRET_KEY": "s" * 40,
            "SSOKO_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        }
    )
    database = connect(config.database_url)
    app = create_app(config, registry)
    app.testing = True
    cheap = Hasher(memory_cost=64, time_cost=1)
    services = app.extensions["ssoko"] = replace(app.extensions["ssoko"], hasher=cheap)
    workspace = workspaces.create_workspace(services, SYSTEM, slug="acme", name="Acme")
    yield Site(app, services, workspace, "/w/acme")
    database.close()


@pytest.fixture
def admin_user(site: Site) -> UserView:
    return site.person("admin1", first_name="First", last_name="Last", admin=True)


@pytest.fixture
def admin(site: Site, admin_user: UserView) -> Visitor:
    return site.visitor().sign_in("admin1")
