"""A plugin created from plugins/_template can be installed and loaded."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ssoko.plugin.host.registry import Registry, installed_sources
from ssoko.plugin.tools.scaffold import write_plugin

TEMPLATE = Path(__file__).parents[1] / "plugins" / "_template"
#: What the tutorial says to replace.
MARKERS = re.compile(r"acme|REPLACE", re.IGNORECASE)


def fill_in(project: Path) -> None:
    """Write something wherever the template asks for it."""
    for path in filter(Path.is_file, project.rglob("*")):
        text = path.read_text("utf-8")
        written = re.sub(r"REPLACE[^\"|\n]*", "Something that was written for it ", text)
        path.write_text(written, "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = write_plugin(tmp_path_factory.mktemp("author"), "moosehead")
    fill_in(project)
    return project


@pytest.fixture(scope="module")
def installed(copy: Path, build_wheel: Callable[[Path], Path]) -> Path:
    """Return a folder into which the copy's wheel was installed."""
    target = copy.parent / "site"
    command = ["pip", "install", "--quiet", "--no-deps", "--target", str(target)]
    subprocess.run([sys.executable, "-m", *command, str(build_wheel(copy))], check=True)
    return target


def test_no_placeholder_is_left(copy):
    for path in copy.rglob("*"):
        assert not MARKERS.search(path.name), path
        if path.is_file():
            assert not MARKERS.search(path.read_text("utf-8")), path


def test_new_plugin_is_found_and_loaded(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)
    (source,) = [s for s in installed_sources() if s.slug == "moosehead"]
    assert (source.distribution, source.version) == ("ssoko-moosehead", "0.1.0")
    registry = Registry.load([source])
    assert not registry.problems
    entry = registry.integrations["moosehead"]
    assert entry.integration.name == "Moosehead"
    assert entry.default_role.name == "sso-moosehead-{name}-role"
    assert "In Moosehead" in entry.guide


def test_tests_of_the_new_plugin_pass(copy, installed):
    path = os.pathsep.join([str(installed), *(entry for entry in sys.path if entry)])
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(copy / "tests")],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout


def test_template_loads(monkeypatch):
    monkeypatch.syspath_prepend(TEMPLATE)
    import ssoko_acme
    from ssoko.plugin.testing import LoadedPlugin

    assert LoadedPlugin(ssoko_acme).entry.integration.name == "Acme"
