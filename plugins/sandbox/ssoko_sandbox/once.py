"""What may happen once: an answer to a request of ours, and the use of an assertion.

Files in a private folder are the memory, since several server processes share it and the file
system decides who was first.
"""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: Seconds. An assertion lives for an hour at most, so what is older cannot come again.
REQUEST_LIFETIME = 3600
ASSERTION_LIFETIME = 2 * 3600
MAX_REQUESTS = 10_000


@dataclass(frozen=True, slots=True)
class Memory:
    """Remembers requests that wait for an answer, and assertions that were used."""

    folder: Path

    @classmethod
    def for_site(cls, url: str) -> "Memory":
        """Open the memory that all processes of one site share."""
        user = os.getuid() if hasattr(os, "getuid") else 0
        name = f"ssoko-sandbox-{user}-{_digest(url)[:12]}"
        folder = Path(tempfile.gettempdir(), name)
        folder.mkdir(0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
            # Somebody else's: what stands there is not to be trusted.
            folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        return cls(folder)

    def expect(self, request_id: str, note: str, *, now: float) -> None:
        """Remember a request that was sent, with a note about it."""
        self._forget_old(now)
        path = self._request(request_id)
        path.write_text(note, "utf-8")
        os.utime(path, (now, now))

    def note(self, request_id: str, *, now: float) -> str | None:
        """Return the note about a request that still waits, or None."""
        path = self._request(request_id)
        try:
            is_old = path.stat().st_mtime < now - REQUEST_LIFETIME
            return None if is_old else path.read_text("utf-8")
        except FileNotFoundError:
            return None

    def answer(self, request_id: str) -> bool:
        """Take a request out; true for the first answer only."""
        try:
            self._request(request_id).unlink()
        except FileNotFoundError:
            return False
        return True

    def use(self, assertion_id: str, *, now: float) -> bool:
        """Mark an assertion as used; true for the first time only."""
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
                sent = entry.name.startswith("sent-")
                if changed < now - (REQUEST_LIFETIME if sent else ASSERTION_LIFETIME):
                    Path(entry.path).unlink(missing_ok=True)
                elif sent:
                    waiting.append((changed, entry.path))
        for _, path in sorted(waiting)[: max(0, len(waiting) - MAX_REQUESTS + 1)]:
            Path(path).unlink(missing_ok=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
