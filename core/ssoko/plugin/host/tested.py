"""The versions of Ssoko that a plugin was tested with."""

import ssoko


def this_version() -> str:
    """Return this version as in ``tested_with``: major and minor."""
    return _minor(ssoko.__version__)


def is_tested(tested_with: str) -> bool | None:
    """Return whether a plugin was tested with this version; None if it has no versions."""
    versions = {_minor(version.strip()) for version in tested_with.split(",")} - {""}
    return this_version() in versions if versions else None


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
