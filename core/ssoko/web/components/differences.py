"""Mark the part in which two values differ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: The parts of a URL or a URN; each part is compared as a whole.
_PARTS = re.compile(r"[^/:.?#&=@,-]+|.")
_MAX_EXPECTED = 100


@dataclass(frozen=True, slots=True)
class Marked:
    """A value in three parts; the middle one differs, and is empty when the values are equal."""

    before: str
    differing: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The received value and the most similar of the expected values.

    :param others: the other expected values.
    """

    received: Marked
    expected: Marked
    others: tuple[str, ...] = ()


def compare(received: str, expected: str) -> Comparison:
    """Compare two values.

    Only values without spaces are compared part by part; sentences are returned unmarked.

    :param expected: one value, or several separated by commas.
    """
    choices = [choice for choice in expected.split(", ") if choice][:_MAX_EXPECTED]
    if not received or " " in received or not choices or any(" " in c for c in choices):
        return Comparison(Marked(received), Marked(expected))
    nearest = max(choices, key=lambda choice: _similarity(received, choice))
    others = tuple(choice for choice in choices if choice != nearest)
    if not _similarity(received, nearest):
        return Comparison(Marked("", received), Marked("", nearest), others)
    left, right = _parts(received), _parts(nearest)
    front, back = _common_ends(left, right)
    return Comparison(_mark(left, front, back), _mark(right, front, back), others)


def _parts(value: str) -> list[str]:
    return _PARTS.findall(value)


def _similarity(value: str, other: str) -> int:
    """Return how many characters both share at their ends; 0 when it is only the scheme."""
    left, right = _parts(value), _parts(other)
    front, back = _common_ends(left, right)
    shared = len("".join(left[:front])) + len("".join(left[len(left) - back :]))
    return shared if shared > len("https://") else 0


def _common_ends(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Return how many parts are equal at the start and at the end."""
    short = min(len(left), len(right))
    front = next((i for i in range(short) if left[i] != right[i]), short)
    back = next((i for i in range(short - front) if left[-1 - i] != right[-1 - i]), short - front)
    return front, back


def _mark(parts: Sequence[str], front: int, back: int) -> Marked:
    end = len(parts) - back
    return Marked("".join(parts[:front]), "".join(parts[front:end]), "".join(parts[end:]))
