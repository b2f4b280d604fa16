"""Pages of long lists: an opaque cursor marks the start of the next page.

A cursor is the sort key of the last item, as JSON in base64url. It is neither secret nor
signed: a forged cursor shows only what its user may list anyway.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ssoko.errors import InputError
from ssoko.text.names import is_text

T = TypeVar("T")
Row = TypeVar("Row")

MAX_LIMIT = 200

#: A longer list is counted as longer than this.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list.

    :param next: cursor of the page after this one, or None at the end.
    """

    items: tuple[T, ...]
    next: str | None


def check_limit(limit: int) -> int:
    """Return ``limit``.

    :raises InputError: at ``limit`` when it is not from 1 to 200.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise InputError.of("limit", f"Enter a number from 1 to {MAX_LIMIT}")
    return limit


def count_rows(query: Any) -> int:
    """Count the rows of a query; beyond :data:`MOST_COUNTED` the result is one more than that."""
    return int(query.order_by().limit(MOST_COUNTED + 1).count())


def encode_cursor(*key: str) -> str:
    """Return the cursor after the item with this sort key."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def decode_cursor(cursor: str | None, *, length: int) -> tuple[str, ...] | None:
    """Return the sort key in a cursor, or None for the first page.

    :raises InputError: at ``cursor`` when it is malformed.
    """
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded.encode("ascii"), b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != length or not all(map(is_text, key)):
        raise InputError.of("cursor", "Use the cursor of the previous page, or omit it")
    return tuple(key)


def cut(
    rows: Sequence[Row],
    limit: int,
    *,
    key: Callable[[Row], tuple[str, ...]],
    view: Callable[[Row], T],
) -> Page[T]:
    """Make a page of ``rows``, which were queried with one more than ``limit``."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(tuple(map(view, shown)), encode_cursor(*key(shown[-1])) if more else None)
