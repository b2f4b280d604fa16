"""Rate limits of sign-in. Attempts are counted before the password is checked."""

import ipaddress
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from ssoko.errors import ConfigError, TooManyAttempts

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Attempts at one account from one address, and at all accounts from one address, in a window
#: that starts with the first attempt.
WINDOW_MINUTES = 15
PER_ACCOUNT = 10
PER_ADDRESS = 200

#: Attempts at one account from all addresses, and how many seconds each unknown address then waits
#: between two attempts. It is a delay and no limit: anyone who knows a name could keep its owner
#: out. Addresses where the user signed in before don't wait.
DELAYS = ((1000, 60), (200, 30), (50, 5))

#: Seconds until a store that failed is asked again.
RETRY_STORE = 5

#: Counters in the memory of this process.
MAX_COUNTERS = 50_000

_ACCOUNT = RateLimitItemPerMinute(PER_ACCOUNT, WINDOW_MINUTES, namespace="sign-in")
_ADDRESS = RateLimitItemPerMinute(PER_ADDRESS, WINDOW_MINUTES, namespace="sign-in-address")
_OVERALL = RateLimitItemPerMinute(1_000_000, WINDOW_MINUTES, namespace="sign-in-overall")
_ASKED = RateLimitItemPerMinute(1, WINDOW_MINUTES, namespace="sign-in-asked")
_PACE = {
    seconds: RateLimitItemPerSecond(1, seconds, namespace="sign-in-pace") for _, seconds in DELAYS
}
_TOLD = RateLimitItemPerMinute(1, WINDOW_MINUTES, namespace="sign-in-told")


