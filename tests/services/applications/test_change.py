"""Saving settings while another version of the plugin waits for its review."""

import sys
import types
from dataclasses import replace

import pytest
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services.applications import change, install, mappers, views
from ssoko.services.applications.upgrades import compare, decide
from ssoko.services.applications.views import ApplicationView

#: The later version refuses the settings of the earlier one with one of these lines.
REFUSES = {
    "form": 'raise ValidationError("Enter the account as a number")',
    "field": 'raise ValidationError({"account": ["Enter the account as a number"]})',
}

_SOURCE = """
from marshmallow import Schema, ValidationError, fields, validates_schema
from ssoko.plugin import (
    Integration, Mapping, MetadataField, NameIdFormat, Problem, ServiceProvider, hookimpl
)

LATER = {later!r}


class InstallForm(Schema):
    account = fields.String(required=True)
    acs_url = fields.String(load_default="")
    note = fields.String(load_default="")

    @validates_schema
    def check(self, data, **kwargs):
        if LATER == "form" and not data["account"].isdigit():
            {form}
        if LATER == "field" and not data["account"].isdigit():
            {field}


@hookimpl
def integration():
    return Integration(name="Notes", summary="Keep the notes of a team in one place")


@hookimpl
def metadata_fields():
    return (MetadataField(key="entity_id"),)


@hookimpl
def installation_guide():
    return "## Later" if LATER else "## Test"


@hookimpl
def check_settings(settings):
    if LATER == "hook" and not settings["account"].isdigit():
        return (Problem("account", "Enter the account as a number"),)
    return ()


@hookimpl
def service_provider(settings):
    host = "https://elsewhere.test/" if LATER else "https://notes.test/"
    return ServiceProvider(
        entity_id=host + "sp" if LATER else "urn:notes",
        acs_urls=(settings["acs_url"] or host + settings["account"],),
        slo_url=host + "logout",
        name_id_format=NameIdFormat.PERSISTENT if LATER else NameIdFormat.EMAIL,
        name_id_source="user.id" if LATER else "user.email",
        sign_assertion=not LATER,
    )


@hookimpl
def attribute_mappings(settings):
    return (Mapping(name="all" if LATER else "mail", source="user.email"),)
"""


def load(site: object, later: str) -> None:
    """Load the earlier version, or the later one that refuses settings in one way."""
    module = types.ModuleType(f"notes_{later}")
    sys.modules[module.__name__] = module
    code = _SOURCE.format(later=later, **REFUSES)
    exec(compile(code, module.__name__, "exec"), module.__dict__)  # noqa: S102
    version = "0.2" if later else "0.1"
    source = PluginSource("notes", lambda: module, "ssoko-notes", version)
    site.services = replace(site.services, registry=Registry.load([source]))  # type: ignore[attr-defined]
    assert not site.services.registry.problems  # type: ignore[attr-defined]


@pytest.fixture
def notes(site: object) -> ApplicationView:
    load(site, "")
    return install.install(
        site.scope,  # type: ignore[attr-defined]
        integration="notes",
        name="Notes",
        settings={"account": "blue"},
    )


@pytest.mark.parametrize("later", ["form", "field", "hook", "takes-all"])
def test_no_settings_record_what_weakens_security_before_the_review(site, notes, later):
    load(site, later)
    saved = change.update_application(site.scope, notes.id, settings={"account": "42"})
    assert saved.service_provider == replace(
        notes.service_provider, slo_url=saved.service_provider.slo_url
    )
    assert saved.mappers == notes.mappers
    assert saved.settings["account"] == "42"
    assert (saved.version, saved.upgrade.state) == ("0.1", "proposes")


@pytest.mark.parametrize("later", ["form", "hook"])
def test_what_waited_is_recorded_by_the_review(site, notes, later):
    load(site, later)
    change.update_application(site.scope, notes.id, settings={"account": "42"})
    parts = {part.name: part for part in compare.compare(site.scope, notes.id).parts}
    assert parts["protection"].careful
    decide.decide(site.scope, notes.id, accept=list(parts))
    provider = views.get_application(site.scope, notes.id).service_provider
    assert provider.acs_urls == ("https://elsewhere.test/42",)
    assert (provider.sign_assertion, provider.entity_id) == (False, "urn:notes")


@pytest.mark.parametrize("later", ["form", "hook", "takes-all"])
def test_a_url_that_an_admin_enters_is_recorded_at_once(site, notes, later):
    load(site, later)
    typed = "https://typed.test/acs"
    settings = {"account": "42", "acs_url": typed}
    saved = change.update_application(site.scope, notes.id, settings=settings)
    assert saved.service_provider.acs_urls == (typed,)
    assert saved.service_provider.sign_assertion


def test_edited_mappers_stay_when_a_version_refuses_the_settings(site, notes):
    mappers.set_mappers(site.scope, notes.id, [{"name": "own", "source": "user.id"}])
    load(site, "form")
    change.update_application(site.scope, notes.id, settings={"account": "42"})
    assert [m.name for m in views.get_application(site.scope, notes.id).mappers] == ["own"]


def test_settings_of_the_version_in_use_are_recorded_at_once(site, notes):
    saved = change.update_application(site.scope, notes.id, settings={"account": "red"})
    assert saved.service_provider.acs_urls == ("https://notes.test/red",)
