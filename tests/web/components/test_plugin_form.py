"""Install forms of plugins, posted as a browser posts them."""

from dataclasses import replace
from pathlib import Path

import marshmallow as ma
import pytest
import ssoko_aws
from marshmallow import fields
from ssoko.plugin import Integration, ServiceProvider, hookimpl
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.host.registry import PluginSource, Registry, installed_sources
from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.services.applications import views
from ssoko.services.issuers import issuers
from ssoko.store import db
from ssoko.web.components.plugin_form import OWN_CONTROLS, read
from ssoko.web.plugins.preview_site import Preview, PreviewPlugin, create_blueprint
from werkzeug.datastructures import MultiDict

from ..conftest import Site, make_app, populate
from .test_metadata_form import Form, file, installed, opened, several, sp

SHIPPED = {item.slug: item for item in installed_sources()}
FIELDS = sorted({*OWN_CONTROLS, "file", "version", "csrf", "metadata", "filled"})
CLASHING = ma.Schema.from_dict(
    {
        name: fields.String(
            required=True,
            validate=ma.validate.Length(max=60, error=f"Make {name} shorter"),
            metadata={"label": f"Their {name}", "help": "Any", "placeholder": f"their-{name}"},
        )
        for name in FIELDS
    }
)
THEIRS = {name: f"their-{name}" for name in FIELDS}
PAGE = "/w/acme/marketplace/clashing/install"
SETTINGS = "/w/acme/applications/{}/settings"


class Clashing:
    """A plugin whose fields have the names of all our controls."""

    metadata_fields = staticmethod(ssoko_aws.metadata_fields)

    @hookimpl
    def integration(self):
        return Integration(name="Clashing", summary="Has our names", category="Cloud", api="1.0")

    @hookimpl
    def install_form(self):
        return CLASHING

    @hookimpl
    def installation_guide(self):
        return "# Clashing\n\n## At the vendor\n\n1. Go there.\n"

    @hookimpl
    def service_provider(self, settings, site):
        acs = f"https://{settings['name']}.example/acs"
        return ServiceProvider(entity_id=f"urn:{settings['issuer']}", acs_urls=(acs,))

    @hookimpl
    def settings_from_metadata(self, metadata, settings):
        return {"issuer": metadata.entity_id.removeprefix("urn:")}


def site_with(tmp_path: Path, source: PluginSource) -> Site:
    app = make_app(tmp_path, sources=())
    registry = Registry.load([source], opt_in=frozenset({source.slug}))
    assert not registry.problems
    app.extensions["ssoko"] = replace(app.extensions["ssoko"], registry=registry)
    bench = Preview(
        workspace="acme",
        plugins=(PreviewPlugin(slug=source.slug, distribution="ssoko-x", version="1"),),
        version=lambda slug: "1",
    )
    app.register_blueprint(create_blueprint(bench))
    return populate(app)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_with(tmp_path, PluginSource("clashing", Clashing, "ssoko-clashing", "1.0"))


def fill(form: Form) -> Form:
    """Type the placeholder into what is required and empty."""
    for item in form.form.xpath(".//*[@required]"):
        if not form.values.get(item.get("name")):
            form.values[item.get("name")] = item.get("placeholder", "")
    return form


def marked(text: str) -> set[str]:
    """Return the fields that are shown as wrong, and see that the summary names no others."""
    page = Form(text).page
    wrong = set(page.xpath("//main//*[@aria-invalid='true']/@id"))
    linked = {href[1:] for href in page.xpath("//*[@role='alert']//a/@href")}
    assert linked <= wrong
    for field_id in wrong:
        (field,) = page.xpath(f"//*[@id='{field_id}']")
        described = field.get("aria-describedby").split()
        assert f"{field_id}-error" in described
        assert all(len(page.xpath(f"//*[@id='{name}']")) == 1 for name in described)
        assert page.xpath(f"//label[@for='{field_id}']")
    return wrong


def test_all_shipped_plugins_are_tested():
    folders = Path(__file__).parents[3].joinpath("plugins").glob("*/pyproject.toml")
    assert {item.parent.name.replace("_", "-") for item in folders} - {"-template"} == set(SHIPPED)


@pytest.mark.parametrize("slug", SHIPPED)
def test_shipped_plugin_is_installed_and_saved_unchanged(tmp_path, slug):
    site = site_with(tmp_path, SHIPPED[slug])
    admin = site.browser(site.admin)
    path = f"/w/acme/marketplace/{slug}/install"
    response = fill(opened(admin, path)).send(admin, path)
    assert response.status_code == 303, Form(response.text).words
    (app,) = installed(site)
    path = SETTINGS.format(app.slug)
    response = opened(admin, path).send(admin, path)
    assert response.status_code == 303, Form(response.text).words
    assert installed(site)[0].settings == app.settings


