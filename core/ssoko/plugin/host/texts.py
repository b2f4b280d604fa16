"""What plugins say, as text that every page, file and log can hold."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

#: The most characters of all texts in one value that a hook returns.
MAX_CHARACTERS = 256 * 1024
#: The most characters of one error message.
MAX_MESSAGE = 1000
#: The most levels of lists and mappings in one value.
_MAX_DEPTH = 20


def plain(value: object, limit: int = MAX_MESSAGE) -> str:
    """Return any object of a plugin as text of at most ``limit`` characters.

    An exception can have a text that raises or that no page can encode.
    """
    try:
        text = str(value)
        # A subclass of str could behave in any way.
        text = "".join(text[:limit])
    except BaseException:
        return f"(the text of {type(value).__name__[:100]!a} cannot be read)"
    return encodable(text)


def encodable(text: str) -> str:
    """Return a text with a replacement for each lone surrogate, which UTF-8 cannot encode."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_problem(value: object) -> str:
    """Return why the texts of a value cannot be shown or sent, or an empty text.

    Looks into dataclasses, mappings, lists and tuples.
    """
    total = 0
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            return f"return at most {_MAX_DEPTH} levels of lists and mappings"
        if isinstance(item, str) and not isinstance(item, Enum):
            if type(item) is not str:
                return f"return texts of type str, not {type(item).__name__[:100]}"
            total += len(item)
            if total > MAX_CHARACTERS:
                return f"return at most {MAX_CHARACTERS} characters"
            if not is_encodable(item):
                return "return texts without lone surrogates, which UTF-8 cannot encode"
        elif isinstance(item, Mapping):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list | tuple | set | frozenset):
            waiting += [(part, depth + 1) for part in item]
        elif is_dataclass(item) and not isinstance(item, type):
            waiting += [(getattr(item, field.name), depth + 1) for field in fields(item)]
    return ""


def is_encodable(text: str) -> bool:
    """Return whether UTF-8 can encode a text."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
