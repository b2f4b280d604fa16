"""What a server does once an hour: write the notices that are due, and delete what is over."""

import logging
import threading

from peewee import PeeweeException

from ssoko.services.applications.upgrades import undo
from ssoko.services.context import Services
from ssoko.services.issuers import expiry_notices, rotation

log = logging.getLogger(__name__)


class Hourly:
    """Says, once an hour in this process, that it is time."""

    PERIOD = 3600

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: int | None = None

    def is_due(self, now: int) -> bool:
        """Tell whether an hour is over, the first time only.

        :param now: seconds since the epoch; it may jump either way.
        """
        with self._lock:
            if self._last is not None and abs(now - self._last) < self.PERIOD:
                return False
            self._last = now
            return True


def run(services: Services) -> int:
    """Do all of it now, and return the number of notices that were written."""
    rotation.forget_retired(now=services.clock())
    undo.delete_expired(now=services.clock())
    return expiry_notices.write_due(services)


def run_if_due(services: Services, hourly: Hourly) -> None:
    """Do all of it once an hour in this process.

    A database that is busy puts it off to the next hour and stops nothing.
    """
    if not hourly.is_due(services.clock()):
        return
    try:
        run(services)
    except PeeweeException as error:
        log.warning("The hourly maintenance is put off for an hour: %s", error)
