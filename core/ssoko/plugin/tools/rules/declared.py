"""Read the metadata of a distribution: of a wheel, or a project's setup.cfg or TOML."""

import configparser
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any

from ssoko.errors import InputError
from ssoko.plugin import ENTRY_POINT_GROUP


@dataclass(frozen=True, slots=True)
class Declared:
    """The metadata of a distribution.

    :param entry_points: slug to object, such as ``ssoko_zoom``.
    :param requires: requirements as written, such as ``ssoko>=0.1,<0.2``.
    :param package_data: patterns by package, or None when the build backend finds the files.
    """

    name: str
    version: str
    entry_points: Mapping[str, str]
    license: str = ""
    summary: str = ""
    readme: bool = False
    requires: tuple[str, ...] = ()
    package_data: Mapping[str, tuple[str, ...]] | None = field(default=None)


def of_wheel(unpacked: Path) -> Declared:
    """Read the metadata of an unpacked wheel."""
    infos = sorted(unpacked.glob("*.dist-info"))
    if len(infos) != 1:
        raise InputError.of("path", "The wheel has no metadata. Build it again")
    return of_distribution(PathDistribution(infos[0]))


def of_distribution(distribution: Distribution) -> Declared:
    """Read the metadata of a distribution that is installed or unpacked."""
    about = distribution.metadata.json
    points = distribution.entry_points.select(group=ENTRY_POINT_GROUP)

    def get(*keys: str) -> str:
        return next((str(about[key]) for key in keys if about.get(key)), "")

    return Declared(
        name=get("name"),
        version=get("version"),
        entry_points={point.name: point.value for point in points},
        license=get("license_expression", "license"),
        summary=get("summary"),
        readme=bool(get("description").strip()),
        requires=tuple(distribution.requires or ()),
    )


def of_project(folder: Path) -> Declared:
    """Read ``pyproject.toml``, or ``setup.cfg`` if it has no project table."""
    try:
        toml = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        toml = {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError.of("path", f"pyproject.toml cannot be read: {error}") from None
    if "project" in toml:
        return _of_toml(toml)
    config = configparser.RawConfigParser()
    try:
        config.read(folder / "setup.cfg", "utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise InputError.of("path", f"setup.cfg cannot be read: {error}") from None
    return _of_setup_cfg(config)


def _of_toml(toml: Mapping[str, Any]) -> Declared:
    project = toml["project"]
    points = project.get("entry-points", {}).get(ENTRY_POINT_GROUP, {})
    license_value = project.get("license", "")
    return Declared(
        name=project.get("name", ""),
        version=project.get("version", ""),
        entry_points=dict(points),
        license=license_value
        if isinstance(license_value, str)
        else str(license_value.get("text", "")),
        summary=project.get("description", ""),
        readme="readme" in project,
        requires=tuple(project.get("dependencies", ())),
    )


def _of_setup_cfg(config: configparser.RawConfigParser) -> Declared:
    def get(section: str, option: str) -> str:
        return config.get(section, option, fallback="").strip()

    pairs = (
        line.split("=", 1)
        for line in get("options.entry_points", ENTRY_POINT_GROUP).splitlines()
        if "=" in line
    )
    data = config.items("options.package_data") if "options.package_data" in config else []
    version = get("metadata", "version")
    return Declared(
        name=get("metadata", "name"),
        version="" if version.startswith(("attr:", "file:")) else version,
        entry_points={slug.strip(): target.strip() for slug, target in pairs},
        license=get("metadata", "license"),
        summary=get("metadata", "description"),
        readme=bool(get("metadata", "long_description")),
        requires=tuple(filter(None, get("options", "install_requires").splitlines())),
        package_data={
            package: tuple(filter(None, text.replace("\n", ",").replace(" ", "").split(",")))
            for package, text in data
        },
    )
