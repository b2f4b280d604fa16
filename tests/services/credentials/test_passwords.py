"""Passwords: rules, hashes, and constant time."""

import statistics
import time

import pytest
from ssoko.errors import Unavailable
from ssoko.services.credentials import passwords
from ssoko.services.credentials.passwords import (
    Hasher,
    check_password_rules,
    hash_password,
    is_common,
    verify_password,
)


@pytest.fixture
def cheap() -> Hasher:
    return Hasher(memory_cost=64, time_cost=1)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "weathered teapot 41",
        "kR7$wq!2mZp9",
        "Sup3r-Secret-Pass!",
        "пароль для всех нас",
        "x" * 4 + "teapot kettle lemon",
        "a long one " * 90,
    ],
)
def test_good_password_is_accepted(password: str) -> None:
    assert check_password_rules(password, username="amina", email="amina@acme.test") == []


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "elevenchars",
        "x" * 1025,
        "            ",
        "Password1234!",
        "P@ssw0rd12345",
        "iloveyou1234",
        "qwertyuiop123",
        "QWERTYUIOPasdf",
        "1q2w3e4r5t6y",
        "123456789012",
        "abcdefghijkl",
        "zyxwvutsrqponm",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "hunter2hunter2",
        "amina.otieno",
        "Amina.Otieno1",
        "amina@acme.test",
        "nul\x00in the middle",
        "lone \ud800 surrogate",
        None,
        12345678901234,
    ],
)
def test_refused_password_says_what_to_do(password: object) -> None:
    wrong = check_password_rules(password, username="amina.otieno", email="amina@acme.test")
    assert len(wrong) == 1
    assert wrong[0].split()[0] in {"Use", "Remove", "This"}


def test_list_of_common_passwords_is_long_and_lowercase() -> None:
    listed = passwords._common()
    assert len(listed) > 1000
    assert all(word == word.casefold() and word == word.strip() for word in listed)
    assert is_common("Administrator!!")
    assert is_common("w3lc0me2026")


def test_hash_is_argon2id_with_the_minimum_costs_of_owasp() -> None:
    hashed = hash_password("weathered teapot 41", hasher=Hasher())
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_only_the_correct_password_verifies(cheap: Hasher) -> None:
    hashed = cheap.hash("weathered teapot 41")
    assert verify_password(hashed, "weathered teapot 41", hasher=cheap)
    for wrong in ("", "weathered teapot 42", "x" * 5000, "\ud800", "a\x00"):
        assert not verify_password(hashed, wrong, hasher=cheap)
        assert not verify_password(None, wrong, hasher=cheap)
    assert not verify_password("no hash at all", "weathered teapot 41", hasher=cheap)


def test_everything_of_a_long_password_counts(cheap: Hasher) -> None:
    # bcrypt would stop after 72 bytes.
    hashed = cheap.hash("x" * 100 + "a")
    assert not cheap.verify(hashed, "x" * 100 + "b")


def test_accented_letters_verify_in_any_unicode_form(cheap: Hasher) -> None:
    assert cheap.verify(cheap.hash("cafe\u0301 au lait noir"), "caf\u00e9 au lait noir")


def test_hash_with_other_costs_is_outdated(cheap: Hasher) -> None:
    hashed = cheap.hash("weathered teapot 41")
    assert not cheap.is_outdated(hashed)
    assert Hasher(memory_cost=128, time_cost=1).is_outdated(hashed)


def test_verifying_takes_the_same_time_without_a_hash() -> None:
    hasher = Hasher(memory_cost=8192, time_cost=1)
    hashed = hasher.hash("weathered teapot 41")
    cases = {
        "right": (hashed, "weathered teapot 41"),
        "wrong": (hashed, "no"),
        "empty": (hashed, ""),
    }
    cases |= {"unknown": (None, "weathered teapot 41"), "nothing": (None, "")}
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(25):
        for name, (stored, password) in cases.items():
            # CPU time of this thread: what else runs on the machine does not count.
            began = time.thread_time()
            hasher.verify(stored, password)
            taken[name].append(time.thread_time() - began)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    assert max(medians.values()) < 1.25 * min(medians.values()), medians


def test_at_most_one_hash_runs_per_core(cheap: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT", 0.01)
    one_core = Hasher(memory_cost=64, time_cost=1, cores=1)
    with one_core._slot():
        with pytest.raises(Unavailable, match="Try again in a moment"):
            one_core.verify(None, "")
        assert not cheap.verify(None, "")
    assert not one_core.verify(None, "")
