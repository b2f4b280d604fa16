"""Build the index of wheels; each wheel is read in its own process.

A plugin declares its integration in code, which has to run. In its own process, a plugin that
exits, hangs or changes global state does not affect the other wheels.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ssoko.errors import InputError, SsokoError
from ssoko.plugin.host.index import MAX_DESCRIPTION, IndexEntry, read_index, write_index
from ssoko.plugin.tools.rules import report
from ssoko.plugin.tools.rules.subject import Subject, opened
from ssoko.plugin.values import Integration

#: Maximum seconds for one wheel.
TIMEOUT = 120


def build_index(wheels: tuple[Path, ...]) -> bytes:
    """Return the index file of some wheels.

    Of several versions of a distribution, the newest is used.

    :raises InputError: with the wheel that cannot be read, and the reason.
    """
    by_slug: dict[str, tuple[Path, IndexEntry]] = {}
    for wheel in wheels:
        for entry in read_wheel(wheel):
            before = by_slug.get(entry.slug)
            if before is None or _replaces(wheel, entry, *before):
                by_slug[entry.slug] = (wheel, entry)
    return write_index(entry for _, entry in by_slug.values())


def _replaces(wheel: Path, entry: IndexEntry, other: Path, before: IndexEntry) -> bool:
    if entry.is_newer_than(before.distribution, before.version):
        return True
    if before.is_newer_than(entry.distribution, entry.version):
        return False
    message = f"{wheel.name} and {other.name} both have {entry.slug}. Remove one of them"
    raise InputError.of("wheels", message)


def read_wheel(wheel: Path) -> tuple[IndexEntry, ...]:
    """Return the entries of one wheel, read in another process.

    :raises InputError: if it is not a wheel, cannot be loaded, or takes too long.
    """
    if wheel.suffix != ".whl" or not wheel.is_file():
        raise InputError.of("wheels", f"{wheel} is not a wheel. Build one with python -m build")
    with tempfile.TemporaryDirectory(prefix="ssoko-index-") as folder:
        output = Path(folder) / "entries.json"
        # -P: do not import modules from the current folder.
        command = [
            sys.executable,
            "-P",
            "-m",
            "ssoko.plugin.tools.index_build",
            str(wheel),
            str(output),
        ]
        try:
            process = subprocess.run(  # noqa: S603 - the command is built above
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            message = f"{wheel.name}: reading it took more than {TIMEOUT} seconds"
            raise InputError.of("wheels", message) from None
        if process.returncode != 0 or not output.is_file():
            raise InputError.of("wheels", f"{wheel.name}: {_last_line(process.stderr)}")
        try:
            return tuple(read_index(output.read_bytes()).values())
        except InputError as error:
            raise InputError.of("wheels", f"{wheel.name}: {error}") from None


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "its code ended the process"


# ---------------------------------------------------------------------------
# In the process of one wheel
# ---------------------------------------------------------------------------


def entries_of(wheel: Path) -> tuple[IndexEntry, ...]:
    """Load a wheel in this process and return its entries.

    :raises InputError: when one of its integrations cannot be loaded.
    """
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with opened(wheel, None) as subjects:
        return tuple(_entry(subject, digest) for subject in subjects)


def _entry(subject: Subject, digest: str) -> IndexEntry:
    if subject.entry is None:
        raise InputError.of(subject.slug, f"cannot be loaded: {subject.problem}")
    about = subject.entry.integration
    return IndexEntry(
        slug=subject.slug,
        distribution=subject.declared.name,
        version=subject.declared.version,
        about=_shortened(about),
        requires_core=_core_range(subject.declared.requires),
        sha256=digest,
        tier=report(subject).tier or "",
    )


def _shortened(about: Integration) -> Integration:
    text = about.description.strip()
    if len(text) > MAX_DESCRIPTION:
        # At the end of a paragraph, so that Markdown stays valid.
        text = text[: MAX_DESCRIPTION + 1].rpartition("\n\n")[0] or text[:MAX_DESCRIPTION]
    return replace(about, description=text)


def _core_range(requires: tuple[str, ...]) -> str:
    try:
        requirements = [Requirement(text) for text in requires]
    except InvalidRequirement as error:
        raise InputError.of("", f"its requirements are not valid: {error}") from None
    parts = (
        str(part)
        for requirement in requirements
        if canonicalize_name(requirement.name) == "ssoko"
        for part in requirement.specifier
    )
    return ",".join(sorted(parts, reverse=True))


def main(wheel: str, output: str) -> None:
    """Write the entries of a wheel to a file; an error is the last line of stderr."""
    try:
        data = write_index(entries_of(Path(wheel)))
    except SsokoError as error:
        message = str(error).removeprefix("path: ").removeprefix(f"{Path(wheel).parent}{os.sep}")
        sys.exit(" ".join(message.split()))
    Path(output).write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
