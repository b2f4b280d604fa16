"""A site for one test: a separate database, real plugins and clients that keep cookies."""

import base64
import re
import shutil
from dataclasses import dataclass, replace

import pytest
import ssoko_aws
import ssoko_custom_saml
from flask import Flask
from flask.testing import FlaskClient
from ssoko.app import create_app
from ssoko.config import load_config
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services import workspaces
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store import db, migrate
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery 7"
HTML = {"Sec-Fetch-Site": "same-origin"}

SOURCES = (
    PluginSource("aws", lambda: ssoko_aws, "ssoko-aws", "0.1.0"),
    PluginSource("custom-saml", lambda: ssoko_custom_saml, "ssoko-custom-saml", "0.1.0"),
)


def _broken() -> object:
    raise ImportError("no module named cloud")


BROKEN = PluginSource("broken", _broken, "ssoko-broken", "0.3.0")

AWS_FORM = {
    "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
    "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-aaaa",
    "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
}


@dataclass
class Site:
    """An application with its workspace and users."""

    app: Flask
    services: Services
    workspace: WorkspaceView
    admin: UserView
    person: UserView

    @property
    def scope(self) -> Scope:
        """The scope of Ssoko itself in the workspace."""
        return Scope(self.services, self.workspace.id, SYSTEM)

    def browser(self, user: UserView | None = None) -> "Browser":
        """Return a new browser, signed in as ``user`` if given."""
        browser = Browser(self.app.test_client())
        if user is not None:
            response = browser.sign_in(user.username)
            assert response.status_code == 303, response.text
        return browser


class Browser:
    """A test client that sends forms with the CSRF token of the page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **kwargs: object) -> TestResponse:
        return self.client.get(path, buffered=True, **kwargs)

    def token(self, path: str) -> str:
        page = self.get(path).text
        match = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert match, f"{path} has no form"
        return match[1]

    def post(
        self, path: str, data: dict[str, object] | None = None, *, form: str = "", **kwargs: object
    ) -> TestResponse:
        """Send a form of the page ``form``, by default the page it is sent to."""
        fields = {"csrf_token": self.token(form or path), **(data or {})}
        return self.client.post(path, data=fields, headers=HTML, **kwargs)

    def sign_in(self, username: str, password: str = PASSWORD, query: str = "") -> TestResponse:
        path = f"/w/acme/sign-in{query}"
        return self.post(path, {"username": username, "password": password})


def make_app(folder, *, sources=SOURCES, base_url="http://localhost", trusted_proxies=0) -> Flask:
    config = load_config(
        {
            "SSOKO_DATA_DIR": str(folder),
            "SSOKO_BASE_URL": base_url,
            "SSOKO_SECRET_KEY": "0123456789" * 4,
            "SSOKO_TRUSTED_PROXIES": str(trusted_proxies),
            "SSOKO_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        }
    )
    database = db.connect(config.database_url)
    with db.session():
        migrate.migrate(database)
    app = create_app(config, Registry.load(sources))
    cheap = Hasher(memory_cost=64, time_cost=1)
    app.extensions["ssoko"] = replace(app.extensions["ssoko"], hasher=cheap)
    return app


@pytest.fixture
def empty_app(tmp_path, migrated) -> Flask:
    """A site that is not set up."""
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    return make_app(tmp_path)


def populate(app: Flask) -> Site:
    services = app.extensions["ssoko"]
    with db.session():
        workspace = workspaces.create_workspace(
            services, SYSTEM, slug="acme", name="Acme", contact="it@acme.test"
        )
        admin, person = (
            users.create_user(
                Scope(services, workspace.id, SYSTEM),
                username=name,
                email=f"{name}@acme.test",
                first_name=name.capitalize(),
                last_name="Test",
                password=PASSWORD,
                admin=name == "ada",
            )
            for name in ("ada", "pete")
        )
    return Site(app, services, workspace, admin, person)


@pytest.fixture
def site(empty_app: Flask) -> Site:
    """A workspace with an admin, ``ada``, and a user, ``pete``."""
    return populate(empty_app)


@pytest.fixture
def admin(site: Site) -> Browser:
    """A browser signed in as the admin."""
    return site.browser(site.admin)
