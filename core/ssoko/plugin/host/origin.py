"""Tell where an installed distribution came from, and whether its files are still its own."""

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

#: Bytes of one distribution that are hashed; what lies beyond is compared by size alone.
MAX_BYTES = 32 * 1024 * 1024
#: Files of one distribution that are looked at.
MAX_FILES = 5000

Kind = Literal["index", "local", "editable", "modified", "unknown"]
_Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a distribution came from.

    :param kind: ``index``; ``local``, a wheel, folder or repository named by its path or address;
        ``editable``, run from the folder of its author; ``modified``, whatever it was, since
        files differ from what was installed; ``unknown``, as it has no list of its files.
    :param url: what it was installed from, where that is no index; without a password.
    :param changed: files that differ or are missing.
    """

    kind: Kind
    url: str = ""
    changed: tuple[str, ...] = ()


def origin_of(distribution: Distribution) -> Origin:
    """Read ``direct_url.json`` (PEP 610) and hold the files against ``RECORD``.

    Reads every file that the distribution installed; :func:`fingerprint` tells cheaply whether
    there is a reason to.
    """
    direct = direct_url(distribution)
    url = _without_password(str(direct.get("url", "")))
    about_folder = direct.get("dir_info")
    if isinstance(about_folder, dict) and about_folder.get("editable"):
        # RECORD lists a link to the folder here, and none of the files that run.
        return Origin("editable", url)
    rows = tuple(_record(distribution))
    if not rows:
        return Origin("unknown", url)
    if changed := tuple(_changed(distribution, rows)):
        return Origin("modified", url, changed)
    return Origin("local" if direct else "index", url)


def fingerprint(distribution: Distribution) -> tuple[object, ...]:
    """Return what changes when the list of files or one of the files does."""
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
    """Return what ``direct_url.json`` says (PEP 610); nothing when it cannot be read."""
    try:
        found = json.loads(_text(distribution, "direct_url.json") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _record(distribution: Distribution) -> Iterator[_Row]:
    """Return path, sha256 and size of every file that RECORD has a sha256 of."""
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
        found = _size_and_time(path)
        if found is None or (listed.isdigit() and int(listed) != found[0]):
            yield name
        elif found[0] <= left:
            left -= found[0]
            if _sha256(path) != recorded.rstrip("="):
                yield name


def _place(distribution: Distribution, name: str) -> Path:
    return Path(str(distribution.locate_file(name)))


def _size_and_time(path: Path) -> tuple[int, int] | None:
    """Return size and time of change; None for what is missing or no file, such as a device."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return ""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
