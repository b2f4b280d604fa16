"""The pages of `ssoko dev`, over plugins that do and do not work."""

import shutil
from dataclasses import replace

import pytest
import ssoko_aws
import ssoko_sandbox
from flask import Flask
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.host.registry import PluginSource
from ssoko.plugin.tools.rules.sample import sample_settings
from ssoko.services.access import roles
from ssoko.services.applications import views
from ssoko.services.authentication import links
from ssoko.store import db
from ssoko.store.models.activity import Event
from ssoko.store.models.table import Table
from ssoko.web.plugins.preview_site import Preview, PreviewPlugin, RuleReport, create_blueprint

from ..conftest import AWS_FORM, Browser, Site, make_app, populate


class Raising:
    """AWS, but for what its service provider or its sign-in raises."""

    def __init__(self, hook: str) -> None:
        vars(self).update({k: v for k, v in vars(ssoko_aws).items() if k[0] != "_"})
        self.installation_guide = ssoko_aws.hookimpl(lambda: "## Test")
        setattr(self, hook, _raising(hook))


def _raising(hook: str) -> object:
    if hook == "service_provider":

        @ssoko_aws.hookimpl
        def service_provider(settings, site):
            raise KeyError("the author forgot this")

        return service_provider

    @ssoko_aws.hookimpl
    def saml_attributes(settings):
        raise KeyError("the author forgot this too")

    return saml_attributes


def _broken() -> object:
    compile("def broken(:", "ssoko_broken/__init__.py", "exec")
    return None


SOURCES = (
    PluginSource("aws", lambda: ssoko_aws, "ssoko-aws", "0.1.0"),
    PluginSource("broken", _broken, "ssoko-broken", "0.3.0"),
    PluginSource("raises", lambda: Raising("service_provider"), "ssoko-raises", "0.4.0"),
    PluginSource("shuts", lambda: Raising("saml_attributes"), "ssoko-shuts", "0.5.0"),
    PluginSource("sandbox", lambda: ssoko_sandbox, "ssoko-sandbox", "0.1.0"),
)
RULE = {
    "id": "SSK021",
    "tier": "bronze",
    "title": "the guide has its headings",
    "messages": ["there is no Remove"],
    "fix": "Write it.",
}


