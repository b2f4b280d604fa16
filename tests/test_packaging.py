"""Wheels contain all files of their packages."""

import configparser
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(p.parent for p in (ROOT / "plugins").glob("*/setup.cfg"))
#: In a package's folder, and in no wheel.
LITTER = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def setup(project: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(project / "setup.cfg", "utf-8")
    return config


def listed_packages(project: Path) -> set[str]:
    return set(setup(project)["options"]["packages"].split())


def files_of(folder: Path, prefix: str) -> set[str]:
    """Return the paths that a wheel should have for one package folder and all below it."""
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and not LITTER & set(path.parts)
    }


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="session")
def core_wheel(build_wheel: Callable[[Path], Path]) -> Path:
    return build_wheel(ROOT)


def test_every_package_of_the_core_is_listed():
    found = {
        ".".join(path.parent.relative_to(ROOT / "core").parts)
        for path in (ROOT / "core").rglob("__init__.py")
    }
    assert listed_packages(ROOT) == found | {"ssoko.migrations", "ssoko.plugin.template"}


@pytest.mark.parametrize("project", PLUGINS, ids=lambda p: p.name)
def test_every_package_of_a_plugin_is_listed(project):
    found = {
        ".".join(path.parent.relative_to(project).parts)
        for path in project.rglob("ssoko_*/**/__init__.py")
    }
    assert listed_packages(project) == found


@pytest.mark.release
def test_the_wheel_of_the_core_is_complete(core_wheel):
    expected = files_of(ROOT / "core" / "ssoko", "ssoko")
    expected |= files_of(ROOT / "migrations", "ssoko/migrations")
    expected |= {
        name
        for name in files_of(ROOT / "plugins" / "_template", "ssoko/plugin/template")
        if ".egg-info/" not in name
    }
    assert names_in(core_wheel) == expected


@pytest.mark.release
@pytest.mark.parametrize("project", PLUGINS, ids=lambda p: p.name)
def test_the_wheel_of_a_plugin_is_complete(project, build_wheel):
    (package,) = listed_packages(project)
    wheel = build_wheel(project)
    assert names_in(wheel) == files_of(project / package, package)
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = [n for n in archive.namelist() if n.endswith("entry_points.txt")]
        text = archive.read(entry_points).decode()
    slug = project.name.lstrip("_").replace("_", "-").replace("template", "acme")
    assert text.split() == ["[ssoko.integrations]", slug, "=", package]


@pytest.mark.parametrize("project", PLUGINS, ids=lambda p: p.name)
def test_a_plugin_names_the_core_that_it_fits(project):
    config = setup(project)
    assert "ssoko>=0.1,<0.2" in config["options"]["install_requires"].split()
    assert config["metadata"]["license"] == "MIT"
    assert config["metadata"]["name"].startswith("ssoko-")


@pytest.mark.parametrize("project", PLUGINS, ids=lambda p: p.name)
def test_a_plugin_imports_only_the_public_door(project):
    for path in project.rglob("ssoko_*/**/*.py"):
        for line in path.read_text("utf-8").splitlines():
            words = line.split()
            if words[:1] in (["from"], ["import"]) and words[1].split(".")[0] == "ssoko":
                assert words[1] in {"ssoko.plugin", "ssoko.plugin.testing"}, f"{path}: {line}"
