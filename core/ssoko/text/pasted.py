"""Clean text that was copied from a page, a mail or an XML file and pasted into a field.

Removed are spaces at the ends, characters that are invisible, and what surrounds a value where it
was copied: quotes, brackets, an XML tag, and a label such as ``Entity ID:``. What was removed is
reported, so that a page can show it. What is still suspicious is named by :func:`suspicious`.
"""

import html
import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

from ssoko.text.names import BLANK, JOINERS

_QUOTES = "\"'`\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2032\u2033"
_BRACKETS = {"<": ">", "(": ")", "[": "]", "{": "}"}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,30}:\S", re.IGNORECASE)
_URL = re.compile(r"https?://", re.IGNORECASE)
_TAG = re.compile(r"<([\w:.-]+)(?:\s[^<>]*)?>([^<>]*)</\1\s*>")
_MARKDOWN = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_LABEL = re.compile(r"([A-Za-z][\w ./()#*-]{0,60}?)[ \t]*(?:[:=](\s*)|\t\s*)(\S.*)", re.DOTALL)
#: The lookbehind keeps the time linear in a long run of spaces.
_BETWEEN_URLS = re.compile(
    r"(?<![\s,;|])[\s,;|]+(?=[\"'<\u201c\u2018]?https?://)|[\r\n]+", re.IGNORECASE
)
#: Words before a colon that belong to a value: a URI's scheme, a source.
_NO_LABELS = frozenset({"constant", "user", "urn", "http", "https", "spn", "api", "arn"})
#: What vendors call their values, without spaces and in lowercase.
_KNOWN_LABELS = frozenset(
    "entityid spentityid identifier identifierentityid issuer issueruri issuerurl spissuer audience"
    " audienceuri audienceurl audiencerestriction acs acsurl acsurls spacsurl acslocation"
    " assertionconsumerservice assertionconsumerserviceurl replyurl callbackurl recipient"
    " destination location responselocation url uri ssourl loginurl signinurl signonurl"
    " singlesignonurl logouturl slourl singlelogouturl singlelogoutservice relaystate format"
    " nameidformat name value domain host accountid".split()
)
#: Scripts with letters that look like Latin letters.
_LOOK_ALIKE = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "FULLWIDTH", "MATHEMATICAL"})
_ODD = frozenset(_QUOTES) - set("\"'`") | {"\u2026", "\ufffd"}


class Pasted(NamedTuple):
    """A cleaned text.

    :param removed: what was removed or replaced, one phrase each, such as ``quotes``.
    """

    text: str
    removed: tuple[str, ...] = ()


def clean(text: str, *, labels: Collection[str] = (), secret: bool = False) -> Pasted:
    """Return a text without what copying added to it.

    :param labels: further labels that may precede the value, such as that of the field.
    :param secret: quotes and brackets may belong to the value.
    """
    removed: dict[str, None] = {}
    text = _without_invisible(text, removed).strip()
    if secret:
        return Pasted(text, tuple(removed))
    own = frozenset(map(_word, labels)) - {""}
    for _ in range(6):
        shorter = _unwrap(text, own, removed)
        if shorter == text:
            break
        text = shorter
    if _URL.match(text) and "&amp;" in text:
        removed["the code &amp; instead of &"] = None
        text = html.unescape(text)
    return Pasted(text, tuple(removed))


def split_urls(text: str) -> list[str]:
    """Return the URLs of a text, one per line or with spaces, commas or semicolons between them.

    A comma or semicolon within a URL does not end it.
    """
    parts = (part.strip().rstrip(",;|").strip() for part in _BETWEEN_URLS.split(text))
    return [part for part in parts if part]


def suspicious(text: str) -> str:
    """Return the first character that an identifier or URL cannot have on purpose, by name.

    These are invisible characters, typographic quotes, and letters of another script that look like
    Latin letters beside Latin ones. Empty when there is none.
    """
    latin = any(char.isascii() and char.isalpha() for char in text)
    for char in text:
        if char.isascii() and char.isprintable():
            continue
        category = unicodedata.category(char)
        name = unicodedata.name(char, "a control character")
        if (
            category[0] in "CZ"
            or char in BLANK
            or char in _ODD
            or (latin and name.partition(" ")[0] in _LOOK_ALIKE)
        ):
            return f"U+{ord(char):04X} {name}"
    return ""


def describe(removed: Collection[str]) -> str:
    """Return what was removed as a sentence without its full stop."""
    return "Removed " + ", ".join(removed)


def _without_invisible(text: str, removed: dict[str, None]) -> str:
    if text.isascii():
        return text
    kept = []
    for index, char in enumerate(text):
        if char.isascii() or not _is_invisible(char):
            kept.append(char)
            continue
        around = text[max(index - 1, 0) : index] + text[index + 1 : index + 2]
        if char in JOINERS and len(around) == 2 and not any(c.isascii() for c in around):
            kept.append(char)  # Persian and Indic words, and emoji, need joiners.
            continue
        name = unicodedata.name(char, "invisible character").lower()
        removed[f"{name} (U+{ord(char):04X})"] = None
    return "".join(kept)


def _is_invisible(char: str) -> bool:
    return (
        unicodedata.category(char) == "Cf"
        or char in BLANK
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


def _unwrap(text: str, labels: Collection[str], removed: dict[str, None]) -> str:
    """Return the text without its outermost quotes, brackets, tag or label."""
    if len(text) < 2:
        return text
    first, last, inner = text[0], text[-1], text[1:-1]
    if first in _QUOTES and last in _QUOTES and not set(inner) & {first, last}:
        removed["quotes"] = None
        return inner.strip()
    if last in ",;" and _SCHEME.match(text.lstrip(_QUOTES + "<([")):
        removed["the punctuation at the end"] = None
        return text.rstrip(",; ")
    if match := _TAG.fullmatch(text):
        removed[f"the tag {match[1]}"] = None
        return html.unescape(match[2]).strip()
    if match := _MARKDOWN.fullmatch(text):
        removed["the link around it"] = None
        return match[1]
    if _BRACKETS.get(first) == last and _SCHEME.match(inner.strip()) and last not in inner:
        removed["brackets"] = None
        return inner.strip()
    if _URL.match(text[1:]) and first in _QUOTES + "<([":
        removed["quotes" if first in _QUOTES else "brackets"] = None
        return text[1:]
    if _URL.match(text) and last in _QUOTES:
        removed["quotes"] = None
        return text[:-1]
    return _without_label(text, labels, removed)


def _without_label(text: str, labels: Collection[str], removed: dict[str, None]) -> str:
    match = _LABEL.fullmatch(text)
    if not match:
        return text
    label, gap, value = match[1].strip(), match[2], match[3].strip()
    word = _word(label)
    is_value = bool(_SCHEME.match(value.lstrip(_QUOTES + "<([")))
    if word in _NO_LABELS or value.startswith("//"):
        return text
    if word in labels or word in _KNOWN_LABELS or (is_value and (gap or " " in label)):
        removed[f"the label {label}"] = None
        return value
    return text


def _word(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", label.lower())
