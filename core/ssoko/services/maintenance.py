"""Hourly maintenance: write due expiry notices, and delete expired rows."""

import logging
import threading

from peewee import PeeweeException

from ssoko.services.applications.upgrades import undo
from ssoko.services.context import Services
from ssoko.services.issuers import expiry_notices, rotation

log = logging.getLogger(__name__)


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
    rotation.forget_retired(now=services.clock())
    undo.delete_expired(now=services.clock())
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
