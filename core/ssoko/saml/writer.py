"""Write XML directly in exclusive canonical form.

The output equals, byte for byte, the exclusive C14N (without comments) of the same document. So
signatures are computed over the text itself. All escaping happens here; no other code inserts
values into markup. Values that XML does not allow raise ValueError before anything is written.
"""

import re
from functools import cache
from typing import NewType

from ssoko.saml.names import NSMAP
from ssoko.saml.xml import check_text

#: One element in exclusive canonical form that declares the namespaces it uses.
Canonical = NewType("Canonical", str)

# All other characters need escaping or are not allowed; most values contain none of them.
_HIGH = "\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_special_in_text = re.compile(f"[^\t\n\x20-%'-;=?-{_HIGH}]").search
_special_in_attribute = re.compile(f"[^\x20!#-%'-;=-{_HIGH}]").search
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)


class CanonicalWriter:
    """Write one element and its content.

    Element names have a prefix from ``names.NSMAP``. Attributes have no namespace; those with the
    value None are omitted. Names must come from the code, values can come from anywhere.
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
        """Close the current element."""
        name, declared_here = self._open.pop()
        self._parts.append(f"</{name}>")
        if declared_here:
            self._declared.discard(declared_here)

    def leaf(self, name: str, value: str = "", /, **attributes: str | None) -> None:
        """Write an element that contains only text."""
        if _special_in_text(value):
            value = check_text(value).translate(_TEXT_ESCAPES)
        self._parts.append(f"{self._opening(name, attributes)}{value}</{name}>")

    def insert(self, element: Canonical) -> None:
        """Insert the finished element of another writer."""
        prefix = element[1 : element.index(":")]
        if prefix in self._declared:
            raise ValueError(f"prefix {prefix} is declared already: not canonical")
        self._parts.append(element)

    def mark(self) -> None:
        """Mark the current position for the signature."""
        self._mark = len(self._parts)

    def split(self) -> tuple[str, str]:
        """Return the finished text before and after the mark."""
        if self._open or self._mark is None:
            raise ValueError("the element is not finished, or has no mark for a signature")
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
