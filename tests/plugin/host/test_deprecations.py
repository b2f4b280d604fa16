"""Deprecated hooks: authors get a warning, and sites log it."""

import importlib
import logging
import sys
import types
import warnings
from collections.abc import Iterator

import pluggy
import pytest
from click.testing import CliRunner
from ssoko.cli import cli
from ssoko.plugin import hookspecs
from ssoko.plugin.host import registry
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.testing import LoadedPlugin
from ssoko.plugin.tools.scaffold import write_plugin

hookspec = pluggy.HookspecMarker("ssoko")


@pytest.fixture(autouse=True)
def contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a contract in force that gives up one hook and one argument of another."""

    @hookspec(firstresult=True, warn_on_impl=DeprecationWarning("use idp_values instead"))
    def metadata_fields():
        pass

    @hookspec(firstresult=True, warn_on_impl_args={"site": DeprecationWarning("use settings")})
    def service_provider(settings, site):
        pass

    specs = types.SimpleNamespace(
        **{name: spec for name, spec in vars(hookspecs).items() if name[0] != "_"}
    )
    specs.metadata_fields, specs.service_provider = metadata_fields, service_provider
    monkeypatch.setattr(registry, "hookspecs", specs)


@pytest.fixture
def project(tmp_path):
    folder = write_plugin(tmp_path, "moose")
    code = folder / "ssoko_moose" / "__init__.py"
    text = code.read_text("utf-8").replace(
        "(settings: Settings) -> Serv", "(settings, site) -> Serv"
    )
    code.write_text(text, "utf-8")
    return folder


@pytest.fixture
def moose(project, monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    monkeypatch.syspath_prepend(str(project))
    yield importlib.import_module("ssoko_moose")
    del sys.modules["ssoko_moose"]


SAID = (
    "the hook metadata_fields is deprecated: use idp_values instead",
    "the argument site of hook service_provider is deprecated: use settings",
)


def test_site_logs_each_deprecation_once(moose, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    # As strict as a site can be: a warning would be an error here.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Registry.load([PluginSource("moose", lambda: moose)])
    assert found.problems == ()
    assert found.call("moose", "metadata_fields") == moose.metadata_fields()
    assert sorted(record.getMessage() for record in caplog.records) == sorted(
        f"plugin moose: {text}" for text in SAID
    )


def test_tests_of_authors_get_a_warning_at_the_line(moose) -> None:
    with pytest.warns(DeprecationWarning) as told:
        LoadedPlugin(moose)
    assert {str(one.message) for one in told} == set(SAID)
    assert {one.filename for one in told} == {moose.__file__}
    assert all(one.lineno > 1 for one in told)


def test_check_names_the_deprecated_hook_and_passes(project) -> None:
    for path in filter(lambda path: path.is_file(), project.rglob("*")):
        path.write_text(path.read_text("utf-8").replace("REPLACE", "Some words"), "utf-8")
    result = CliRunner().invoke(cli, ["plugin", "check", str(project)])
    assert "silver  SSK054" in result.output
    assert all(text in result.output for text in SAID)
    assert result.exit_code == 0, result.output


def test_plugin_without_deprecated_hooks_has_no_warning(moose) -> None:
    registry.hookspecs = hookspecs
    entry = Registry.load([PluginSource("moose", lambda: moose)]).get("moose")
    assert entry.deprecated == ()
