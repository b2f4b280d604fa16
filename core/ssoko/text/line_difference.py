"""The difference of two long texts, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Literal

Kind = Literal["same", "added", "removed", "gap"]
_KINDS: dict[str, Kind] = {"+": "added", "-": "removed", " ": "same"}
#: Lines around a change that are shown.
_CONTEXT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a text; a ``gap`` replaces lines that are the same."""

    kind: Kind
    text: str


def between(before: str, new: str) -> Iterator[Line]:
    """Yield the lines that differ, with a few around each; none when the texts are equal."""
    lines = unified_diff(before.splitlines(), new.splitlines(), n=_CONTEXT, lineterm="")
    for number, line in enumerate(lines):
        if number < 2:  # the header with two file names
            continue
        if not line.startswith("@@"):
            yield Line(kind=_KINDS[line[0]], text=line[1:])
        elif number > 2:
            yield Line(kind="gap", text="")
