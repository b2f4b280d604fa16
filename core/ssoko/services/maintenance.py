"""Hourly maintenance: write due expiry notices, and delete expired rows."""

import logging
import threading

from peewee import PeeweeException

from ssoko.services.activity import log as log_of_activity
from ssoko.services.applications.upgrades import undo
from ssoko.services.authentication import sessions
from ssoko.services.context import Services
from ssoko.services.issuers import expiry_notices, rotation
from ssoko.services.sso import trace

log = logging.getLogger(__name__)

DAY = 86_400

#: Rows of one kind that are deleted at once; the rest follows an hour later.
BATCH = 20_000


class Hourly:
    """Tells when the hourly maintenance of this process is due."""

    PERIOD = 3600

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: int | None = None

    def is_due(self, now: int) -> bool:
        """Return true for one caller per hour.

        :param now: seconds since the epoch; the clock may be set forward or back.
        """
        with self._lock:
            if self._last is not None and abs(now - self._last) < self.PERIOD:
                return False
            self._last = now
            return True


def run(services: Services) -> int:
    """Run the maintenance now, and return the number of notices written."""
    now = services.clock()
    rotation.forget_retired(now=now)
    undo.delete_expired(now=now)
    sessions.delete_old_sessions(services)
    trace.sweep(now, limit=BATCH)
    log_of_activity.delete_events(before=now - services.config.event_days * DAY, limit=BATCH)
    return expiry_notices.write_due(services)


def run_if_due(services: Services, hourly: Hourly) -> None:
    """Run the maintenance if it is due in this process.

    If the database is busy, it is skipped until the next hour. No error is raised.
    """
    if not hourly.is_due(services.clock()):
        return
    try:
        run(services)
    except PeeweeException as error:
        log.warning("The hourly maintenance was skipped until the next hour: %s", error)
