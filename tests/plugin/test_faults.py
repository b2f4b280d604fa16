"""Each fault of a plugin in each place, on pages, in the API and at sign-in: no answer is a 500."""

import json
import logging
import shutil
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from ssoko import app as ssoko_app
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services.access import assignments
from ssoko.services.applications import install
from ssoko.services.authentication import api_tokens
from ssoko.store import db
from werkzeug.test import TestResponse

from ..web.conftest import HTML, Browser, Site, make_app, populate
from . import faults

ACS = "https://sp.test/acs"
METADATA = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ACS}">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<AssertionConsumerService index="0" Location="{ACS}"
 Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/></SPSSODescriptor></EntityDescriptor>"""

APP = "/w/acme/applications/faulty"
PAGES = [
    *("/w/acme/marketplace", "/w/acme/marketplace/faulty", "/w/acme/marketplace/faulty/install"),
    *("/w/acme/marketplace/faulty/installation", "/w/acme/applications", "/w/acme/dashboard"),
    *("/w/acme/", "/w/acme/settings/plugins", "/plugins/faulty/", f"{APP}/check", APP),
    *(f"{APP}/{tab}" for tab in ("guide", "metadata", "access", "mappers", "saml", "settings")),
    *(f"{APP}/{tab}" for tab in ("activity", "uninstall", "upgrade", "mappers/preview")),
]
#: Answers of pages that a fault of the plugin must not change.
UNAFFECTED = frozenset(
    {"/w/acme/marketplace", "/w/acme/applications", "/w/acme/dashboard", "/w/acme/", APP}
    | {f"{APP}/{tab}" for tab in ("guide", "metadata", "access", "activity", "uninstall", "saml")}
    | {"/w/acme/settings/plugins", "/w/acme/marketplace/faulty"}
)


@dataclass
class Faulty:
    """A site with an application of the plugin, and the plugin with one fault."""

    site: Site
    admin: Browser
    user: Browser
    token: str
    csrf: str
    wsgi_app: object

    def load(self, where: str, fault: str) -> types.ModuleType:
        """Load the plugin with a fault that is off; the site uses it from then on."""
        module = types.ModuleType("ssoko_faulty")
        sys.modules[module.__name__] = module
        exec(compile(faults.code(where, fault), "faulty.py", "exec"), module.__dict__)  # noqa: S102
        registry = Registry.load([PluginSource("faulty", lambda: module, "ssoko-faulty", "1.0")])
        assert not registry.problems
        app = self.site.app
        services = replace(app.extensions["ssoko"], registry=registry)
        app.extensions["ssoko"] = self.site.services = services
        app.wsgi_app = self.wsgi_app  # type: ignore[method-assign]
        ssoko_app._mount_plugin_pages(app, services)
        return module

    def answers(self) -> Iterator[tuple[str, TestResponse]]:
        """Yield every kind of answer in which the plugin takes part."""
        for path in PAGES:
            yield path, self.admin.get(path)
        client: FlaskClient = self.admin.client
        form = {"csrf_token": self.csrf, "name": "Another", "plugin.acs_url": ACS + "/2"}
        posts = {
            "/w/acme/marketplace/faulty/install": form,
            f"{APP}/settings": form | {"name": "Faulty", "plugin.acs_url": ACS},
            "/w/acme/marketplace/faulty/install?": form
            | {"metadata_xml": METADATA, "metadata.fill": "1"},
        }
        for path, data in posts.items():
            yield f"POST {path}", client.post(path, data=data, headers=HTML)
        yield "/w/acme/launch/faulty", self.user.get("/w/acme/launch/faulty")
        bodies: list[tuple[str, str, object]] = [
            ("GET", "/integrations/faulty", None),
            ("GET", "/applications", None),
            ("GET", "/applications/faulty", None),
            ("GET", "/applications/faulty/guide", None),
            ("GET", "/applications/faulty/upgrade", None),
            ("GET", "/plugins", None),
            ("POST", "/applications", {"integration": "faulty", "name": "Third", "settings": {}}),
            (
                "POST",
                "/applications",
                {"integration": "faulty", "name": "Fourth", "sp_metadata": METADATA},
            ),
            ("PATCH", "/applications/faulty", {"settings": {"acs_url": ACS}}),
            ("POST", "/applications/faulty/preview", {"user": "pete"}),
            ("POST", "/applications/faulty/check", {"user": "pete"}),
        ]
        for method, path, body in bodies:
            url = f"/api/v1/workspaces/acme{path}"
            headers = {"Authorization": f"Bearer {self.token}"}
            yield (
                f"{method} {url}",
                client.open(url, method=method, headers=headers, json=body, buffered=True),
            )


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Faulty]:
    data = tmp_path_factory.mktemp("faulty")
    shutil.copy(migrated, data / "ssoko.sqlite3")
    app = make_app(data, sources=())
    site = populate(app)
    found = Faulty(site, site.browser(site.admin), site.browser(site.person), "", "", app.wsgi_app)
    found.load("nothing", "pass")
    with db.session():
        made = install.install(
            site.scope, integration="faulty", name="Faulty", settings={"acs_url": ACS}
        )
        assert made.default_role
        assignments.assign_roles(
            site.scope, role_ids=[made.default_role.id], user_id=site.person.id
        )
        found.token, _ = api_tokens.create_token(site.scope, name="all")
    found.csrf = found.admin.token("/w/acme/marketplace/faulty/install")
    yield found
    sys.modules.pop("ssoko_faulty", None)


def check(faulty: Faulty, where: str, fault: str) -> None:
    module = faulty.load(where, fault)
    module.ON["fault"] = True
    for path, answer in faulty.answers():
        assert answer.status_code != 500 or path == "/plugins/faulty/", (path, answer.text)
        assert len(answer.data) < 2_000_000, path
        assert b"hunter2" not in answer.data, path
        if "/api/" in path and answer.data:
            assert "json" in answer.mimetype, (path, answer.text)
            json.loads(answer.text)
        if path in UNAFFECTED:
            assert answer.status_code == 200, (path, answer.text)


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Log nothing, as some errors have texts of 20 MB."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_nothing_fails_without_a_fault(faulty: Faulty) -> None:
    faulty.load("nothing", "pass")
    statuses = {path: answer.status_code for path, answer in faulty.answers()}
    failed = {path: status for path, status in statuses.items() if status >= 400}
    assert set(failed.values()) <= {409, 422}, failed
    assert statuses["/w/acme/launch/faulty"] == 200


@pytest.mark.parametrize("where", faults.RAISERS)
def test_an_error_in_any_place_is_contained(faulty: Faulty, where: str) -> None:
    check(faulty, where, faults.RAISES["an error whose text raises"])


@pytest.mark.parametrize("fault", faults.RAISES, ids=str)
def test_any_error_is_contained(faulty: Faulty, fault: str) -> None:
    check(faulty, "saml_attributes", faults.RAISES[fault])
    check(faulty, "validator", faults.RAISES[fault])


@pytest.mark.release
@pytest.mark.parametrize(("where", "fault"), faults.COMBINATIONS, ids=str)
def test_every_combination_is_contained(faulty: Faulty, where: str, fault: str) -> None:
    check(faulty, where, fault)


@pytest.mark.parametrize(
    "fault", [f for where in ("saml_attributes",) for f in faults.RETURNS[where]], ids=str
)
def test_nothing_is_sent_that_is_too_large_or_not_text(faulty: Faulty, fault: str) -> None:
    module = faulty.load("saml_attributes", fault)
    module.ON["fault"] = True
    answer = faulty.user.get("/w/acme/launch/faulty")
    assert answer.status_code == 403
    assert "could not prepare your sign-in" in answer.text
