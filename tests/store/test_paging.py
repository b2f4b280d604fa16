"""Cursors and limits of pages."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssoko.errors import InputError
from ssoko.store.paging import check_limit, cut, decode_cursor, encode_cursor


def forged(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"])), st.text("ab"))
def test_cursor_round_trip(one: str, two: str) -> None:
    if any(c in "\ufffe\uffff" for c in one):
        return
    assert decode_cursor(encode_cursor(one, two), length=2) == (one, two)


def test_without_a_cursor_the_first_page_is_returned() -> None:
    assert decode_cursor(None, length=2) is None
    assert decode_cursor("", length=2) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "é",
        "%%%",
        "AAAA\n",
        "\x00",
        forged({"a": 1}),
        forged(["one"]),
        forged(["one", 2]),
        forged(["one", None]),
        forged(["one", "\x00"]),
        forged(["one", "\ud800"]),
        forged("ab"),
        "W" * 5000,
    ],
)
def test_invalid_cursor_is_refused_at_cursor(cursor: str) -> None:
    with pytest.raises(InputError) as refused:
        decode_cursor(cursor, length=2)
    assert list(refused.value.errors) == ["cursor"]


@pytest.mark.parametrize("limit", [0, -1, 201, 10**9, True, "5"])
def test_limit_is_from_1_to_200(limit: int) -> None:
    with pytest.raises(InputError) as refused:
        check_limit(limit)
    assert list(refused.value.errors) == ["limit"]


def test_page_has_a_cursor_when_more_rows_follow() -> None:
    page = cut(["a", "b", "c"], 2, key=lambda row: (row,), view=str.upper)
    assert page.items == ("A", "B")
    assert decode_cursor(page.next, length=1) == ("b",)
    assert cut(["a", "b"], 2, key=lambda row: (row,), view=str.upper).next is None