class Desk:
    """A substitute for the command behind the pages."""

    def __init__(self) -> None:
        self.checked: RuleReport | None = None

    def bench(self) -> Preview:
        return Preview(
            workspace="acme",
            plugins=tuple(
                PreviewPlugin(
                    slug=item.slug,
                    distribution=item.distribution,
                    version=item.version,
                    folder="/home/ada/ssoko-aws" if item.slug == "aws" else "",
                )
                for item in SOURCES
            ),
            version=lambda slug: f"1 {slug}",
            check=lambda slug: self.checked,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def dev_site(tmp_path, migrated, desk: Desk, monkeypatch) -> Site:
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    app = make_app(tmp_path, sources=SOURCES[:4])
    registry = app.extensions["ssoko"].registry
    skipped = (("sandbox", "off unless named in SSOKO_OPT_IN_PLUGINS"),)
    app.extensions["ssoko"] = replace(
        app.extensions["ssoko"], registry=replace(registry, skipped=skipped)
    )
    app.register_blueprint(create_blueprint(desk.bench()))
    return populate(app)


@pytest.fixture
def ada(dev_site: Site) -> Browser:
    return dev_site.browser(dev_site.admin)


def rows() -> dict[str, int]:
    with db.session():
        return {t.__name__: t.select().count() for t in Table.__subclasses__()}


def test_other_sites_do_not_have_the_preview(empty_app: Flask) -> None:
    assert not [r for r in empty_app.url_map.iter_rules() if r.rule.startswith("/dev")]
    browser = populate(empty_app).browser()
    assert browser.get("/dev").status_code == 404
    assert browser.get("/dev/aws").status_code == 404


def test_list_shows_the_state_of_each_plugin(ada: Browser) -> None:
    page = ada.get("/dev").text
    assert "/home/ada/ssoko-aws" in page
    assert "Failed to load" in page
    assert "SyntaxError" in page
    assert 'href="/dev/broken"' in page
    assert "off unless named" in page
    # The menu leads here from every page.
    assert 'href="/dev"' in ada.get("/w/acme/marketplace").text


def test_preview_shows_all_parts_of_a_plugin(ada: Browser) -> None:
    page = ada.get("/dev/aws").text
    entry = ssoko_aws.integration()
    assert entry.summary in page
    assert 'name="plugin.acs_url"' in page
    assert sample_settings(InstallForm("aws", ssoko_aws.InstallForm))["acs_url"] in page
    assert "Before you start" in page
    assert "http://localhost/saml/" in page
    assert "sso-aws-" in page
    assert "The rules are running." in page


def test_preview_saves_nothing(ada: Browser) -> None:
    before = rows()
    assert "Accepted" in ada.get("/dev/aws?as=pete").text
    assert rows() == before
    assert before[Event.__name__]


def test_trial_sign_in_shows_what_the_service_provider_read(ada: Browser) -> None:
    page = ada.get("/dev/aws?as=pete").text
    assert "Accepted" in page
    assert "pete@acme.test" in page
    assert ada.get("/dev/aws?as=nobody").status_code == 404


def test_failed_rules_are_shown_with_their_fix(ada: Browser, desk: Desk) -> None:
    desk.checked = RuleReport(tier="none", failed=(RULE,), passed=30)
    page = ada.get("/dev/aws").text
    assert "SSK021" in page
    assert "there is no Remove" in page
    assert "Fix: Write it." in page
    desk.checked = RuleReport(problem="The rules look at project folders")
    assert "The rules look at project folders" in ada.get("/dev/aws").text


def test_typed_settings_are_tried(ada: Browser) -> None:
    page = ada.post("/dev/aws", {**AWS_FORM, "acs_url": "nonsense"}).text
    assert "There is a problem" in page
    assert "nonsense" in page
    page = ada.post("/dev/aws", {**AWS_FORM, "as": "pete"}).text
    assert "These settings are valid" in page
    assert f"<code>{AWS_FORM['acs_url']}</code>" in page
    assert "Accepted" in page
    assert ada.post("/dev/aws", {}).text.count("Enter the ") > 1


def test_plugin_that_fails_to_load_shows_its_traceback(ada: Browser) -> None:
    response = ada.get("/dev/broken")
    assert response.status_code == 200
    assert "Failed at import." in response.text
    assert "def broken(:" in response.text
    assert "registry.py" not in response.text
    assert ada.get("/dev/aws").status_code == 200


def test_skipped_plugin_is_explained(ada: Browser) -> None:
    assert "Skipped" in ada.get("/dev/sandbox").text
    assert ada.get("/dev/nothing").status_code == 404


def test_failing_hook_shows_its_traceback_and_the_rest_of_the_page(ada: Browser) -> None:
    response = ada.get("/dev/raises?as=pete")
    assert response.status_code == 200
    assert "A hook raised an error" in response.text
    assert "the author forgot this" in response.text
    assert "test_preview_site.py" in response.text
    assert "pluggy" not in response.text
    assert 'name="plugin.acs_url"' in response.text


def test_trial_sign_in_that_a_hook_stops_shows_the_error(ada: Browser) -> None:
    page = ada.get("/dev/shuts?as=pete").text
    assert "Not checked" in page
    assert "the author forgot this too" in page


def test_preview_requires_the_printed_link(dev_site: Site) -> None:
    response = dev_site.browser().get("/dev/aws")
    assert response.status_code == 403
    assert "Open the printed link" in response.text
    person = dev_site.browser(dev_site.person)
    assert person.get("/dev/aws").status_code == 403


def test_printed_link_signs_in_once(dev_site: Site) -> None:
    services = dev_site.services
    with db.session():
        code = links.create_link(services, purpose="sign-in", user_id=dev_site.admin.id)
    browser = dev_site.browser()
    response = browser.get(f"/dev/-/sign-in/{code}?slug=aws")
    assert (response.status_code, response.location) == (303, "/dev/aws")
    assert browser.get("/dev/aws").status_code == 200
    # Pressed again in the same browser it leads on, in another one it is over.
    assert browser.get(f"/dev/-/sign-in/{code}").status_code == 303
    assert dev_site.browser().get(f"/dev/-/sign-in/{code}").status_code == 404


def test_version_matches_the_page(ada: Browser) -> None:
    assert ada.get("/dev/-/version?slug=aws").text == "1 aws"
    assert 'data-version="1 aws"' in ada.get("/dev/aws").text


def test_preview_works_beside_an_installed_application(ada: Browser, dev_site: Site) -> None:
    ada.post("/w/acme/marketplace/aws/install", {**AWS_FORM, "name": "AWS"})
    assert "Accepted" in ada.get("/dev/aws?as=pete").text
    with db.session():
        listed = views.list_applications(dev_site.scope)
        assert [item.name for item in listed.items] == ["AWS"]
        assert len(roles.list_roles(dev_site.workspace.id).items) == 1
