"""Search and filter users, in pages; fast with a million users.

The order is (search key, id). If few users meet a condition, they are looked up and then sorted. If
many do, the users are read in order and tested until the page is full. Neither way reads all users,
and counting stops at :data:`FEW`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peewee import ModelSelect, Select, Tuple, fn

from ssoko.store.models.people import User, UserWord, prefix_range
from ssoko.store.paging import check_limit, count_rows, decode_cursor, encode_cursor
from ssoko.text.names import search_terms, search_words

#: Conditions that at most this many users meet are looked up first.
FEW = 5_000


@dataclass(frozen=True, slots=True)
class Belonging:
    """A condition on users, in two forms.

    :param ids: query of the user IDs, which may have duplicates.
    :param test: condition on one :class:`User`.
    """

    ids: Any
    test: Any


def search_key(*, names: Sequence[str], words: Sequence[str]) -> str:
    """Return the sort key of a user: the name, then all words.

    It starts with a space, so that a space comes before each word.
    """
    return "".join(f" {word}" for word in (*search_terms(" ".join(names), at_most=16), *words))


def words_of(username: str, email: str, first_name: str, last_name: str) -> tuple[str, ...]:
    """Return the words by which a search finds a user."""
    return search_words(first_name, last_name, username, email)


def write_words(workspace_id: str, user_id: str, words: Sequence[str]) -> None:
    """Store the search words of a new user."""
    if words:
        UserWord.insert_many(
            [{"workspace_id": workspace_id, "word": w, "user_id": user_id} for w in words]
        ).execute()


def forget_words(workspace_id: str, user_id: str, words: Sequence[str]) -> None:
    """Delete the search words of a user."""
    UserWord.delete().where(
        UserWord.workspace_id == workspace_id,
        UserWord.word.in_(list(words)),
        UserWord.user_id == user_id,
    ).execute()


def find_people(
    workspace_id: str,
    *,
    q: str = "",
    admin: bool | None = None,
    active: bool | None = None,
    belonging: Belonging | None = None,
    unless: Any = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[User], str | None]:
    """Return one page of users, and the cursor of the next page.

    :param q: each word must match the start of a word in the user's names, username or email.
    :param unless: exclude users who meet this condition on :class:`User`.
    :raises InputError: at ``limit`` or ``cursor``.
    """
    check_limit(limit)
    after = decode_cursor(cursor, length=2)
    tests, few = _conditions(workspace_id, q, belonging)
    key: Any = User.search_key
    place: Any = User.workspace
    if few:
        # Expressions instead of columns, so that SQLite does not scan their index to avoid a sort.
        key, place = key.concat(""), place.concat("")
    if admin is not None:
        # Without a parameter, so that the partial index is used.
        tests.append(User.is_admin if admin else ~User.is_admin)
    if unless is not None:
        tests.append(~unless)
    if active is not None:
        tests.append(User.active if active else ~User.active)
    if after is not None:
        tests.append(Tuple(key, User.id) > Tuple(*after))
    rows = list(
        User.select().where(place == workspace_id, *tests).order_by(key, User.id).limit(limit + 1)
    )
    shown = rows[:limit]
    if len(rows) <= limit:
        return shown, None
    return shown, encode_cursor(shown[-1].search_key, shown[-1].id)


def count_people(
    workspace_id: str, *, q: str = "", admin: bool | None = None, active: bool | None = None
) -> int:
    """Count the users that :func:`find_people` finds, up to ``MOST_COUNTED``."""
    tests, _ = _conditions(workspace_id, q, None)
    if admin is not None:
        tests.append(User.is_admin if admin else ~User.is_admin)
    if active is not None:
        tests.append(User.active if active else ~User.active)
    return count_rows(User.select(User.id).where(User.workspace == workspace_id, *tests))


def _conditions(workspace_id: str, q: str, belonging: Belonging | None) -> tuple[list[Any], bool]:
    found: list[tuple[int, Any, Any]] = []
    for term in search_terms(q):
        ids = _with_word(workspace_id, term)
        found.append((_count(ids), ids, User.search_key.contains(f" {term}")))
    if belonging is not None:
        found.append((_count(belonging.ids), belonging.ids, belonging.test))
    tests = [test for _, _, test in found]
    if not found:
        return tests, False
    fewest, ids, _ = min(found, key=lambda one: one[0])
    if fewest > FEW:
        return tests, False
    return [*tests, User.id.in_(ids)], True


def _with_word(workspace_id: str, term: str) -> "ModelSelect[UserWord]":
    first, last = prefix_range(term)
    return UserWord.select(UserWord.user_id).where(
        UserWord.workspace_id == workspace_id, UserWord.word >= first, UserWord.word < last
    )


def _count(ids: Any) -> int:
    some = ids.clone().limit(FEW + 1).alias("some")
    return int(Select([some], [fn.COUNT(1)]).scalar(User._meta.database))
