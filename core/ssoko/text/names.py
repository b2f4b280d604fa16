"""Names as users type them, and the keys that compare and search them."""

import re
import unicodedata
from typing import Any, TypeGuard

from ssoko.errors import InputError

#: Longest name of anything, in characters.
MAX_NAME = 150

# Lowercase letters of other scripts that look like Latin letters: Unicode
# confusables (UTS 39) of Cyrillic, Greek, Armenian and Latin, after case folding.
_LOOK_ALIKES = str.maketrans(
    {
        **dict(zip("авеікмнорстухјѕһԁԛԝӏґ", "abeikmhopctyxjshdqwlr", strict=True)),
        **dict(zip("αβεζηικμνορτυχγϲϳ", "abezhikmnoptyxycj", strict=True)),
        **dict(zip("օոհսցզ", "onhugq", strict=True)),
        **dict(zip("ıɑɡɩʏ", "iagiy", strict=True)),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("‘’ʼ′", "'"),
    }
)

#: Letters and marks that are invisible, besides format and control characters.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_BLANK_RANGES = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Format characters that Persian and Indic words need.
JOINERS = frozenset("\u200c\u200d")

_SLUG_GAP = re.compile(r"[^a-z0-9]+")
_WORD_START = re.compile(r"(?<![^\W_])[^\W_]")


def fold(text: str, *, field: str = "name") -> str:
    """Return a key that is equal for two spellings of the same name.

    Case, width and other compatibility forms, surrounding spaces, and letters of other scripts
    that look like Latin letters are ignored (Unicode NFKC_Casefold, UTS 39).

    :param field: what :class:`InputError` names.
    :raises InputError: when the text has invisible characters.
    """
    if not is_text(text) or any(map(_is_hidden, text)):
        raise InputError.of(field, "Remove the invisible characters, and type the text again")
    return _fold(text)


def slugify(text: str, *, fallback: str = "item", length: int = 40) -> str:
    """Return ``text`` as a slug for URLs: a to z, 0 to 9 and single hyphens."""
    plain = _without_marks(_fold("".join(c for c in text if is_text(c))))
    return _SLUG_GAP.sub("-", plain).strip("-")[:length].strip("-") or fallback


def search_words(*texts: str) -> tuple[str, ...]:
    """Return the words that find the texts, each from a word start to a space.

    ``amina.otieno@acme.test`` gives itself, ``otieno@acme.test`` and ``acme.test``; words that
    another word of the result starts with are omitted, since a search matches word starts.
    """
    words: dict[str, None] = {}
    for text in texts:
        for token in search_terms(text, at_most=16):
            starts = [m.start() for m in _WORD_START.finditer(token)] or [0]
            # The top-level domain identifies nobody.
            last = token.rfind(".") if "@" in token else len(token)
            words |= dict.fromkeys(token[i:][:100] for i in sorted({0, *starts}) if i <= last)
    return tuple(word for word in words if not any(o != word and o.startswith(word) for o in words))


def search_terms(q: str, *, at_most: int = 8) -> tuple[str, ...]:
    """Return the words of a search, folded, without accents and duplicates."""
    visible = "".join(c if not _is_hidden(c) else " " for c in q[:300])
    return tuple(dict.fromkeys(_without_marks(_fold(visible)).split()))[:at_most]


def check_name(
    text: object, *, field: str = "name", required: bool = True, longest: int = MAX_NAME
) -> str:
    """Return one line of readable text, without surrounding spaces.

    :raises InputError: at ``field``, when it is empty, too long, or not printable.
    """
    if not is_text(text):
        raise InputError.of(field, "Enter plain text without control characters")
    clean = unicodedata.normalize("NFC", text).strip()
    if any(_is_hidden(c) for c in clean if c not in JOINERS):
        raise InputError.of(field, "Remove the invisible characters, and type the text again")
    if required and not clean:
        raise InputError.of(field, "Enter a value")
    if len(clean) > longest:
        raise InputError.of(field, f"Shorten this to {longest} characters")
    return clean


def is_text(value: Any) -> TypeGuard[str]:
    """Return whether both databases and XML 1.0 can store this text."""
    return isinstance(value, str) and not any(
        (c < " " and c not in "\t\n\r") or "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff"
        for c in value
    )


def is_id(value: Any) -> TypeGuard[str]:
    """Return whether this can be an ID; other values are not looked up."""
    return isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= 64


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFKC", folded).casefold()
    folded = unicodedata.normalize("NFKC", folded)
    return " ".join(folded.translate(_LOOK_ALIKES).split())


def _without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _is_hidden(character: str) -> bool:
    return (
        unicodedata.category(character) in _HIDDEN_CATEGORIES
        or character in BLANK
        or any(low <= ord(character) <= high for low, high in _BLANK_RANGES)
    )
