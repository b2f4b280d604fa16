"""Passwords: their rules, and how they are hashed (argon2id).

The rules follow NIST SP 800-63B, section 3.1.1.2: a minimum length, no composition rules, and no
common passwords.
"""

import os
import threading
import unicodedata
from functools import cache
from importlib.resources import files

import argon2

from ssoko.errors import Unavailable
from ssoko.text.names import fold, is_text

MIN_LENGTH = 12
MAX_LENGTH = 1024

#: Seconds that a sign-in waits for a free core before it is rejected as busy.
WAIT = 10

_RULE_LENGTH = f"Use at least {MIN_LENGTH} characters. Several words are easy to remember"
_KEYBOARD_ROWS = (
    "1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?",
    "qazwsxedcrfvtgbyhnujmikolp",
    "zaq12wsxcde34rfvbgt56yhnmju78",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: Minimum length of a sequence, such as abcd, or of a repetition that adds no strength.
_RUN = 4


class Hasher:
    """Hashes passwords. Runs at most one hash per core at the same time.

    The defaults are OWASP's minimum for argon2id: 19 MiB, two passes, one lane; about 50 ms.

    :param memory_cost: KiB.
    :param cores: how many hashes can run at the same time in this process.
    """

    def __init__(
        self, *, memory_cost: int = 19_456, time_cost: int = 2, cores: int | None = None
    ) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost, parallelism=1
        )
        self._slots = threading.BoundedSemaphore(cores or os.cpu_count() or 1)
        # Compared with when a user has no password, so that it takes the same time.
        self._nobody = self._argon2.hash(os.urandom(16).hex())

    def hash(self, password: str) -> str:
        """Return the hash of a password that :func:`check_password_rules` accepts."""
        with self._slot():
            return self._argon2.hash(_normal(password))

    def verify(self, hashed: str | None, password: str) -> bool:
        """Tell whether the password matches the hash. Always takes the same time.

        :param hashed: None for a user who is unknown, disabled or has no password.
        """
        fit = isinstance(password, str) and is_text(password) and len(password) <= MAX_LENGTH
        with self._slot():
            try:
                self._argon2.verify(hashed or self._nobody, _normal(password) if fit else "")
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False
        return fit and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Tell whether a hash was created with other cost parameters."""
        return self._argon2.check_needs_rehash(hashed)

    def _slot(self) -> "_Slot":
        return _Slot(self._slots)


class _Slot:
    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        self._slots = slots

    def __enter__(self) -> None:
        if not self._slots.acquire(timeout=WAIT):
            raise Unavailable("Too many users are signing in. Try again in a moment.")

    def __exit__(self, *_: object) -> None:
        self._slots.release()


def hash_password(password: str, *, hasher: Hasher) -> str:
    """Return the argon2id hash to store."""
    return hasher.hash(password)


def verify_password(hashed: str | None, password: str, *, hasher: Hasher) -> bool:
    """Tell whether the password matches. Takes the same time when there is no hash."""
    return hasher.verify(hashed, password)


def check_password_rules(password: object, *, username: str = "", email: str = "") -> list[str]:
    """Return the problems of a new password; empty when it is accepted."""
    if not is_text(password):
        return ["Remove the control characters"]
    normal = _normal(password)
    if len(normal) < MIN_LENGTH:
        return [_RULE_LENGTH]
    if len(normal) > MAX_LENGTH:
        return [f"Use at most {MAX_LENGTH} characters"]
    if normal.strip() == "":
        return ["Use other characters than spaces"]
    own = _own_names(username, email)
    low = normal.casefold()
    for name in own:
        if len(low.replace(name, "")) < MIN_LENGTH - _RUN and name in low:
            return ["Use a password that is different from the username and the email"]
    if is_common(normal):
        return ["This password is too common. Use another one"]
    if _weight(low) <= MIN_LENGTH - _RUN:
        return ["Use fewer repetitions and sequences, such as aaaa, abcd or qwerty"]
    return []


def is_common(password: str) -> bool:
    """Tell whether the password, or a simple variant of it, is in the list of common passwords."""
    low = password.casefold()
    bare = low.strip("0123456789!@#$%^&*?.,_-+ ")
    plain = low.translate(_LEET)
    return any(form in _common() for form in (low, plain, bare, bare.translate(_LEET)))


_LEET = str.maketrans("013457@$!", "oleastasi")


@cache
def _common() -> frozenset[str]:
    text = files("ssoko.services.credentials").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _own_names(username: str, email: str) -> list[str]:
    names = {username.casefold(), email.casefold(), *email.casefold().split("@")[:1]}
    for name in tuple(names):
        if is_text(name):
            names.add(_fold_quietly(name))
    return sorted((n for n in names if len(n) >= _RUN), key=len, reverse=True)


def _fold_quietly(name: str) -> str:
    return fold("".join(c for c in name if c.isprintable()))


def _normal(password: str) -> str:
    # NFC, since keyboards encode letters with accents differently.
    return unicodedata.normalize("NFC", password)


def _weight(text: str) -> int:
    """Count the characters that neither continue a sequence nor repeat an earlier part."""
    kept = 0
    i = 0
    while i < len(text):
        skip = max(_run_at(text, i), _repeat_at(text, i))
        kept += 1
        i += max(skip, 1)
    return kept


def _run_at(text: str, start: int) -> int:
    longest = 0
    for row in (*_KEYBOARD_ROWS, _LETTERS):
        for line in (row, row[::-1]):
            length = 0
            while start + length < len(text) and text[start : start + length + 1] in line:
                length += 1
            longest = max(longest, length)
    return longest if longest >= _RUN else 0


def _repeat_at(text: str, start: int) -> int:
    """Return how many characters from ``start`` on repeat an earlier part of the text."""
    length = 0
    while start + length < len(text) and text.find(text[start : start + length + 1]) < start:
        length += 1
    return length if length >= 2 else 0
