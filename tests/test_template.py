"""plugins/_template is copied, renamed, installed and loaded, as its reader would do."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ssoko.plugin.registry import Registry, installed_sources

TEMPLATE = Path(__file__).parents[1] / "plugins" / "_template"
#: What the tutorial says to replace.
MARKERS = re.compile(r"acme|REPLACE", re.IGNORECASE)


def rename(project: Path, slug: str, name: str) -> None:
    """Turn a copy of the template into another plugin, as plugins/README.md says."""
    package = slug.replace("-", "_")
    for path in sorted(project.rglob("*"), reverse=True):
        if path.is_file():
            text = path.read_text("utf-8")
            text = re.sub(r"REPLACE[^\"|\n]*", "Something that was written for it. ", text)
            text = text.replace("ssoko_acme", f"ssoko_{package}").replace("Acme", name)
            path.write_text(text.replace("acme", slug), "utf-8")
        path.rename(path.with_name(path.name.replace("acme", package)))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("author") / "ssoko-moosehead"
    shutil.copytree(TEMPLATE, project, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    rename(project, "moosehead", "Moosehead")
    return project


@pytest.fixture(scope="module")
def installed(copy: Path, build_wheel: Callable[[Path], Path]) -> Path:
    """Return a folder into which the copy's wheel was installed."""
    target = copy.parent / "site"
    command = ["pip", "install", "--quiet", "--no-deps", "--target", str(target)]
    subprocess.run([sys.executable, "-m", *command, str(build_wheel(copy))], check=True)
    return target


def test_no_marker_is_left(copy):
    for path in copy.rglob("*"):
        assert not MARKERS.search(path.name), path
        if path.is_file():
            assert not MARKERS.search(path.read_text("utf-8")), path


def test_the_copy_is_found_and_loaded(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)
    (source,) = [s for s in installed_sources() if s.slug == "moosehead"]
    assert (source.distribution, source.version) == ("ssoko-moosehead", "0.1.0")
    registry = Registry.load([source])
    assert not registry.problems
    entry = registry.integrations["moosehead"]
    assert entry.integration.name == "Moosehead"
    assert entry.default_role.name == "sso-moosehead-{name}-role"
    assert "In Moosehead" in entry.guide


def test_the_copys_own_tests_pass(copy, installed):
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


def test_the_template_itself_loads_as_it_is(monkeypatch):
    monkeypatch.syspath_prepend(TEMPLATE)
    import ssoko_acme
    from ssoko.plugin.testing import LoadedPlugin

    assert LoadedPlugin(ssoko_acme).entry.integration.name == "Acme"
