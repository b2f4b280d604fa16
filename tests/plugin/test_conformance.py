"""The conformance tests pass for valid plugins and fail for a broken one."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from ssoko.cli import cli
from ssoko.plugin.tools.scaffold import write_plugin

ROOT = Path(__file__).parents[2]
OURS = sorted(
    path.parent for path in (ROOT / "plugins").glob("*/setup.cfg") if path.parent.name[0] != "_"
)
CODE = "ssoko_moosehead/__init__.py"


def conformance(
    *words: str, site: Path | None = None, cwd: Path
) -> subprocess.CompletedProcess[str]:
    options = "ssoko.plugin.conformance.options"
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", options]
    path = [str(site)] if site else []
    return subprocess.run(
        [sys.executable, *command, "--pyargs", "ssoko.plugin.conformance", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*path, *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_plugin(tmp_path, "moosehead")


@pytest.fixture
def install(tmp_path: Path, build_wheel: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Return a function that installs a project's wheel into a folder and returns that."""

    def install_at(project: Path) -> Path:
        target = tmp_path / "site"
        command = ["pip", "install", "--quiet", "--no-deps", "--target", str(target)]
        subprocess.run([sys.executable, "-m", *command, str(build_wheel(project))], check=True)
        return target

    return install_at


@pytest.mark.release
@pytest.mark.parametrize("project", OURS, ids=lambda path: path.name)
def test_shipped_plugins_conform_as_wheels(project, install, tmp_path):
    slug = project.name.replace("_", "-")
    result = conformance("--ssoko-plugin", slug, site=install(project), cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^26 passed in", result.stdout, re.MULTILINE), result.stdout


@pytest.mark.release
def test_new_plugin_conforms_and_a_broken_one_fails(project, install, tmp_path):
    site = install(project)
    result = conformance("--ssoko-plugin", "moosehead", site=site, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    installed_code = site / CODE
    text = installed_code.read_text()
    spoilt = text.replace(
        "    return ServiceProvider(\n",
        "    import socket\n    socket.getaddrinfo('localhost', 1)\n    return ServiceProvider(\n",
    ).replace("name_id_source=", "sign_response=False, sign_assertion=False, name_id_source=")
    installed_code.write_text(spoilt)
    result = conformance("--ssoko-plugin", "moosehead", site=site, cwd=tmp_path)
    assert result.returncode == 1
    assert "socket.getaddrinfo" in result.stdout
    assert "test_response_is_valid_and_accepted" in result.stdout
    assert "test_plugin_is_loaded" not in result.stdout


def test_missing_plugin_is_reported(tmp_path):
    result = conformance("--ssoko-plugin", "nowhere", cwd=tmp_path)
    assert result.returncode != 0
    assert "0 installed plugins have the slug nowhere" in result.stdout


def test_plugin_option_is_required(tmp_path):
    result = conformance(cwd=tmp_path)
    assert result.returncode != 0
    assert "--ssoko-plugin SLUG" in result.stdout


# ---------------------------------------------------------------------------
# ssoko plugin verify
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing.whl", "setup.cfg"])
def test_other_files_than_wheels_are_not_verified(name, tmp_path):
    (tmp_path / "setup.cfg").write_text("[metadata]")
    result = CliRunner().invoke(cli, ["plugin", "verify", str(tmp_path / name)])
    assert result.exit_code == 1
    assert f"{name} is not a wheel. Build one: python -m build" in result.output


@pytest.mark.release
@pytest.mark.e2e
def test_wheel_that_fails_a_rule_is_not_ready(project, build_wheel):
    # The template as it is: SSK007 names what is left to write.
    wheel = build_wheel(project)
    result = CliRunner().invoke(cli, ["plugin", "verify", str(wheel), "--core", str(ROOT)])
    assert result.exit_code == 1
    assert "FAIL  SSK007" in result.output
    assert "Error: check the rules: failed, see above" in result.output
    assert "is ready to publish" not in result.output
    assert "conformance of" not in result.output
