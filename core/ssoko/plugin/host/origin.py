"""Where an installed distribution was installed from, and whether its files were changed."""

import base64
import csv
import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

#: Maximum bytes of one distribution that are hashed; other files are compared by size only.
MAX_BYTES = 32 * 1024 * 1024
#: Maximum number of files of one distribution that are checked.
MAX_FILES = 5000

Kind = Literal["index", "local", "editable", "modified", "unknown"]
_Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a distribution was installed from.

    :param kind: ``index``; ``local``, a wheel, folder or repository with its path or URL;
        ``editable``, run from the author's folder; ``modified``, if files differ from the installed
        ones; ``unknown``, if it has no list of its files.
    :param url: the source if it is not an index, without a password.
    :param changed: files that differ or are missing.
    """

    kind: Kind
    url: str = ""
    changed: tuple[str, ...] = ()


def origin_of(distribution: Distribution) -> Origin:
    """Read ``direct_url.json`` (PEP 610) and compare the files with ``RECORD``.

    Reads every file of the distribution; :func:`fingerprint` is a cheap way to detect changes.
    """
    direct = direct_url(distribution)
    url = _without_password(str(direct.get("url", "")))
    about_folder = direct.get("dir_info")
    if isinstance(about_folder, dict) and about_folder.get("editable"):
        # RECORD has only a link to the folder, and not the files.
        return Origin("editable", url)
    rows = tuple(_record(distribution))
    if not rows:
        return Origin("unknown", url)
    if changed := tuple(_changed(distribution, rows)):
        return Origin("modified", url, changed)
    return Origin("local" if direct else "index", url)


def fingerprint(distribution: Distribution) -> tuple[object, ...]:
    """Return a value that changes with the list of files or one of the files."""
    files = (
        (name, recorded, _size_and_time(_place(distribution, name)))
        for name, recorded, _ in _record(distribution)
    )
    return (_text(distribution, "direct_url.json"), *files)


def _text(distribution: Distribution, name: str) -> str:
    try:
        return distribution.read_text(name) or ""
    except (OSError, ValueError):
        return ""


def direct_url(distribution: Distribution) -> dict[str, Any]:
    """Return the contents of ``direct_url.json`` (PEP 610), or {} if it cannot be read."""
    try:
        content = json.loads(_text(distribution, "direct_url.json") or "{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _record(distribution: Distribution) -> Iterator[_Row]:
    """Return path, sha256 and size of every file with a sha256 in RECORD."""
    try:
        rows = list(csv.reader(_text(distribution, "RECORD").splitlines()))
    except csv.Error:
        return
    for row in rows[:MAX_FILES]:
        if len(row) == 3 and row[1].startswith("sha256="):
            yield row[0], row[1].removeprefix("sha256="), row[2]


def _changed(distribution: Distribution, rows: tuple[_Row, ...]) -> Iterator[str]:
    left = MAX_BYTES
    for name, recorded, listed in rows:
        path = _place(distribution, name)
        status = _size_and_time(path)
        if status is None or (listed.isdigit() and int(listed) != status[0]):
            yield name
        elif status[0] <= left:
            left -= status[0]
            if _sha256(path) != recorded.rstrip("="):
                yield name


def _place(distribution: Distribution, name: str) -> Path:
    return Path(str(distribution.locate_file(name)))


def _size_and_time(path: Path) -> tuple[int, int] | None:
    """Return size and modification time; None if it is missing or not a regular file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return ""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
