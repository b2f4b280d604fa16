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
# Settings of Ssoko. Environment variables override this file.
"""
_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|\[[^\]#\n]*\])"""


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text and the settings of the file; both are empty if it does not exist.

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
    """Set one setting. The value has no quotes and no backslashes.

    The file is replaced in one step, so a process that starts meanwhile reads the old or the new
    file. Its permissions are never extended: only its owner and its group can read it.

    :raises ConfigError: when the file cannot be read or written, or its syntax is too complex to
        edit safely.
    """
    path = path.resolve()
    before, settings = read(path)
    after = _with_line(before or _HEAD, name, f'{name} = "{value}"')
    try:
        is_correct = tomllib.loads(after) == {**settings, name: value}
    except tomllib.TOMLDecodeError:
        is_correct = False
    if not is_correct:
        raise ConfigError(
            f'{path} cannot be edited automatically. Add this line yourself: {name} = "{value}"'
        )
    try:
        _replace(path, after)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _with_line(text: str, name: str, line: str) -> str:
    """Return the text with the line of this setting replaced or added. Keeps its comment."""
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
    # mkstemp creates a file that only its owner can read.
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
    """Keep the owner of the file, since root may run the command."""
    before = path.stat()
    # Only root may change the owner; otherwise the new file belongs to the current user.
    with suppress(PermissionError):
        os.fchown(handle, before.st_uid, before.st_gid)
        os.fchmod(handle, (before.st_mode & 0o660) | 0o600)
