"""Which versions of Ssoko a plugin says that it was tested with."""

import ssoko


def this_version() -> str:
    """Return the version that plugins say they were tested with: major and minor."""
    return _minor(ssoko.__version__)


def is_tested(tested_with: str) -> bool | None:
    """Tell whether this version is in a plugin's tested range; None when it names none."""
    named = {_minor(version.strip()) for version in tested_with.split(",")} - {""}
    return this_version() in named if named else None


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
