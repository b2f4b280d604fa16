"""Disable and enable plugins by name, effective at the next start."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import ssoko_zoom
from click.testing import CliRunner, Result
from ssoko.app import build_services
from ssoko.cli import cli
from ssoko.config import disabled_from_now_on, load_config
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.tools.rules.sample import sample_settings
from ssoko.services import workspaces
from ssoko.services.applications import install
from ssoko.services.context import SYSTEM, Scope
from ssoko.store import db


@pytest.fixture
def data(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory that is set up."""
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    (tmp_path / "ssoko.toml").write_text('# Ours.\nbase_url = "http://localhost"\n')
    monkeypatch.setenv("SSOKO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SSOKO_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("SSOKO_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    for name in ("SSOKO_PLUGINS", "SSOKO_DISABLED_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str, exits: int = 0) -> Result:
    done = CliRunner().invoke(cli, ["plugins", *arguments])
    assert done.exit_code == exits, done.output
    return done


def state(slug: str) -> dict[str, Any]:
    items = json.loads(run("--json").stdout)["items"]
    (plugin,) = [item for item in items if item["slug"] == slug]
    return plugin


def test_plugin_is_disabled_and_enabled_by_name(data: Path) -> None:
    output = run("disable", "zoom").stdout
    assert f"Disabled zoom in {data / 'ssoko.toml'}." in output
    assert "No application uses it." in output
    assert "Restart Ssoko to apply." in output
    assert state("zoom")["state"] == "disabled"
    assert load_config().disabled_plugins == {"zoom"}
    run("disable", "slack")
    assert load_config().disabled_plugins == {"slack", "zoom"}
    assert "Restart" in run("enable", "zoom").stdout
    assert load_config().disabled_plugins == {"slack"}
    assert state("zoom")["state"] == "loaded"
    assert (data / "ssoko.toml").read_text().startswith("# Ours.\nbase_url")


def test_repeated_command_changes_nothing(data: Path) -> None:
    run("disable", "zoom")
    before = (data / "ssoko.toml").stat().st_ino
    assert run("disable", "zoom").stdout.startswith("zoom is already disabled.")
    assert "Restart" not in run("enable", "aws").stdout
    assert (data / "ssoko.toml").stat().st_ino == before


def test_json_output_is_one_object(data: Path) -> None:
    file = str(data / "ssoko.toml")
    assert json.loads(run("disable", "zoom", "--json").stdout) == {
        "slug": "zoom", "disabled": True, "changed": True, "file": file, "applications": 0
    }  # fmt: skip
    assert json.loads(run("enable", "zoom", "--json").stdout) == {
        "slug": "zoom", "disabled": False, "changed": True, "file": file
    }  # fmt: skip


def test_applications_of_the_plugin_are_counted_in_all_workspaces(data: Path) -> None:
    config = load_config()
    registry = Registry.load([PluginSource("zoom", lambda: ssoko_zoom, "ssoko-zoom", "0.1.0")])
    services = build_services(config, registry)
    bound = db.connect(config.database_url)
    with db.session():
        for slug in ("acme", "bricks"):
            workspace = workspaces.create_workspace(services, SYSTEM, slug=slug, name=slug)
            install.install(
                Scope(services, workspace.id, SYSTEM),
                integration="zoom",
                name="Zoom",
                settings=sample_settings(InstallForm("zoom", ssoko_zoom.InstallForm)),
            )
    bound.close()
    assert "2 applications use it. Users can still sign in." in run("disable", "zoom").stdout


def test_plugin_can_be_disabled_without_a_database(data: Path) -> None:
    (data / "ssoko.sqlite3").unlink()
    assert "are unknown" in run("disable", "zoom").stdout
    assert load_config().disabled_plugins == {"zoom"}


@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_unknown_plugin_error_suggests_close_names(data: Path, verb: str) -> None:
    assert "There is no plugin zom. Did you mean zoom?" in run(verb, "zom", exits=1).stderr
    assert "`ssoko plugins` lists them" in run(verb, "qqqqqq", exits=1).stderr
    assert "disabled" not in (data / "ssoko.toml").read_text()


def test_uninstalled_plugin_can_be_enabled(data: Path) -> None:
    (data / "ssoko.toml").write_text('disabled_plugins = "gone,zoom"\n')
    run("enable", "gone")
    assert load_config().disabled_plugins == {"zoom"}


@pytest.mark.parametrize("variable", ["SSOKO_PLUGINS", "SSOKO_DISABLED_PLUGINS"])
@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_setting_in_the_environment_prevents_a_change(
    data: Path, monkeypatch: pytest.MonkeyPatch, variable: str, verb: str
) -> None:
    before = (data / "ssoko.toml").read_text()
    monkeypatch.setenv(variable, "aws")
    output = run(verb, "zoom", exits=2).stderr
    assert f"{variable} is set in the environment, which overrides ssoko.toml" in output
    assert "Nothing was changed" in output
    assert (data / "ssoko.toml").read_text() == before


def test_enable_mentions_an_allow_list_without_the_plugin(data: Path) -> None:
    (data / "ssoko.toml").write_text('plugins = "aws"\ndisabled_plugins = ["zoom"]\n')
    assert "is still not loaded" in run("enable", "zoom").stdout
    assert not load_config().disabled_plugins


def test_missing_data_directory_error_names_the_command(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSOKO_DATA_DIR", str(data / "nowhere"))
    assert "Run: ssoko init" in run("disable", "zoom", exits=2).stderr


def test_running_server_reads_plugins_disabled_at_the_next_start(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config()
    run("disable", "zoom")
    assert disabled_from_now_on(config) == {"zoom"}
    (data / "ssoko.toml").write_text("no toml")
    assert disabled_from_now_on(config) == set()
    monkeypatch.setenv("SSOKO_DISABLED_PLUGINS", "aws")
    assert disabled_from_now_on(load_config({**config_environment(data)})) == {"aws"}


def config_environment(data: Path) -> dict[str, str]:
    return {
        "SSOKO_SECRET_KEY": "s" * 40,
        "SSOKO_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        "SSOKO_DISABLED_PLUGINS": "aws",
        "SSOKO_DATA_DIR": str(data / "elsewhere"),
    }
