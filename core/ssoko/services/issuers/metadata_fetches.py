"""Who fetched the metadata of an issuer, so that an admin sees who has the next certificate."""

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

#: Rows of one issuer; beyond them the one that was not seen for longest goes.
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
    """One program at one address that fetches the metadata of an issuer.

    :param user_agent: what the program calls itself, cut to 120 characters.
    :param times: how often it was seen.
    :param newest_key_id: the newest key in the metadata of its last fetch; IDs are in order.
    """

    address: str
    user_agent: str
    first_at: int
    last_at: int
    times: int
    newest_key_id: str


class FetchPace:
    """Counts who fetches metadata, and says when it is time to write it down.

    A network is written once in :data:`PERIOD` seconds, and this process writes :data:`MOST` times
    in that period however many networks ask: strangers cannot keep the database busy.
    """

    PERIOD = 60
    MOST = 120

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # When each was written last, and how often it came since.
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}
        self._began, self._written = 0, 0

    def take(self, document: str, address: str, *, now: int) -> int:
        """Count a fetch and return how many to write down now; 0 is none.

        :param document: names what was fetched.
        :param now: seconds since the epoch; it may jump either way.
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
                # Those that were never written are not remembered: there may be any number.
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
    """Write down that metadata were sent: once a minute an address, and once for each version.

    When the database is busy or read-only, the record is lost, but not the response.

    :param sent: the metadata.
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
        log.warning("Who fetched the metadata of %s was not written: %s", issuer_id, error)


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
    """Return the id of the newest key whose certificate is in these metadata, or an empty text."""
    # Looked for in what was sent: a key that was made meanwhile is not in it.
    for key_id, certificate in query(_KEYS, (issuer_id,)):
        if certificate_b64(certificate).encode() in sent:
            return str(key_id)
    return ""
