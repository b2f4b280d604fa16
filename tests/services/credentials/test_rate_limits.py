"""Rate limits: exact with concurrent requests, and never off."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from limits.storage import MemoryStorage
from ssoko.errors import ConfigError, TooManyAttempts
from ssoko.services.credentials.rate_limits import (
    PER_ACCOUNT,
    PER_ADDRESS,
    Limiter,
    LocalStorage,
    network_of,
)


def allowed(limiter: Limiter, account: str, address: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            limiter.check_sign_in(account, address)
        except TooManyAttempts:
            continue
        count += 1
    return count


def at_once(work: Callable[[], Any], threads: int) -> None:
    barrier = threading.Barrier(threads)

    def run() -> None:
        barrier.wait()
        work()

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


@pytest.mark.parametrize("_", range(5))
def test_sixty_guesses_at_once_are_counted_exactly(_: int) -> None:
    limiter = Limiter()
    passed: list[int] = []
    at_once(lambda: passed.append(allowed(limiter, "amina", "192.0.2.1", 1)), 60)
    assert sum(passed) == PER_ACCOUNT


def test_error_states_how_long_to_wait() -> None:
    limiter = Limiter()
    allowed(limiter, "amina", "192.0.2.1", PER_ACCOUNT)
    with pytest.raises(TooManyAttempts, match="Try again in 1[45] minutes") as refused:
        limiter.check_sign_in("amina", "192.0.2.1")
    assert 840 <= refused.value.retry_after <= 900


def test_attempts_from_another_ip_address_do_not_lock_out_the_owner() -> None:
    limiter = Limiter()
    allowed(limiter, "amina", "192.0.2.1", 30)
    limiter.check_sign_in("amina", "198.51.100.7")


def test_attempts_at_many_accounts_from_one_ip_address_are_limited() -> None:
    limiter = Limiter()
    tried = sum(allowed(limiter, f"user{n}", "192.0.2.1", 1) for n in range(PER_ADDRESS + 50))
    assert tried == PER_ADDRESS


def test_successful_sign_ins_do_not_use_up_the_limit_of_an_ip_address() -> None:
    limiter = Limiter()
    for n in range(PER_ADDRESS * 2):
        limiter.check_sign_in(f"user{n}", "192.0.2.1")
        limiter.forgive(f"user{n}", "192.0.2.1")
    allowed(limiter, "amina", "192.0.2.1", 9)
    limiter.forgive("amina", "192.0.2.1")
    assert allowed(limiter, "amina", "192.0.2.1", 20) == PER_ACCOUNT


def refusals(limiter: Limiter, tries: list[tuple[str, str]]) -> list[TooManyAttempts]:
    found = []
    for account, address in tries:
        try:
            limiter.check_sign_in(account, address)
        except TooManyAttempts as refusal:
            found.append(refusal)
    return found


def test_a_flood_of_refusals_of_one_account_is_recorded_once() -> None:
    found = refusals(Limiter(), [("amina", "192.0.2.1")] * 30)
    assert [refusal.first for refusal in found] == [True] + [False] * 19


def test_a_flood_of_refusals_of_one_address_is_recorded_once_whatever_the_names_are() -> None:
    found = refusals(Limiter(), [(f"user{n}", "192.0.2.1") for n in range(PER_ADDRESS + 50)])
    assert [refusal.first for refusal in found] == [True] + [False] * 49


class Monotonic:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def attack(limiter: Limiter, attempts: int) -> None:
    """Try one account from many addresses, as far as the limiter allows."""
    refusals(limiter, [("amina", f"10.0.{n // 250}.{n % 250}") for n in range(attempts)])


def test_an_attack_from_many_addresses_is_slowed_down() -> None:
    limiter = Limiter()
    attack(limiter, 50)
    (refused,) = refusals(limiter, [("amina", "203.0.113.9")])
    assert 4 <= refused.retry_after <= 5
    assert "Try again in" in str(refused)


def test_an_owner_at_a_new_address_waits_some_seconds_and_is_not_locked_out() -> None:
    seconds = Monotonic()
    limiter = Limiter(monotonic=seconds)
    attack(limiter, 5000)
    with pytest.raises(TooManyAttempts) as refused:
        limiter.check_sign_in("amina", "198.51.100.7")
    assert refused.value.retry_after <= 60
    seconds.now += refused.value.retry_after
    attack(limiter, 100)
    limiter.check_sign_in("amina", "198.51.100.7")


def test_an_owner_at_a_known_address_does_not_wait() -> None:
    limiter = Limiter()
    attack(limiter, 5000)
    limiter.check_sign_in("amina", "198.51.100.7", is_known=lambda: True)


def test_other_accounts_are_not_slowed_down() -> None:
    limiter = Limiter()
    attack(limiter, 100)
    limiter.check_sign_in("binta", "198.51.100.7")


def test_a_clock_that_is_set_back_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = Monotonic()
    limiter = Limiter(monotonic=seconds)
    allowed(limiter, "amina", "192.0.2.1", PER_ACCOUNT + 1)
    monkeypatch.setattr("time.time", lambda: 0.0)
    seconds.now += 15 * 60
    limiter.check_sign_in("amina", "192.0.2.1")


def test_the_counters_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssoko.services.credentials.rate_limits.MAX_COUNTERS", 100)
    storage = LocalStorage()
    for n in range(1000):
        storage.incr(f"key {n}", 900)
    assert storage.reset() <= 100


def test_counters_that_ended_make_room_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssoko.services.credentials.rate_limits.MAX_COUNTERS", 100)
    seconds = Monotonic()
    storage = LocalStorage(seconds)
    storage.incr("long", 900)
    for n in range(90):
        storage.incr(f"short {n}", 5)
    seconds.now += 10
    for n in range(20):
        storage.incr(f"new {n}", 900)
    assert storage.get("long") == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_ipv6_network_counts_as_one_client(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def test_invalid_ip_address_counts_as_text() -> None:
    limiter = Limiter()
    assert allowed(limiter, "amina", "", 20) == PER_ACCOUNT
    assert len(network_of("x" * 500)) == 64


@pytest.mark.parametrize("url", ["", "nonsense", "http://host", "async+memory://"])
def test_unknown_store_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="SSOKO_RATE_LIMIT_URL"):
        Limiter(url)


class BreakableStorage(MemoryStorage):
    """A store that other processes could share, and that breaks when a test says so."""

    STORAGE_SCHEME = ["breakable"]
    broken = False

    @property
    def base_exceptions(self) -> type[Exception]:
        return ConnectionError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if type(self).broken:
            raise ConnectionError("the store is away")
        return super().incr(key, expiry, amount)


def test_attempts_are_counted_in_the_process_while_the_store_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limiter = Limiter("breakable://")
    assert allowed(limiter, "amina", "192.0.2.1", 4) == 4
    monkeypatch.setattr(BreakableStorage, "broken", True)
    assert allowed(limiter, "amina", "192.0.2.1", 60) == PER_ACCOUNT


def test_store_is_used_again_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssoko.services.credentials.rate_limits.RETRY_STORE", 0)
    limiter = Limiter("breakable://")
    allowed(limiter, "amina", "192.0.2.1", 8)
    monkeypatch.setattr(BreakableStorage, "broken", True)
    limiter.check_sign_in("amina", "192.0.2.1")
    monkeypatch.setattr(BreakableStorage, "broken", False)
    assert allowed(limiter, "amina", "192.0.2.1", 20) == PER_ACCOUNT - 8
