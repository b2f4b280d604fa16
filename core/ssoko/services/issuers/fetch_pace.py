"""How often this process does what need not be done at every request."""

import threading

from ssoko.services.credentials.rate_limits import network_of


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
