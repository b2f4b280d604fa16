"""Record who fetched the metadata of an issuer, to show admins who has the next certificate."""

import logging
import threading
from dataclasses import dataclass
from typing import Any

from peewee import PeeweeException

from ssoko.saml.signing import certificate_b64
from ssoko.services.context import Services
from ssoko.services.credentials.rate_limits import network_of
from ssoko.store.ids import new_id
from ssoko.store.models.issuers import MetadataFetch
from ssoko.store.models.table import database
from ssoko.store.sql import execute, query

log = logging.getLogger(__name__)

#: Maximum number of rows per issuer. The least recently seen one is deleted.
MOST = 100

_LONGEST_AGENT = 120

_WRITE = """
INSERT INTO metadata_fetch
  (id, issuer_id, address, user_agent, first_at, last_at, times, newest_key_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (issuer_id, address, user_agent) DO UPDATE SET
  last_at = excluded.last_at, times = metadata_fetch.times + excluded.times,
  newest_key_id = excluded.newest_key_id
"""

_KEYS = """
SELECT id, certificate FROM signing_key WHERE issuer_id = ? AND state <> 'retired' ORDER BY id DESC
"""

_TRIM = """
DELETE FROM metadata_fetch WHERE issuer_id = ? AND id NOT IN (
  SELECT id FROM metadata_fetch WHERE issuer_id = ? ORDER BY last_at DESC, id DESC LIMIT ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchView:
    """A program at an IP address that fetches the metadata of an issuer.

    :param user_agent: the User-Agent, shortened to 120 characters.
    :param times: number of fetches.
    :param newest_key_id: the newest key in the metadata of its last fetch; IDs are in order.
    """

    address: str
    user_agent: str
    first_at: int
    last_at: int
    times: int
    newest_key_id: str


class FetchPace:
    """Limits how often fetches of metadata are written to the database.

    Each network is written at most once in :data:`PERIOD` seconds, and this process writes at most
    :data:`MOST` times in that period. So anonymous clients cannot overload the database.
    """

    PERIOD = 60
    MOST = 120

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Key to the time of the last write, and the number of fetches since then.
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}
        self._began, self._written = 0, 0

    def take(self, document: str, address: str, *, now: int) -> int:
        """Count a fetch, and return the number of fetches to write now, or 0.

        :param document: identifies the fetched document.
        :param now: seconds since the epoch; the clock may be set forward or back.
        """
        key = (document, network_of(address))
        with self._lock:
            if abs(now - self._began) >= self.PERIOD:
                self._began, self._written = now, 0
                self._seen = {k: v for k, v in self._seen.items() if self._fresh(v, now) or v[1]}
                if len(self._seen) > 10 * self.MOST:
                    self._seen.clear()
            seen = self._seen.get(key)
            count = (seen[1] if seen else 0) + 1
            if (seen and self._fresh(seen, now)) or self._written >= self.MOST:
                # Networks that were never written are not stored, since their number is unlimited.
                if seen:
                    self._seen[key] = (seen[0], count)
                return 0
            self._seen[key] = (now, 0)
            self._written += 1
            return count

    def _fresh(self, seen: tuple[int, int], now: int) -> bool:
        return abs(now - seen[0]) < self.PERIOD


def note_fetch(
    services: Services, issuer_id: str, sent: bytes, *, etag: str, address: str, user_agent: str
) -> None:
    """Record a fetch of metadata: at most once per minute and IP address, and once for each
    version.

    If the database is busy or read-only, the record is lost; the response is still sent.

    :param sent: the metadata that were sent.
    """
    now = services.clock()
    times = services.fetches.take(f"{issuer_id} {etag}", address, now=now)
    if not times:
        return
    agent = "".join(c for c in user_agent if c.isprintable())[:_LONGEST_AGENT]
    try:
        newest = newest_key(issuer_id, sent)
        with database.atomic():
            execute(_WRITE, (new_id(), issuer_id, address[:64], agent, now, now, times, newest))
            execute(_TRIM, (issuer_id, issuer_id, MOST))
    except PeeweeException as error:
        log.warning("A fetch of the metadata of %s was not recorded: %s", issuer_id, error)


def list_fetches(issuer_id: str) -> tuple[FetchView, ...]:
    """Return who fetched the metadata of an issuer, the latest first."""
    rows: Any = (
        MetadataFetch.select()
        .where(MetadataFetch.issuer == issuer_id)
        .order_by(MetadataFetch.last_at.desc(), MetadataFetch.id.desc())
    )
    return tuple(
        FetchView(
            address=row.address,
            user_agent=row.user_agent,
            first_at=row.first_at,
            last_at=row.last_at,
            times=row.times,
            newest_key_id=row.newest_key_id,
        )
        for row in rows
    )


def newest_key(issuer_id: str, sent: bytes) -> str:
    """Return the ID of the newest key whose certificate is in these metadata, or ""."""
    # Searches the sent metadata, since a key may have been created meanwhile.
    for key_id, certificate in query(_KEYS, (issuer_id,)):
        if certificate_b64(certificate).encode() in sent:
            return str(key_id)
    return ""
