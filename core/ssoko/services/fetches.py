"""Who fetched the metadata of an issuer, so that an admin sees who has the next certificate."""

import logging
from dataclasses import dataclass
from typing import Any

from peewee import DatabaseError

from ssoko.services.candidates import execute
from ssoko.services.context import Services
from ssoko.store.certificates import MetadataFetch
from ssoko.store.models import database, new_id

log = logging.getLogger(__name__)

#: Rows of one issuer; beyond them the one that was not seen for longest goes.
MOST = 100

_LONGEST_AGENT = 120

_WRITE = """
INSERT INTO metadata_fetch (id, issuer_id, address, user_agent, first_at, last_at, times)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (issuer_id, address, user_agent) DO UPDATE SET
  last_at = excluded.last_at, times = metadata_fetch.times + excluded.times
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
    """

    address: str
    user_agent: str
    first_at: int
    last_at: int
    times: int


def note_fetch(services: Services, issuer_id: str, *, address: str, user_agent: str) -> None:
    """Write down that the metadata of an issuer were sent, at most once a minute an address.

    A database that is busy or cannot be written to loses the line, never the answer.
    """
    now = services.clock()
    times = services.fetches.take(issuer_id, address, now=now)
    if not times:
        return
    agent = "".join(c for c in user_agent if c.isprintable())[:_LONGEST_AGENT]
    try:
        with database.atomic():
            execute(_WRITE, (new_id(), issuer_id, address[:64], agent, now, now, times))
            execute(_TRIM, (issuer_id, issuer_id, MOST))
    except DatabaseError as error:
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
        )
        for row in rows
    )
