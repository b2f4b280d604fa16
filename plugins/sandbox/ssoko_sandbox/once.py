"""Replay protection: each request accepts one response, and each assertion is used once.

The memory is files in a private folder, because several server processes share it and the file
system decides which one was first.
"""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: Seconds. An assertion is valid for at most one hour, so older ones are refused anyway.
REQUEST_LIFETIME = 3600
ASSERTION_LIFETIME = 2 * 3600
MAX_REQUESTS = 10_000


@dataclass(frozen=True, slots=True)
class Memory:
    """Requests without a response yet, and used assertions."""

    folder: Path

    @classmethod
    def for_site(cls, url: str) -> "Memory":
        """Open the memory that all processes of one site share."""
        user = os.getuid() if hasattr(os, "getuid") else 0
        name = f"ssoko-sandbox-{user}-{_digest(url)[:12]}"
        folder = Path(tempfile.gettempdir(), name)
        folder.mkdir(0o700, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != user or status.st_mode & 0o077:
            # Another user can write to it, so its files cannot be trusted.
            folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        return cls(folder)

    def expect(self, request_id: str, note: str, *, now: float) -> None:
        """Store a sent request with a note."""
        self._forget_old(now)
        path = self._request(request_id)
        path.write_text(note, "utf-8")
        os.utime(path, (now, now))

    def note(self, request_id: str, *, now: float) -> str | None:
        """Return the note of a request without a response, or None."""
        path = self._request(request_id)
        try:
            is_old = path.stat().st_mtime < now - REQUEST_LIFETIME
            return None if is_old else path.read_text("utf-8")
        except FileNotFoundError:
            return None

    def consume(self, request_id: str) -> bool:
        """Remove a request; returns True for the first response only."""
        try:
            self._request(request_id).unlink()
        except FileNotFoundError:
            return False
        return True

    def use(self, assertion_id: str, *, now: float) -> bool:
        """Mark an assertion as used; returns True the first time only."""
        path = self.folder / f"used-{_digest(assertion_id)}"
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        os.utime(path, (now, now))
        return True

    def _request(self, request_id: str) -> Path:
        return self.folder / f"sent-{_digest(request_id)}"

    def _forget_old(self, now: float) -> None:
        waiting = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    changed = entry.stat(follow_symlinks=False).st_mtime
                except FileNotFoundError:
                    continue
                is_request = entry.name.startswith("sent-")
                if changed < now - (REQUEST_LIFETIME if is_request else ASSERTION_LIFETIME):
                    Path(entry.path).unlink(missing_ok=True)
                elif is_request:
                    waiting.append((changed, entry.path))
        for _, path in sorted(waiting)[: max(0, len(waiting) - MAX_REQUESTS + 1)]:
            Path(path).unlink(missing_ok=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
