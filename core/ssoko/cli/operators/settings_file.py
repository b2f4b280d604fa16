"""Change one line of ``ssoko.toml`` and leave the rest unchanged."""

import os
import re
import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from ssoko.errors import ConfigError

_HEAD = """\
# Settings of this Ssoko. A variable of the environment goes before the line here.
"""
_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|\[[^\]#\n]*\])"""


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of the file and what it says; both empty when there is none.

    :raises ConfigError: when it cannot be read.
    """
    try:
        text = path.read_text("utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        return "", {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def write_text(path: Path, name: str, value: str) -> None:
    """Set one setting to a text without quotes and backslashes in it.

    The file is replaced in one step, so that a start meanwhile reads the old one or the new one.
    Nobody gets to read it who could not before, and nobody but its owner and its group.

    :raises ConfigError: when the file cannot be read or written, or the line is too artful.
    """
    path = path.resolve()
    before, said = read(path)
    after = _with_line(before or _HEAD, name, f'{name} = "{value}"')
    try:
        good = tomllib.loads(after) == {**said, name: value}
    except tomllib.TOMLDecodeError:
        good = False
    if not good:
        raise ConfigError(f'{path}: write this line by hand, on one line: {name} = "{value}"')
    try:
        _replace(path, after)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _with_line(text: str, name: str, line: str) -> str:
    """Return the text with the line in the place of the old one, its comment kept."""
    old = re.compile(rf"^[ \t]*{name}[ \t]*=[ \t]*{_VALUE}", re.MULTILINE)
    # Lines below the first table belong to that table.
    table = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    end = table.start() if table else len(text)
    top, rest = text[:end], text[end:]
    if old.search(top):
        return old.sub(lambda _: line, top, count=1) + rest
    if top and not top.endswith("\n"):
        top += "\n"
    return f"{top}{line}\n{rest}"


def _replace(path: Path, text: str) -> None:
    # mkstemp makes it for its owner's eyes alone.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            if path.exists():
                _keep_owner(file.fileno(), path)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _keep_owner(handle: int, path: Path) -> None:
    """Leave the file to whom it belonged: root may be the one who types the command."""
    before = path.stat()
    # Where the owner cannot be kept, it is the user who wrote the file.
    with suppress(PermissionError):
        os.fchown(handle, before.st_uid, before.st_gid)
        os.fchmod(handle, (before.st_mode & 0o660) | 0o600)