class Limiter:
    """Counts attempts in a store that all processes share. While it is down, counts in this
    process.

    :param url: ``memory://``, ``redis://host`` or another address that ``limits`` knows.
    :param monotonic: returns seconds that only increase, whatever happens to the clock.
    :raises ConfigError: when there is no such kind of store, or its driver is missing.
    """

    def __init__(
        self, url: str = "memory://", *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._local = FixedWindowRateLimiter(LocalStorage(monotonic))
        self._shared: FixedWindowRateLimiter | None = None
        self._down_until = 0.0
        if not url.startswith("memory://"):
            self._shared = FixedWindowRateLimiter(_open(url))

    def check_sign_in(
        self, account_key: str, address: str, *, is_known: Callable[[], bool] = lambda: False
    ) -> None:
        """Count an attempt, before the password is looked at.

        :param account_key: the name that was typed. It is not the user's id, because then the
            counters would tell which names belong to one account, and which to none.
        :param address: IP address; an IPv6 one counts as its /64 network.
        :param is_known: tells whether the user signed in from this address before.
        :raises TooManyAttempts: with the seconds to wait.
        """
        place = network_of(address)
        delay = self._delay(account_key)
        if delay and not is_known():
            self._slow_down(delay, account_key, place)
        self._hit(_ACCOUNT, account_key, place)
        self._hit(_ADDRESS, place)
        self._ask(lambda strategy: strategy.hit(_OVERALL, account_key))

    def forgive(self, account_key: str, address: str) -> None:
        """Reset the count for this account and IP address, after a successful sign-in."""
        place = network_of(address)

        def forget(strategy: FixedWindowRateLimiter) -> None:
            strategy.clear(_ACCOUNT, account_key, place)
            # Remove only the successful attempt from the count for the IP address.
            strategy.hit(_ADDRESS, place, cost=-1)
            strategy.hit(_OVERALL, account_key, cost=-1)

        self._ask(forget)

    def _delay(self, account_key: str) -> int:
        """Return how many seconds lie between two attempts at this account from one address."""
        stats = self._ask(lambda strategy: strategy.get_window_stats(_OVERALL, account_key))
        attempts = _OVERALL.amount - stats.remaining
        return next((seconds for least, seconds in DELAYS if attempts >= least), 0)

    def _slow_down(self, delay: int, account_key: str, place: str) -> None:
        pace, names = _PACE[delay], (account_key, place)
        # The first attempt of an address waits too: an attacker may have many addresses.
        first = self._ask(lambda strategy: strategy.hit(_ASKED, *names))
        in_time = self._ask(lambda strategy: strategy.hit(pace, *names))
        if first or not in_time:
            wait = self._wait(pace, *names)
            raise TooManyAttempts(
                f"There are many attempts to sign in to this account. Try again in "
                f"{_duration(wait)}.",
                retry_after=wait,
                first=self._is_first(account_key),
            )

    def _hit(self, item: RateLimitItem, *names: str) -> None:
        if self._ask(lambda strategy: strategy.hit(item, *names)):
            return
        wait = self._wait(item, *names)
        raise TooManyAttempts(
            f"Too many attempts. Try again in {_duration(wait)}.",
            retry_after=wait,
            first=self._is_first(*names),
        )

    def _wait(self, item: RateLimitItem, *names: str) -> int:
        reset = self._ask(lambda strategy: strategy.get_window_stats(item, *names)).reset_time
        return max(1, round(reset - time.time()))

    def _is_first(self, *names: str) -> bool:
        """Tell, once in a window, that a refusal is news, so that a flood is one event."""
        return self._ask(lambda strategy: strategy.hit(_TOLD, *names))

    def _ask(self, question: Callable[[FixedWindowRateLimiter], T]) -> T:
        if self._shared is not None and time.monotonic() >= self._down_until:
            try:
                return question(self._shared)
            except StorageError as error:
                self._down_until = time.monotonic() + RETRY_STORE
                log.warning(
                    "The rate limit store is unavailable; this process counts alone: %s", error
                )
        return question(self._local)


class LocalStorage(Storage):
    """Counters in this process: bounded, exact with several threads, independent of the clock.

    The memory store of ``limits`` is none of these: it keeps any number of counters, and a clock
    that is set back keeps a full one for as long as the clock went back.

    :param monotonic: returns seconds that only increase.
    """

    STORAGE_SCHEME = None

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = monotonic
        self._lock = threading.Lock()
        # Count and end of the window, the oldest first.
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and return the sum; a new window starts when the last one has ended."""
        now = self._now()
        with self._lock:
            count, until = self._counters.get(key, (0, 0.0))
            if until <= now:
                self._counters.pop(key, None)
                count, until = 0, now + expiry
            count = max(0, count + amount)
            self._counters[key] = (count, until)
            if len(self._counters) > MAX_COUNTERS:
                self._make_room(now)
        return count

    def get(self, key: str) -> int:
        """Return the sum in the current window."""
        with self._lock:
            count, until = self._counters.get(key, (0, 0.0))
        return count if until > self._now() else 0

    def get_expiry(self, key: str) -> float:
        """Return the end of the current window, in seconds since the epoch."""
        with self._lock:
            _, until = self._counters.get(key, (0, 0.0))
        return time.time() + max(0.0, until - self._now())

    def check(self) -> bool:
        """Tell that the store responds."""
        return True

    def reset(self) -> int | None:
        """Forget all counters, and return how many there were."""
        with self._lock:
            count = len(self._counters)
            self._counters.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with self._lock:
            self._counters.pop(key, None)

    def _make_room(self, now: float) -> None:
        """Drop what has ended, or else the oldest tenth; it costs little for each counter."""
        kept = [(key, value) for key, value in self._counters.items() if value[1] > now]
        if len(kept) > MAX_COUNTERS * 9 // 10:
            kept = kept[-MAX_COUNTERS * 9 // 10 :]
        self._counters = OrderedDict(kept)


def network_of(address: str) -> str:
    """Return the network that counts as one client: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _open(url: str) -> Storage:
    try:
        storage = storage_from_string(url, wrap_exceptions=True)
    except ConfigurationError as error:
        raise ConfigError(
            "SSOKO_RATE_LIMIT_URL: use memory:// or redis://host; Redis needs its client: "
            "pip install redis"
        ) from error
    if not isinstance(storage, Storage):
        raise ConfigError("SSOKO_RATE_LIMIT_URL: use redis://host, not an asynchronous store")
    return storage


def _duration(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
