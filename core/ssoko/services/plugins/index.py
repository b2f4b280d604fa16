"""The index file that an operator named: what pip could install, for the marketplace to show.

The file is local. Ssoko fetches none by itself: whoever runs the server decides what is offered,
and no page waits for another machine.
"""

import logging
import os
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ssoko.errors import InputError
from ssoko.plugin.host.index import MAX_BYTES, IndexEntry, read_index

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexState:
    """What the file says at the moment.

    :param entries: by slug; none when there is no file, or a broken one.
    :param problem: why the file cannot be used, or empty; its path is the operator's to know.
    """

    entries: Mapping[str, IndexEntry] = field(default_factory=dict)
    problem: str = ""


class PluginIndex:
    """The index file of one process, read again when it was replaced.

    Only the pages of the marketplace and of the plugins ask for it; no sign-in does.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: object = ()
        self._state = IndexState()

    def read(self) -> IndexState:
        """Return what the file says now; a broken one is a problem, never an error."""
        if self.path is None:
            return self._state
        seen = _look(self.path)
        with self._lock:
            if seen != self._seen:
                self._state = read_file(self.path)
                self._seen = seen
                if self._state.problem:
                    log.warning(
                        "the plugin index %s is not used: %s", self.path, self._state.problem
                    )
            return self._state


def _look(path: Path) -> object:
    """Return what changes when the file is written, replaced or made readable."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def read_file(path: Path) -> IndexState:
    """Return what an index file says, or why it cannot be used."""
    try:
        return IndexState(read_index(_bytes(path)))
    except InputError as error:
        return IndexState(problem=str(error))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        return IndexState(problem=f"It cannot be read: {said}")


def _bytes(path: Path) -> bytes:
    # Not blocking: a pipe of that name would wait for somebody to write into it.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InputError.of("", "This is no file")
        return file.read(MAX_BYTES + 1)
