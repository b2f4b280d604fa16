"""Hostile plugins are quarantined or contained, and reported. The rest of the site works."""

import base64
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from ssoko.app import create_app
from ssoko.config import load_config
from ssoko.plugin.host import registry as registry_module
from ssoko.plugin.host.registry import Registry, installed_sources
from ssoko.services import workspaces
from ssoko.services.access import assignments
from ssoko.services.applications import install
from ssoko.services.applications.views import ApplicationView
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.people import users
from ssoko.services.troubleshooting.test_sp import accept
from ssoko.store import db
from ssoko.store.models import table
from werkzeug.test import TestResponse

from .hostile import MARKUP, distribution, hostile_set

PASSWORD = "weathered teapot 41"
AWS = {
    "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
    "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/3f2b8c1e-5d74-4a90",
    "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
}
#: Slug to the stage at which it is stopped, and words of the reason.
STOPPED = {
    "../escape": ("import", "is not a slug"),
    "x; rm -rf ~": ("import", "is not a slug"),
    "aws": ("duplicate", "evil-aws 1.0 and ssoko-aws"),
    "exits": ("import", "SystemExit: 3"),
    "garbled": ("import", "entry_points.txt cannot be read"),
    "imports": ("import", "no module named luck"),
    "logo-path": ("describe", "Integration.logo"),
    "newer": ("describe", "written for plugin API 9.0"),
    "twice": ("duplicate", "ssoko-one 1.0 and ssoko-two 1.0"),
    "wrong-type": ("describe", "return Integration, not"),
}


@dataclass
class Site:
    """A site with the hostile set, and a browser signed in to it."""

    app: Flask
    services: Services
    pete: str
    admin: FlaskClient
    person: FlaskClient
    made: dict[str, ApplicationView]

    def get(self, path: str) -> TestResponse:
        return self.admin.get(f"/w/acme{path}")

    def post(self, path: str, data: dict[str, Any]) -> TestResponse:
        return submit(self.admin, f"/w/acme{path}", data)


