"""An application moves to another integration through the review of an update."""

import sys
import types
from dataclasses import replace

import pytest
import ssoko_custom_saml
from ssoko.errors import InputError, NotFound
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services.applications import change, install, views
from ssoko.services.applications.upgrades import compare, decide, move

CUSTOM = {
    "entity_id": "https://acme.notes.test/sp",
    "acs_urls": ["https://acme.notes.test/acs"],
    "name_id_source": "user.email",
}

_SOURCE = """
from marshmallow import Schema, fields
from ssoko.plugin import Integration, MetadataField, SamlAttribute, ServiceProvider, hookimpl


class InstallForm(Schema):
    account = fields.String(required=True)


@hookimpl
def integration():
    return Integration(
        name="Notes", summary="Keep the notes of a team in one place", formerly={formerly!r}
    )


@hookimpl
def metadata_fields():
    return (MetadataField(key="entity_id"),)


@hookimpl
def installation_guide():
    return "## Notes"


@hookimpl
def service_provider(settings):
    host = f"https://{{settings['account']}}.notes.test"
    return ServiceProvider(
        entity_id=f"{{host}}/other", acs_urls=(f"{{host}}/acs",), sign_assertion=False,
        slo_url=f"{{host}}/logout",
    )


@hookimpl
def saml_attributes(settings):
    return (SamlAttribute(name="account", values=(settings["account"],)),)
"""


def source(slug: str, *formerly: str) -> PluginSource:
    module = types.ModuleType(f"moved_{slug}")
    sys.modules[module.__name__] = module
    exec(compile(_SOURCE.format(formerly=formerly), module.__name__, "exec"), module.__dict__)  # noqa: S102
    return PluginSource(slug, lambda: module, "ssoko-notes", "0.1")


def load(site, *sources: PluginSource) -> None:
    site.services = replace(site.services, registry=Registry.load(sources))
    assert not site.services.registry.problems


@pytest.fixture
def app(site):
    load(site, source("notes"), PluginSource("custom-saml", lambda: ssoko_custom_saml, "c", "0.1"))
    return install.install(site.scope, integration="custom-saml", name="Notes", settings=CUSTOM)


TO = {"integration": "notes", "settings": {"account": "acme"}}


def test_comparing_writes_nothing(site, app):
    upgrade = move.compare_move(site.scope, app.id, **TO)
    assert upgrade.state == "proposes"
    assert "protection" not in upgrade.preselected
    assert {"service_provider", "guide"} <= upgrade.preselected
    assert views.get_application(site.scope, app.id) == app


def test_a_move_keeps_what_is_not_accepted(site, app):
    preselected = move.compare_move(site.scope, app.id, **TO).preselected
    move.move(site.scope, app.id, **TO, accept=preselected)
    moved = views.get_application(site.scope, app.id)
    assert (moved.integration, moved.settings) == ("notes", {"account": "acme"})
    assert moved.service_provider.sign_assertion
    assert moved.service_provider.entity_id == CUSTOM["entity_id"]
    assert moved.service_provider.slo_url == "https://acme.notes.test/logout"
    assert (moved.id, moved.issuer, moved.upgrade) == (app.id, app.issuer, None)
    changed = change.update_application(site.scope, app.id, settings={"account": "other"})
    assert changed.service_provider.acs_urls == ("https://other.notes.test/acs",)
    assert changed.service_provider.sign_assertion


def test_a_move_can_be_undone(site, app):
    move.move(site.scope, app.id, **TO, accept=["guide", "service_provider"])
    decide.undo_upgrade(site.scope, app.id)
    back = views.get_application(site.scope, app.id)
    assert (back.integration, back.settings, back.service_provider, back.mappers) == (
        app.integration,
        app.settings,
        app.service_provider,
        app.mappers,
    )


@pytest.mark.parametrize(
    ("to", "accept", "field"),
    [
        ({**TO, "integration": "custom-saml"}, ["guide"], "integration"),
        ({**TO, "settings": {}}, ["guide"], "account"),
        (TO, [], "accept"),
        (TO, ["nothing"], "accept"),
    ],
)
def test_a_wrong_move_is_refused_at_its_field(site, app, to, accept, field):
    with pytest.raises(InputError) as refused:
        move.move(site.scope, app.id, **to, accept=accept)
    assert list(refused.value.errors) == [field]


def test_a_move_to_no_integration_is_not_found(site, app):
    with pytest.raises(NotFound):
        move.compare_move(site.scope, app.id, integration="nothing", settings={})


@pytest.fixture
def renamed(site):
    load(site, source("notes"))
    app = install.install(
        site.scope, integration="notes", name="Notes", settings={"account": "acme"}
    )
    load(site, source("wiki", "notes"))
    return app


def test_applications_of_a_former_slug_wait_for_the_review(site, renamed):
    view = views.get_application(site.scope, renamed.id)
    assert (view.integration, view.upgrade.state) == ("notes", "proposes")
    assert compare.compare(site.scope, renamed.id).state == "proposes"
    site.give(renamed)
    decide.decide(site.scope, renamed.id, accept=["guide"])
    moved = views.get_application(site.scope, renamed.id)
    assert (moved.integration, moved.plugin, moved.upgrade) == ("wiki", "loaded", None)
    assert moved.service_provider == renamed.service_provider


def test_a_slug_that_two_plugins_claim_belongs_to_none(site, renamed):
    load(site, source("wiki", "notes"), source("book", "notes"))
    assert views.get_application(site.scope, renamed.id).upgrade is None


def test_a_former_slug_that_is_loaded_stays(site, renamed):
    load(site, source("wiki", "notes"), source("notes"))
    view = views.get_application(site.scope, renamed.id)
    assert (view.integration, view.upgrade) == ("notes", None)
