"""How well a word matches a text, ignoring accents, case and small typing errors."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

#: The weight of a match, by the field it is in.
_WEIGHTS = (("name", 16), ("alias", 8), ("vendor", 4), ("summary", 2), ("description", 1))
#: The score of an exact match, before the weight of its field.
_WHOLE = 8


def fold(text: str) -> str:
    """Return a text to compare: without accents and case, words separated by single spaces."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return " ".join(re.findall(r"\w+", bare))


def score(word: str, fields: Mapping[str, list[str]]) -> int:
    """Return how well one word matches: the field counts first, then how exact the match is.

    :param fields: folded words by ``name``, ``alias``, ``vendor``, ``summary``, ``description``.
    """
    best = 0
    for name, weight in _WEIGHTS:
        if best >= weight * _WHOLE:
            break
        for text_word in fields[name]:
            best = max(best, weight * _closeness(word, text_word))
    return best


# Texts share many words, and an index may have thousands of texts.
@lru_cache(maxsize=32768)
def _closeness(word: str, text_word: str) -> int:
    if word == text_word:
        return _WHOLE
    if text_word.startswith(word):
        return 6
    if len(word) >= 3 and word in text_word:
        return 4
    errors = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
    near = text_word[: len(word) + 1]
    # A missing letter is at least one typing error, and is cheaper to detect.
    if len(set(word) - set(text_word)) > errors:
        return 0
    return 2 if errors and min(_distance(word, text_word), _distance(word, near)) <= errors else 0


def _distance(a: str, b: str) -> int:
    """Count the letters to change, add, remove or swap with a neighbor to get from a to b."""
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