def submit(client: FlaskClient, path: str, data: dict[str, Any]) -> TestResponse:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found
    return client.post(path, data={"csrf_token": unescape(found[1]), **data})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the path with every kind of plugin that means no good."""
    folder = tmp_path_factory.mktemp("hostile")
    hostile_set(folder)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path, tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Site]:
    """A site that was set up in good times, and started again among the hostile set."""
    data = tmp_path_factory.mktemp("data")
    shutil.copy(migrated, data / "ssoko.sqlite3")
    good = Registry.load(installed_sources())
    before = _start(data, good)
    with db.session():
        workspace = workspaces.create_workspace(before.services, SYSTEM, slug="acme", name="Acme")
        people = {
            name: users.create_user(
                Scope(before.services, workspace.id, SYSTEM),
                username=name,
                email=f"{name}@acme.test",
                password=PASSWORD,
                admin=name == "ada",
            )
            for name in ("ada", "pete")
        }
        made = {"aws": _install(before.services, workspace.id, "aws", AWS, people["pete"].id)}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(registry_module, "SLOW", 0.05)
        patch.setattr("ssoko.services.plugins.inventory.SLOW", 0.05)
        found = _start(data, Registry.load(installed_sources()))
        with db.session():
            for slug in ("good", "texts"):
                settings = {"acs_url": f"https://{slug}.test/acs"}
                made[slug] = _install(
                    found.services, workspace.id, slug, settings, people["pete"].id
                )
        clients = {name: found.app.test_client() for name in people}
        for name, client in clients.items():
            answer = submit(client, "/w/acme/sign-in", {"username": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
        yield Site(
            found.app, found.services, people["pete"].id, clients["ada"], clients["pete"], made
        )
    table.database.close()


def _start(data: Path, registry: Registry) -> SimpleNamespace:
    config = load_config(
        {
            "SSOKO_DATA_DIR": str(data),
            "SSOKO_BASE_URL": "http://localhost",
            "SSOKO_SECRET_KEY": "s" * 40,
            "SSOKO_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        }
    )
    app = create_app(config, registry)
    cheap = Hasher(memory_cost=64, time_cost=1)
    services = app.extensions["ssoko"] = replace(app.extensions["ssoko"], hasher=cheap)
    return SimpleNamespace(app=app, services=services)


def _install(
    services: Services, workspace: str, slug: str, settings: dict[str, Any], person: str
) -> ApplicationView:
    made = install.install(
        Scope(services, workspace, SYSTEM),
        integration=slug,
        name=slug.capitalize(),
        settings=settings,
    )
    assert made.default_role
    assignments.assign_roles(
        Scope(services, workspace, SYSTEM), role_ids=[made.default_role.id], user_id=person
    )
    return made


# ---------------------------------------------------------------------------
# Named
# ---------------------------------------------------------------------------


def test_each_hostile_plugin_fails_at_its_stage_and_is_reported(site: Site) -> None:
    found: dict[str, set[str]] = {}
    for problem in site.services.registry.problems:
        stage, words = STOPPED[problem.slug]
        assert (problem.slug, problem.stage) == (problem.slug, stage)
        assert words in problem.message
        found.setdefault(problem.slug, set()).add(problem.distribution)
    assert found.keys() == STOPPED.keys()
    assert found["aws"] == {"evil-aws", "ssoko-aws"}
    assert found["twice"] == {"ssoko-one", "ssoko-two"}


def test_other_plugins_are_loaded(site: Site) -> None:
    loaded = set(site.services.registry.integrations)
    assert {"good", "endless", "paths", "slow", "texts", "custom-saml", "zoom"} <= loaded


def test_command_lists_all_failed_plugins_on_one_line_each(folder: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(folder), *filter(os.path.isabs, sys.path)])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SSOKO_")} | {
        "PYTHONPATH": path,
        "SSOKO_DATA_DIR": str(tmp_path),
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ssoko", "plugins", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=60,
        )
        assert done.returncode == 1, done.stderr
        return done.stdout

    items = {item["slug"]: item for item in json.loads(run("--json"))["items"]}
    for slug, (stage, words) in STOPPED.items():
        assert (items[slug]["state"], items[slug]["stage"]) == ("broken", stage)
        assert words in items[slug]["message"]
    assert items["good"]["state"] == "loaded"
    assert items["good"]["source"] == "index"
    assert items["slow"]["load_seconds"] >= 0.1
    assert items["slow"]["warnings"] == ["not tested with 0.1"]
    assert items["endless"]["source"] == "modified"
    assert items["texts"]["source"] == "local"
    said = run()
    assert "\x1b" not in said
    assert not re.search(r"^loaded +aws$", said, re.MULTILINE)


def test_page_and_api_list_all_failed_plugins(site: Site) -> None:
    page = site.get("/settings/plugins")
    words = " ".join(html.document_fromstring(page.text).text_content().split())
    assert page.status_code == 200
    for slug, (stage, reason) in STOPPED.items():
        assert f"{slug}, from " in words
        assert f"failed at {stage}" in words
        assert reason in words
    assert "Took 0." in words
    assert "Not tested with 0.1" in words
    assert "1 file was changed after the installation: zero" in words
    assert "me:pw@" not in page.text
    # Commands are for a shell.
    assert "ssoko plugins disable imports" in words
    assert "plugins disable x" not in words
    assert "plugins disable .." not in words


# ---------------------------------------------------------------------------
# Everything else goes on
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["aws", "good", "texts"])
def test_users_can_still_sign_in_to_applications(site: Site, slug: str) -> None:
    made = site.made[slug]
    page = site.person.get(f"/w/acme/launch/{made.slug}")
    assert page.status_code == 200, page.text
    form = html.document_fromstring(page.text).forms[0]
    answer: Any = SimpleNamespace(acs_url=form.action, saml_response=form.fields["SAMLResponse"])
    assert form.action == made.service_provider.acs_urls[0]
    assert accept(made, answer).get_nameid() == "pete@acme.test"


def test_good_plugin_is_installed_next_to_hostile_ones(site: Site) -> None:
    data = {"name": "Another", "acs_url": "https://another.test/acs"}
    answer = site.post("/marketplace/good/install", data)
    assert answer.status_code == 303, answer.text
    assert site.get("/applications/another").status_code == 200


def test_slow_plugin_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    data = {"name": "Snail", "acs_url": "https://snail.test/acs"}
    with caplog.at_level(logging.WARNING):
        assert site.post("/marketplace/slow/install", data).status_code == 303
    assert re.search(r"plugin slow took 0\.\d s in its hook check_settings", caplog.text)


# ---------------------------------------------------------------------------
# Texts stay texts
# ---------------------------------------------------------------------------

PAGES = """/marketplace /marketplace?q=evil /marketplace/texts /marketplace/texts/installation
/marketplace/texts/install /marketplace/aws /marketplace/paths/installation
/applications /applications/texts /applications/texts/guide /applications/texts/metadata
/applications/texts/access /applications/texts/mappers /applications/texts/mappers/new
/applications/texts/mappers/1 /applications/texts/mappers/2 /applications/texts/mappers/1/remove
/applications/texts/mappers/preview /applications/texts/mappers/proposal
/applications/texts/check /applications/texts/saml /applications/texts/settings
/applications/texts/activity /applications/texts/uninstall
/roles /roles/ROLE /roles/ROLE/settings /roles/ROLE?add=people /users /users/PETE/roles
/users/PETE/roles?view=list /users/PETE/roles?view=map /users/PETE/roles?add=1 /users/PETE
/activity?since=all /settings/plugins /settings/issuers /jump?q=e /dashboard
/groups/new / /traces""".split()


@pytest.mark.parametrize("path", PAGES)
def test_texts_of_plugins_are_escaped_for_admins(site: Site, path: str) -> None:
    role = site.made["texts"].default_role
    assert role
    answer = site.get(path.replace("ROLE", role.id).replace("PETE", site.pete))
    assert answer.status_code == (404 if path == "/marketplace/aws" else 200)
    assert_text_only(answer)


@pytest.mark.parametrize("path", ["/dashboard", "/launch/texts", "/account"])
def test_texts_of_plugins_are_escaped_for_users(site: Site, path: str) -> None:
    answer = site.person.get(f"/w/acme{path}")
    assert answer.status_code == 200
    assert_text_only(answer)


def test_refusals_of_plugins_are_escaped(site: Site) -> None:
    answer = site.post("/marketplace/texts/install", {"name": "x", "acs_url": "refuse"})
    assert answer.status_code == 422
    assert_text_only(answer)
    assert MARKUP in html.document_fromstring(answer.text).text_content()
    checked = site.post("/applications/texts/settings", {"name": "x", "acs_url": "refuse"})
    assert checked.status_code == 422
    assert_text_only(checked)


def assert_text_only(answer: TestResponse) -> None:
    """Assert that nothing of MARKUP is an element or an attribute of its own."""
    tree = html.document_fromstring(answer.text)
    assert not tree.xpath("//@*[starts-with(name(), 'on')]")
    assert not tree.xpath("//img[@src='x' or contains(@src, 'x:')]")
    assert not tree.xpath("//b[text()='b']")
    scripts = tree.xpath("//script[not(@src)]")
    assert not [one for one in scripts if "alert" in (one.text or "")]
    links = tree.xpath("//@href | //@src | //@action | //@formaction")
    assert not [one for one in links if one.strip().lower().startswith(("javascript:", "data:"))]
    assert "alert(1)</script>" not in answer.text


def test_hostile_texts_are_on_the_pages(site: Site) -> None:
    for path in ("/marketplace/texts", "/marketplace/texts/install", "/applications/texts/guide"):
        assert "alert(1)" in site.get(path).text, path


# ---------------------------------------------------------------------------
# Paths
# ---------------------------------------------------------------------------


def test_guide_cannot_include_a_file(site: Site) -> None:
    page = site.get("/marketplace/paths/installation").text
    assert "etc/passwd" in page
    assert "root:" not in page


@pytest.mark.parametrize(
    "path",
    ["/w/acme/logo/../../etc/passwd.svg", "/w/acme/logo/..%2f..%2fetc%2fpasswd.svg"]
    + ["/w/acme/logo/logo-path.svg", "/w/acme/logo/paths.svg", "/w/acme/marketplace/..%2fescape"],
)
def test_assets_cannot_be_files_of_the_server(site: Site, path: str) -> None:
    answer = site.admin.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text


@pytest.mark.parametrize("rest", ["..%2f..%2fw%2facme%2f", "%2e%2e/%2e%2e/w/acme/", "/etc/passwd"])
def test_pages_of_a_plugin_are_limited_to_their_prefix(site: Site, rest: str) -> None:
    answer = site.admin.get(f"/plugins/paths/{rest}")
    mounted, _, cookies = answer.text.split("|")
    assert mounted == "/plugins/paths"
    assert not cookies
    assert "Set-Cookie" not in answer.headers


def test_plugin_with_a_path_traversal_slug_has_no_pages(site: Site) -> None:
    assert site.admin.get("/plugins/../escape/").status_code == 404


# ---------------------------------------------------------------------------
# Found, removed, changed while it runs
# ---------------------------------------------------------------------------


def test_changes_on_disk_are_detected_without_import(
    site: Site, folder: Path, tmp_path: Path
) -> None:
    def restart_of(slug: str) -> tuple[str, str]:
        (one,) = [
            v for v in site.services.inventory.states(site.services.registry) if v.slug == slug
        ]
        return one.state, one.restart

    late = distribution(folder, "ssoko-late", f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    moved = folder / "ssoko_good-1.0.dist-info"
    newer = folder / "ssoko_good-1.1.dist-info"
    try:
        assert restart_of("late") == ("found", "restart to activate")
        assert "late" in site.get("/settings/plugins").text
        assert restart_of("good") == ("loaded", "")
        moved.rename(newer)
        about = newer / "METADATA"
        about.write_text(about.read_text().replace("Version: 1.0", "Version: 1.1"))
        assert restart_of("good") == ("loaded", "1.1 found, restart to activate")
        shutil.move(newer, tmp_path / "away")
        assert restart_of("good") == ("loaded", "uninstalled, restart to remove")
        assert not (tmp_path / "ran").exists()
        assert "ssoko_late" not in sys.modules
    finally:
        shutil.rmtree(late)
