"""Rate limits of sign-in. Attempts are counted before the password is checked."""

import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from ssoko.errors import ConfigError, TooManyAttempts

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Attempts from one IP address at one account, and at all accounts, in a window that starts with
#: the first attempt. There is no limit per account over all IP addresses, since anyone who knows
#: the username could lock out its owner.
WINDOW_MINUTES = 15
PER_ACCOUNT = 10
PER_ADDRESS = 200

#: Seconds until a store that failed is tried again.
RETRY_STORE = 5

_ACCOUNT = RateLimitItemPerMinute(PER_ACCOUNT, WINDOW_MINUTES, namespace="sign-in")
_ADDRESS = RateLimitItemPerMinute(PER_ADDRESS, WINDOW_MINUTES, namespace="sign-in-address")
_TOLD = RateLimitItemPerMinute(1, WINDOW_MINUTES, namespace="sign-in-told")


class Limiter:
    """Counts attempts in a store that all processes share. While it is down, counts in this
    process.

    :param url: ``memory://``, ``redis://host`` or another URL that ``limits`` supports.
    :raises ConfigError: when the store is unknown or its driver is not installed.
    """

    def __init__(self, url: str = "memory://") -> None:
        # The memory store of limits can lose a hit that is concurrent with the first one.
        self._lock = threading.Lock()
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared: FixedWindowRateLimiter | None = None
        self._down_until = 0.0
        if not url.startswith("memory://"):
            self._shared = FixedWindowRateLimiter(_open(url))

    def check_sign_in(self, account_key: str, address: str) -> None:
        """Count an attempt, before the password is checked.

        :param account_key: identifies the account, in any spelling of its name.
        :param address: IP address; an IPv6 one counts as its /64 network.
        :raises TooManyAttempts: with the seconds to wait.
        """
        place = network_of(address)
        self._hit(_ACCOUNT, account_key, place)
        self._hit(_ADDRESS, place)

    def forgive(self, account_key: str, address: str) -> None:
        """Reset the count for this account and IP address, after a successful sign-in."""
        place = network_of(address)

        def forget(strategy: FixedWindowRateLimiter) -> None:
            strategy.clear(_ACCOUNT, account_key, place)
            # Remove only the successful attempt from the count for the IP address.
            strategy.hit(_ADDRESS, place, cost=-1)

        self._ask(forget)

    def is_first_refusal(self, account_key: str, address: str) -> bool:
        """Return true once per window, so that many refusals are logged as one event."""
        return self._ask(lambda s: s.hit(_TOLD, account_key, network_of(address)))

    def _hit(self, item: RateLimitItem, *names: str) -> None:
        if self._ask(lambda strategy: strategy.hit(item, *names)):
            return
        reset = self._ask(lambda strategy: strategy.get_window_stats(item, *names)).reset_time
        wait = max(1, round(reset - time.time()))
        raise TooManyAttempts(
            f"Too many attempts. Try again in {_duration(wait)}.", retry_after=wait
        )

    def _ask(self, question: Callable[[FixedWindowRateLimiter], T]) -> T:
        if self._shared is not None and time.monotonic() >= self._down_until:
            try:
                return question(self._shared)
            except StorageError as error:
                self._down_until = time.monotonic() + RETRY_STORE
                log.warning(
                    "The rate limit store is unavailable; this process counts by itself: %s", error
                )
        with self._lock:
            return question(self._local)


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
