"""The plugin index: a local file of plugins that an operator can install with pip.

Ssoko never fetches an index. The operator decides what the marketplace offers, and no page waits
for another server.
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
from ssoko.services.plugins import messages

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexState:
    """The content of the index file.

    :param entries: by slug; empty without a usable file.
    :param problem: why the file cannot be used, or empty. It does not contain the path, which only
        operators should see.
    """

    entries: Mapping[str, IndexEntry] = field(default_factory=dict)
    problem: str = ""


class PluginIndex:
    """The index file, read again after it changes.

    Used by the marketplace and by the Plugins page, never during a sign-in.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._fingerprint: object = ()
        self._state = IndexState()

    def read(self) -> IndexState:
        """Return the current content; an unusable file is a problem, not an exception."""
        if self.path is None:
            return self._state
        fingerprint = _fingerprint(self.path)
        with self._lock:
            if fingerprint != self._fingerprint:
                self._state = read_file(self.path)
                self._fingerprint = fingerprint
                if self._state.problem:
                    log.warning("Plugin index %s is not used: %s", self.path, self._state.problem)
            return self._state


def _fingerprint(path: Path) -> object:
    """Return a value that changes when the file or its permissions do; None if there is none."""
    try:
        stats = path.stat()
    except (OSError, ValueError):
        return None
    return (stats.st_mtime_ns, stats.st_ctime_ns, stats.st_size, stats.st_ino)


def read_file(path: Path) -> IndexState:
    """Return the content of an index file, or why it cannot be used."""
    try:
        return IndexState(read_index(_read_bytes(path)))
    except InputError as error:
        return IndexState(problem=str(error))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return IndexState(problem=messages.UNREADABLE_INDEX.format(reason=reason))


def _read_bytes(path: Path) -> bytes:
    # Not blocking: opening a named pipe would wait for a writer.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InputError.of("", messages.NOT_A_FILE)
        return file.read(MAX_BYTES + 1)
