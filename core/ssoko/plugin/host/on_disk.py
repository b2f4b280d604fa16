"""List the installed plugins without importing them."""

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from importlib.metadata import Distribution, EntryPoint, distributions

from packaging.requirements import Requirement

from ssoko.plugin import ENTRY_POINT_GROUP


@dataclass(frozen=True, slots=True)
class Claim:
    """An integration of an installed distribution.

    :param point: the entry point, or None if the list of entry points cannot be read.
    :param trouble: why it cannot be read.
    """

    slug: str
    distribution: str
    version: str
    found: Distribution = field(repr=False, compare=False)
    point: EntryPoint | None = field(default=None, repr=False)
    trouble: str = ""

    def load(self) -> object:
        """Import the plugin.

        :raises ValueError: if there is no entry point.
        """
        if self.point is None:
            raise ValueError(self.trouble)
        return self.point.load()


def claims() -> tuple[Claim, ...]:
    """Return the integrations of all installed distributions, by slug.

    A distribution with unreadable metadata does not affect the others. Of two with the same name,
    the first on the path is used, as for ``import``.
    """
    importlib.invalidate_caches()
    names: set[str] = set()
    integrations: list[Claim] = []
    for distribution in distributions():
        if not _has_integrations(distribution):
            continue
        name, version = _identity(distribution)
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key and key in names:
            continue
        names.add(key)
        integrations += _claims(distribution, name, version)
    return tuple(sorted(integrations, key=lambda claim: (claim.slug, claim.distribution)))


def unmet_requirements(distribution: Distribution) -> tuple[str, ...]:
    """Return the requirements that the environment does not meet, as sentences without a stop."""
    try:
        requirements = [Requirement(line) for line in distribution.requires or ()]
    except Exception:  # invalid metadata raises many types
        return ()
    return tuple(filter(None, map(_unmet, requirements)))


def _unmet(requirement: Requirement) -> str:
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return ""
    wanted = f"{requirement.name}{requirement.specifier}"
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"It requires {wanted}, which is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"It requires {wanted}, and {version} is installed"


def _has_integrations(distribution: Distribution) -> bool:
    try:
        return ENTRY_POINT_GROUP in (distribution.read_text("entry_points.txt") or "")
    except (OSError, UnicodeDecodeError):
        return False


def _identity(distribution: Distribution) -> tuple[str, str]:
    try:
        about = distribution.metadata
        return str(about["Name"] or ""), str(about["Version"] or "")
    except Exception:  # the parser raises many types for invalid metadata
        return "", ""


def _claims(distribution: Distribution, name: str, version: str) -> Iterator[Claim]:
    try:
        points = list(distribution.entry_points.select(group=ENTRY_POINT_GROUP))
    except Exception as error:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).removeprefix("ssoko-").strip("-")
        trouble = f"its entry_points.txt cannot be read: {type(error).__name__}: {error}"
        yield Claim(slug or "unnamed", name, version, distribution, None, trouble)
        return
    for point in points:
        yield Claim(point.name, name, version, distribution, point)
