"""Mark where two values differ, so that the eye need not compare them letter by letter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Where an address or a URN can be cut; the parts are compared whole.
_PARTS = re.compile(r"[^/:.?#&=@,-]+|.")
_MOST = 100


@dataclass(frozen=True, slots=True)
class Marked:
    """A value in three parts; the middle one differs, and is empty when nothing does."""

    before: str
    differing: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was got against the nearest of what was expected.

    :param others: what would have been accepted as well.
    """

    got: Marked
    expected: Marked
    others: tuple[str, ...] = ()


def compare(got: str, expected: str) -> Comparison:
    """Compare two values, of which the expected one may be several behind commas.

    Sentences are left as they are: only values without spaces are held against each other.
    """
    choices = [one for one in expected.split(", ") if one][:_MOST]
    if not got or " " in got or not choices or any(" " in one for one in choices):
        return Comparison(Marked(got), Marked(expected))
    nearest = max(choices, key=lambda one: _likeness(got, one))
    others = tuple(one for one in choices if one != nearest)
    if not _likeness(got, nearest):
        return Comparison(Marked("", got), Marked("", nearest), others)
    mine, theirs = _parts(got), _parts(nearest)
    front, back = _common(mine, theirs)
    return Comparison(_marked(mine, front, back), _marked(theirs, front, back), others)


def _parts(value: str) -> list[str]:
    return _PARTS.findall(value)


def _likeness(one: str, other: str) -> int:
    """Return how many characters both share at their ends; 0 when it is but a scheme."""
    mine, theirs = _parts(one), _parts(other)
    front, back = _common(mine, theirs)
    shared = len("".join(mine[:front])) + len("".join(mine[len(mine) - back :]))
    return shared if shared > len("https://") else 0


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    short = min(len(one), len(other))
    front = next((i for i in range(short) if one[i] != other[i]), short)
    back = next((i for i in range(short - front) if one[-1 - i] != other[-1 - i]), short - front)
    return front, back


def _marked(parts: Sequence[str], front: int, back: int) -> Marked:
    end = len(parts) - back
    return Marked("".join(parts[:front]), "".join(parts[front:end]), "".join(parts[end:]))
