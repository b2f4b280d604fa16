"""How well words are found in texts, with accents, case and slips of the keyboard forgiven."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

#: How much a match counts, by where it is.
_WEIGHTS = (("name", 16), ("alias", 8), ("vendor", 4), ("summary", 2), ("description", 1))
#: What a whole match is worth, before its place is counted.
_WHOLE = 8


def fold(text: str) -> str:
    """Return a text for comparing: no accents, no case, words apart by single spaces."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return " ".join(re.findall(r"\w+", bare))


def score(word: str, fields: Mapping[str, list[str]]) -> int:
    """Return how well one word is found: the place counts first, then how whole the match is.

    :param fields: folded words by ``name``, ``alias``, ``vendor``, ``summary``, ``description``.
    """
    best = 0
    for name, weight in _WEIGHTS:
        if best >= weight * _WHOLE:
            break
        for candidate in fields[name]:
            best = max(best, weight * _closeness(word, candidate))
    return best


# Texts repeat each other's words, and an index may hold thousands of texts.
@lru_cache(maxsize=32768)
def _closeness(word: str, candidate: str) -> int:
    if word == candidate:
        return _WHOLE
    if candidate.startswith(word):
        return 6
    if len(word) >= 3 and word in candidate:
        return 4
    slips = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
    near = candidate[: len(word) + 1]
    # Each letter that is missing is a slip at least, which is quicker to see.
    if len(set(word) - set(candidate)) > slips:
        return 0
    return 2 if slips and min(_distance(word, candidate), _distance(word, near)) <= slips else 0


def _distance(a: str, b: str) -> int:
    """Count the letters to change, add, drop or swap with a neighbour to get from a to b."""
    if abs(len(a) - len(b)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(b, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
