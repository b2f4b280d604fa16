"""Settings survive a change of the plugin's form, in both directions."""

import sys
import types
from dataclasses import replace

import pytest
import ssoko_custom_saml
from marshmallow import Schema, fields
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.host.registry import LoadedIntegration, PluginSource, Registry
from ssoko.services.applications import change, install, views
from ssoko.services.applications.settings import public_now
from ssoko.services.troubleshooting import preview

_SOURCE = """
from marshmallow import Schema, fields
from ssoko.plugin import Integration, MetadataField, SamlAttribute, ServiceProvider, hookimpl

VERSION = {version!r}


class InstallForm(Schema):
    if VERSION == "0.1":
        host = fields.String(required=True)
        api_key = fields.String(load_default="", metadata={{"secret": True}})
    else:
        domain = fields.String(required=True, data_key="domainName")
        token = fields.String(load_default="", metadata={{"secret": True}})


@hookimpl
def integration():
    return Integration(name="Notes", summary="Keep the notes of a team in one place")


@hookimpl
def metadata_fields():
    return (MetadataField(key="entity_id"),)


@hookimpl
def installation_guide():
    return "## Test"


def domain_of(settings):
    return settings["host"] if VERSION == "0.1" else settings["domain"]


@hookimpl
def service_provider(settings):
    url = f"https://{{domain_of(settings)}}/acs"
    return ServiceProvider(entity_id="urn:notes", acs_urls=(url,))


@hookimpl
def saml_attributes(settings, person):
    key = settings["api_key"] if VERSION == "0.1" else settings["token"]
    return (SamlAttribute(name="at", values=(domain_of(settings), key)),)


if VERSION in ("0.2", "0.3"):

    @hookimpl
    def migrate_settings(settings, from_version):
        if VERSION == "0.3":
            raise RuntimeError("not today")
        if from_version != "0.1":
            return {{}}
        return {{"domainName": settings["host"], "token": settings["api_key"]}}
"""


def load(site, version: str | None) -> None:
    """Load one version of the plugin, or none."""
    sources = []
    if version:
        module = types.ModuleType(f"renamed_{version}")
        sys.modules[module.__name__] = module
        exec(compile(_SOURCE.format(version=version), module.__name__, "exec"), module.__dict__)  # noqa: S102
        sources = [PluginSource("notes", lambda: module, "ssoko-notes", version)]
    site.services = replace(site.services, registry=Registry.load(sources))
    assert not site.services.registry.problems


@pytest.fixture
def notes(site):
    load(site, "0.1")
    settings = {"host": "acme.test", "api_key": "hunter2"}
    made = install.install(site.scope, integration="notes", name="Notes", settings=settings)
    site.give(made)
    return made


def sent(site, app) -> list[str]:
    """Return the values of the plugin's own attribute at a sign-in."""
    found = preview.preview_sign_in(site.scope, app.id, user_id=site.amina.id)
    return [value for a in found.attributes if a.name == "at" for value in a.values]


def test_renamed_fields_have_their_values_at_once(site, notes):
    load(site, "0.2")
    view = views.get_application(site.scope, notes.id)
    assert view.settings["domainName"] == "acme.test"
    assert view.upgrade is None
    assert sent(site, notes) == ["acme.test", "hunter2"]


def test_renamed_fields_are_saved_with_the_new_names(site, notes):
    load(site, "0.2")
    change.update_application(site.scope, notes.id, settings={"domainName": "new.test"})
    assert sent(site, notes) == ["new.test", "hunter2"]
    assert views.get_application(site.scope, notes.id).settings["domainName"] == "new.test"


def test_a_downgrade_finds_its_values_again(site, notes):
    load(site, "0.2")
    change.update_application(site.scope, notes.id, settings={"domainName": "new.test"})
    load(site, "0.1")
    view = views.get_application(site.scope, notes.id)
    assert view.settings["host"] == "acme.test"
    assert sent(site, notes) == ["acme.test", "hunter2"]
    change.update_application(site.scope, notes.id, settings={})
    assert sent(site, notes) == ["acme.test", "hunter2"]


def test_no_secret_is_shown_under_any_version(site, notes):
    for version in ("0.1", "0.2", "0.3", "0.4", None):
        load(site, version)
        view = views.get_application(site.scope, notes.id)
        assert "hunter2" not in str(view)
        assert view.settings["host"] == "acme.test"
        assert not [name for name in view.settings if name.startswith("$")]


def test_a_migration_that_fails_is_named_and_the_record_stays(site, notes):
    load(site, "0.3")
    view = views.get_application(site.scope, notes.id)
    assert view.upgrade.state == "fails"
    assert view.service_provider == notes.service_provider


def test_without_a_migration_missing_fields_are_named(site, notes):
    load(site, "0.4")
    upgrade = views.get_application(site.scope, notes.id).upgrade
    assert (upgrade.state, list(upgrade.errors)) == ("refuses", ["domainName"])


STORED = {"url": "https://w.test", "key": "plain", "gone": "x", "sealed": {"$encrypted": "abc"}}


class PublicForm(Schema):
    url = fields.String()
    key = fields.String()
    sealed = fields.String()


class SecretForm(PublicForm):
    key = fields.String(metadata={"secret": True})


def loaded(form: type[Schema]) -> LoadedIntegration:
    source = PluginSource("custom-saml", lambda: ssoko_custom_saml, "ssoko-custom-saml", "0.1.0")
    integration = Registry.load([source]).get("custom-saml")
    assert integration is not None
    values = {name: getattr(integration, name) for name in integration.__slots__}
    return LoadedIntegration(**values | {"form": InstallForm("custom-saml", form)})


def test_shown_settings_are_those_of_the_form_without_encrypted_ones() -> None:
    assert public_now(loaded(PublicForm), STORED) == {"url": "https://w.test", "key": "plain"}


def test_setting_that_a_newer_form_marks_as_secret_is_not_shown() -> None:
    assert public_now(loaded(SecretForm), STORED) == {"url": "https://w.test"}


def test_without_a_plugin_everything_recorded_is_shown_but_secrets() -> None:
    assert public_now(None, STORED) == {"url": "https://w.test", "key": "plain", "gone": "x"}
