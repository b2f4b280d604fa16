"""Write XML directly in exclusive canonical form.

What this class puts out is, byte for byte, what exclusive C14N (without comments) makes of the
same document. So a signature can be computed over the text itself, and no value is ever pasted
into markup elsewhere: all escaping happens here. Values that XML cannot carry raise ValueError
before anything is written.
"""

import re
from functools import cache
from typing import NewType

from ssoko.saml.names import NSMAP
from ssoko.saml.xml import check_text

#: One element in exclusive canonical form that declares the namespaces it uses.
Canonical = NewType("Canonical", str)

# Anything but these characters needs an escape or is forbidden; most values have none.
_HIGH = "\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_special_in_text = re.compile(f"[^\t\n\x20-%'-;=?-{_HIGH}]").search
_special_in_attribute = re.compile(f"[^\x20!#-%'-;=-{_HIGH}]").search
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)


class CanonicalWriter:
    """Write one element and what it holds.

    Element names carry a prefix of ``names.NSMAP``; attributes have no namespace, and one whose
    value is None is left out. Names and prefixes come from the code, values from anywhere.
    """

    __slots__ = ("_declared", "_mark", "_open", "_parts")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._declared: set[str] = set()
        self._mark: int | None = None

    def start(self, name: str, /, **attributes: str | None) -> None:
        """Open an element."""
        prefix = _prefix(name)
        self._parts.append(self._opening(name, attributes))
        if prefix in self._declared:
            self._open.append((name, ""))
        else:
            self._declared.add(prefix)
            self._open.append((name, prefix))

    def end(self) -> None:
        """Close the element that was opened last."""
        name, declared_here = self._open.pop()
        self._parts.append(f"</{name}>")
        if declared_here:
            self._declared.discard(declared_here)

    def leaf(self, name: str, value: str = "", /, **attributes: str | None) -> None:
        """Write an element that holds only text."""
        if _special_in_text(value):
            value = check_text(value).translate(_TEXT_ESCAPES)
        self._parts.append(f"{self._opening(name, attributes)}{value}</{name}>")

    def insert(self, element: Canonical) -> None:
        """Write an element that another writer has finished."""
        prefix = element[1 : element.index(":")]
        if prefix in self._declared:
            raise ValueError(f"prefix {prefix} is declared already: not canonical")
        self._parts.append(element)

    def mark(self) -> None:
        """Remember this place: the signature goes here."""
        self._mark = len(self._parts)

    def split(self) -> tuple[str, str]:
        """Return the finished text before and after the mark."""
        if self._open or self._mark is None:
            raise ValueError("the element is not finished, or has no place for a signature")
        return "".join(self._parts[: self._mark]), "".join(self._parts[self._mark :])

    def finish(self) -> Canonical:
        """Return the finished element."""
        if self._open:
            raise ValueError(f"element {self._open[-1][0]} is not closed")
        return Canonical("".join(self._parts))

    def _opening(self, name: str, attributes: dict[str, str | None]) -> str:
        prefix = _prefix(name)
        if prefix in self._declared:
            if not attributes:
                return f"<{name}>"
            tag = name
        else:
            tag = f'{name} xmlns:{prefix}="{NSMAP[prefix]}"'
        for key in sorted(attributes):
            value = attributes[key]
            if value is not None:
                if _special_in_attribute(value):
                    value = check_text(value).translate(_ATTRIBUTE_ESCAPES)
                tag = f'{tag} {key}="{value}"'
        return f"<{tag}>"


@cache
def _prefix(name: str) -> str:
    return name[: name.index(":")]
