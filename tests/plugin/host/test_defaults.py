"""Defaults for hooks that a plugin does not implement, and for fields that it leaves empty."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from ssoko.plugin.host.registry import LoadedIntegration, PluginSource, Registry

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h1"/></svg>'
MINIMAL = """
from ssoko.plugin import Integration, MetadataField, ServiceProvider, fields, hookimpl

class InstallForm(fields.Form):
    host = fields.Host(".moose.test", required=True, label="Host", usual=r"[a-z]+[.]moose[.]test")

@hookimpl
def integration():
    return Integration(name="Moose", summary="Meet the moose of your team", vendor="Moosehead")

@hookimpl
def metadata_fields():
    return (MetadataField(key="login_endpoint", paste_into="Sign-in page"),)

@hookimpl
def service_provider(settings):
    return ServiceProvider(entity_id="urn:moose", acs_urls=("https://moose.test/acs",))
"""
FILES = {"guide.md": "## Test", "description.md": "What you get", "logo.svg": SVG}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Return a function that writes the package of a plugin, and imports it."""

    def write_package(code: str = MINIMAL, **files: str) -> ModuleType:
        folder = tmp_path / "ssoko_moose"
        folder.mkdir()
        (folder / "__init__.py").write_text(code)
        for name, text in {**FILES, **files}.items():
            if text is not None:
                (folder / name).write_text(text)
        return importlib.import_module("ssoko_moose")

    monkeypatch.syspath_prepend(tmp_path)
    yield write_package
    sys.modules.pop("ssoko_moose", None)


def load(plugin: object) -> LoadedIntegration:
    registry = Registry.load([PluginSource("moose", lambda: plugin)])
    assert registry.problems == ()
    return registry.integrations["moose"]


def problem(plugin: object) -> str:
    registry = Registry.load([PluginSource("moose", lambda: plugin)])
    return registry.problems[0].message


def test_files_next_to_the_module_replace_hooks_and_fields(write):
    entry = load(write())
    assert entry.guide == "## Test"
    assert entry.integration.description == "What you get"
    assert entry.integration.logo == SVG


def test_default_role_has_the_slug_and_the_vendor(write):
    role = load(write()).default_role
    assert role.name == "sso-moose-{name}-role"
    assert role.description == "May sign in to {name} at Moosehead"


def test_install_form_class_of_the_module_is_the_form(write):
    plugin = write()
    assert load(plugin).form.schema_class is plugin.InstallForm


def test_label_of_a_metadata_field_is_that_of_its_key(write):
    assert load(write()).metadata_fields[0].label == "Login Endpoint"


def test_hooks_and_values_of_the_plugin_take_precedence(write):
    code = MINIMAL.replace('name="Moose", ', 'name="Moose", description="Own", ')
    code += """
from marshmallow import Schema
from ssoko.plugin import DefaultRole

class Other(Schema):
    pass

@hookimpl
def install_form():
    return Other

@hookimpl
def default_role():
    return DefaultRole(name="moose-{name}")

@hookimpl
def installation_guide():
    return "## Own guide"

@hookimpl
def check_settings():
    return ()
"""
    plugin = write(code)
    entry = load(plugin)
    assert (entry.guide, entry.default_role.name) == ("## Own guide", "moose-{name}")
    assert (entry.integration.description, entry.form.schema_class) == ("Own", plugin.Other)
    registry = Registry.load([PluginSource("moose", lambda: plugin)])
    assert registry.call("moose", "check_settings", settings={"host": "odd.test"}) == ()


def test_missing_guide_is_reported_with_the_file_to_add(write):
    message = problem(write(**{"guide.md": None}))
    assert message == "required hooks are missing: installation_guide (or the file guide.md)"


def test_guide_from_a_file_is_validated(write):
    assert "unknown value: secret" in problem(write(**{"guide.md": "{{ secret }}"}))


def test_logo_from_a_file_is_validated(write):
    assert "Integration.logo" in problem(write(**{"logo.svg": "<svg onload='x'/>"}))


def test_file_that_is_not_utf_8_is_reported(write, tmp_path):
    plugin = write()
    (tmp_path / "ssoko_moose" / "guide.md").write_bytes(b"\xff")
    assert problem(plugin).startswith("guide.md: UnicodeDecodeError")


def test_unusual_value_gives_a_warning_without_a_hook(write):
    plugin = write()
    registry = Registry.load([PluginSource("moose", lambda: plugin)])
    assert registry.call("moose", "check_settings", settings={"host": "a.moose.test"}) == ()
    (warning,) = registry.call("moose", "check_settings", settings={"host": "odd.test"})
    assert (warning.field, warning.level) == ("host", "warning")
    assert "This host looks unusual" in warning.message


def test_files_next_to_a_module_without_a_package_are_not_read(tmp_path, monkeypatch):
    (tmp_path / "lonely.py").write_text(MINIMAL)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert "guide.md" in problem(importlib.import_module("lonely"))
    sys.modules.pop("lonely")