def test_plugin_fields_with_names_of_our_controls_work(site):
    admin = site.browser(site.admin)
    with db.session():
        shared = issuers.create_issuer(site.scope, name="Shared")
    form = fill(opened(admin, PAGE))
    assert form.values["name"] == "Clashing"
    response = form.send(admin, PAGE, name="Ours", issuer=shared.id)
    assert response.status_code == 303, Form(response.text).words
    (app,) = installed(site)
    assert (app.name, app.issuer.id, app.settings) == ("Ours", shared.id, THEIRS)
    path = SETTINGS.format("ours")
    assert opened(admin, path).send(admin, path).status_code == 303
    assert installed(site)[0].settings == THEIRS
    opened(admin, path).send(admin, path, name="Renamed", plugin__name="new")
    (app,) = installed(site)
    assert (app.name, app.settings) == ("Renamed", THEIRS | {"name": "new"})
    preview = fill(opened(admin, "/dev/clashing"))
    tried = preview.send(admin, "/dev/clashing", **{"as": "pete"}).text
    assert "These settings are valid" in tried
    assert "urn:their-issuer" in tried


def test_errors_of_plugin_and_page_are_at_their_own_fields(site):
    admin = site.browser(site.admin)
    with db.session():
        shared = issuers.create_issuer(site.scope, name="Shared")
    long = "x" * 61
    form = fill(opened(admin, PAGE))
    response = form.send(admin, PAGE, name="", plugin__issuer=long, plugin__metadata_file="")
    assert marked(response.text) == {"f-name", "f-plugin-issuer", "f-plugin-metadata_file"}
    response = form.send(admin, PAGE, plugin__name=long)
    assert marked(response.text) == {"f-plugin-name"}
    response = form.send(admin, PAGE, name="", plugin__name=long)
    assert marked(response.text) == {"f-name", "f-plugin-name"}
    response = form.send(admin, PAGE, issuer="nothing")
    assert marked(response.text) == {"f-issuer"}
    response = form.send(admin, PAGE, issuer=shared.id, plugin__metadata_url=long)
    assert marked(response.text) == {"f-plugin-metadata_url"}
    response = form.send(admin, PAGE, metadata_xml="<x/>")
    assert marked(response.text) == {"f-metadata_xml"}
    assert form.send(admin, PAGE, name="Ours").status_code == 303
    path = SETTINGS.format("ours")
    response = opened(admin, path).send(admin, path, name="", plugin__name="", plugin__issuer=long)
    assert marked(response.text) == {"f-name", "f-plugin-name", "f-plugin-issuer"}
    preview = fill(opened(admin, "/dev/clashing"))
    response = preview.send(admin, "/dev/clashing", plugin__csrf_token="")
    assert marked(response.text) == {"f-plugin-csrf_token"}


def test_choice_of_a_service_provider_keeps_both_names(site):
    admin = site.browser(site.admin)
    form = fill(opened(admin, PAGE))
    form.values |= {"name": "Ours", "plugin.issuer": ""}
    response = form.send(admin, PAGE, metadata_file=file(several(sp("urn:one"), sp("urn:two"))))
    assert response.status_code == 200
    response = Form(response.text).send(admin, PAGE, metadata__sp="urn:two")
    assert response.status_code == 303, Form(response.text).words
    (app,) = installed(site)
    assert (app.name, app.settings) == ("Ours", THEIRS | {"issuer": "two"})


def test_confirming_a_duplicate_keeps_both_names(site):
    admin = site.browser(site.admin)
    assert fill(opened(admin, PAGE)).send(admin, PAGE).status_code == 303
    response = fill(opened(admin, PAGE)).send(admin, PAGE, name="Twice")
    assert response.status_code == 409
    again = Form(response.text)
    assert (again.values["again"], again.values["plugin.again"]) == ("yes", "their-again")
    assert again.send(admin, PAGE).status_code == 303
    with db.session():
        app = views.get_application(site.scope, "twice")
    assert app.settings == THEIRS


@pytest.mark.parametrize("path", [PAGE, SETTINGS.format("clashing"), "/dev/clashing"])
def test_all_controls_of_the_page_are_listed(site, path):
    admin = site.browser(site.admin)
    with db.session():
        issuers.create_issuer(site.scope, name="Shared")
    assert fill(opened(admin, PAGE)).send(admin, PAGE).status_code == 303
    form = Form(admin.get(path).text).form
    names = form.xpath(".//*[@name]/@name")
    assert len(names) == len(set(names))
    assert {name for name in names if "." not in name} <= OWN_CONTROLS
    assert {POSTED_PREFIX + name for name in FIELDS} <= set(names)
    ids = form.xpath("//@id")
    assert len(ids) == len(set(ids))


class Mixed(ma.Schema):
    name = fields.String()
    place = fields.String(load_default="here")
    flag = fields.Boolean()
    rows = fields.List(fields.Nested(ma.Schema.from_dict({"key": fields.String()})))


@pytest.mark.parametrize(
    ("posted", "found"),
    [
        ({"plugin.place": "there", "place": "older"}, {"place": "there"}),
        ({"plugin.place": "", "place": "older"}, {"place": ""}),
        ({"place": "older", "name": "ours"}, {"place": "older"}),
        ({"plugin.name": "theirs", "name": "ours"}, {"name": "theirs", "place": ""}),
        ({"flag": "yes", "rows.0.key": "a"}, {"flag": True, "rows": [{"key": "a"}], "place": ""}),
        (
            {"plugin.rows.0.key": "a", "rows.0.key": "b", "rows.1.key": "c"},
            {"rows": [{"key": "a"}], "place": ""},
        ),
    ],
)
def test_plain_name_is_read_only_without_a_prefixed_one(posted, found):
    assert (
        read(InstallForm("mixed", Mixed), MultiDict(posted)) == {"flag": False, "rows": []} | found
    )
