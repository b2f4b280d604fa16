"""Passwords: what is accepted, and how they are kept (argon2id).

The rules follow NIST SP 800-63B, section 3.1.1.2: length counts, composition does not, and what
attackers try first is refused.
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

_RULE_LENGTH = f"Use at least {MIN_LENGTH} characters; a few words in a row are easy to keep"
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
#: A run this long along a row, an alphabet or a repetition says nothing new.
_RUN = 4


class Hasher:
    """Hashes passwords, as many at a time as there are cores.

    The defaults are OWASP's minimum for argon2id: 19 MiB, two passes, one lane; about 50 ms.

    :param memory_cost: KiB.
    :param cores: how many hashes may run at once in this process.
    """

    def __init__(
        self, *, memory_cost: int = 19_456, time_cost: int = 2, cores: int | None = None
    ) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost, parallelism=1
        )
        self._slots = threading.BoundedSemaphore(cores or os.cpu_count() or 1)
        # What is compared with when there is nothing to compare with, so that it takes as long.
        self._nobody = self._argon2.hash(os.urandom(16).hex())

    def hash(self, password: str) -> str:
        """Return the hash of a password that :func:`check_password_rules` accepts."""
        with self._slot():
            return self._argon2.hash(_normal(password))

    def verify(self, hashed: str | None, password: str) -> bool:
        """Tell whether the password is the one that was hashed; takes as long when it is not.

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
        """Tell whether a hash was made with other costs than these."""
        return self._argon2.check_needs_rehash(hashed)

    def _slot(self) -> "_Slot":
        return _Slot(self._slots)


class _Slot:
    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        self._slots = slots

    def __enter__(self) -> None:
        if not self._slots.acquire(timeout=WAIT):
            raise Unavailable("Too many people sign in at this moment. Try again in a moment.")

    def __exit__(self, *_: object) -> None:
        self._slots.release()


def hash_password(password: str, *, hasher: Hasher) -> str:
    """Return the argon2id hash to store."""
    return hasher.hash(password)


def verify_password(hashed: str | None, password: str, *, hasher: Hasher) -> bool:
    """Tell whether the password is right; None and a wrong one take the same time."""
    return hasher.verify(hashed, password)


def check_password_rules(password: object, *, username: str = "", email: str = "") -> list[str]:
    """Return what to change about a new password; nothing when it will do."""
    if not is_text(password):
        return ["Leave out the control characters"]
    normal = _normal(password)
    if len(normal) < MIN_LENGTH:
        return [_RULE_LENGTH]
    if len(normal) > MAX_LENGTH:
        return [f"Use at most {MAX_LENGTH} characters"]
    if normal.strip() == "":
        return ["Use something else than spaces"]
    own = _own_names(username, email)
    low = normal.casefold()
    for name in own:
        if len(low.replace(name, "")) < MIN_LENGTH - _RUN and name in low:
            return ["Use a password that is not the username or the email"]
    if is_common(normal):
        return ["This password is among those that attackers try first; use another one"]
    if _weight(low) <= MIN_LENGTH - _RUN:
        return ["Use something with fewer repetitions, sequences and keys in a row"]
    return []


def is_common(password: str) -> bool:
    """Tell whether the password is in the list that comes with Ssoko, or nearly."""
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
    # NFC, so that a letter with an accent is the same from every keyboard.
    return unicodedata.normalize("NFC", password)


def _weight(text: str) -> int:
    """Count the characters that do not merely go on with a run or repeat an earlier piece."""
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
    """Return how many characters from ``start`` on stand earlier in the text already."""
    length = 0
    while start + length < len(text) and text.find(text[start : start + length + 1]) < start:
        length += 1
    return length if length >= 2 else 0
