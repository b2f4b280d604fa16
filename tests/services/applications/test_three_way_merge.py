"""Merge a new proposal into a record that an admin may have edited."""

from typing import Any

import pytest
from ssoko.services.applications.three_way_merge import merge_fields, merge_rows


def rows(*pairs: str) -> list[dict[str, Any]]:
    """Return rows from texts such as ``mail=user.email``."""
    return [dict(zip(("name", "source"), pair.split("="), strict=True)) for pair in pairs]


@pytest.mark.parametrize(
    ("there", "proposed", "merged"),
    [
        (["a=1", "b=2"], ["b=3", "c=4"], ["b=3", "c=4"]),
        (["b=2", "a=1"], ["a=5", "b=2"], ["b=2", "a=5"]),
        (["b=2"], ["a=5", "b=2"], ["b=2"]),
        (["a=9", "b=2"], ["a=5", "b=2"], ["a=9", "b=2"]),
        (["a=9", "b=2"], ["b=2"], ["a=9", "b=2"]),
        (["a=1", "b=2", "own=7"], ["a=1"], ["a=1", "own=7"]),
        (["a=1", "b=2", "c=8"], ["a=1", "b=2", "c=4"], ["a=1", "b=2", "c=8"]),
        (["a=1", "b=2", "own=7"], ["a=1", "b=2", "a=6"], ["a=1", "b=2", "own=7", "a=6"]),
        ([], ["a=1", "b=2"], []),
    ],
)
def test_rows_that_nobody_touched_follow_the_proposal(there, proposed, merged):
    found, _ = merge_rows(rows("a=1", "b=2"), rows(*there), rows(*proposed))
    assert found == rows(*merged)


def test_changes_say_what_becomes_of_each_row():
    _, changes = merge_rows(
        rows("a=1", "b=2", "c=3"), rows("a=9", "b=2", "c=3"), rows("a=5", "c=3", "d=4")
    )
    assert [(one.name, one.kind, one.stays) for one in changes] == [
        ("a", "changed", True),
        ("b", "removed", False),
        ("d", "added", False),
    ]


def test_field_changes_only_where_the_proposals_differ():
    before, there, proposed = {"a": 1, "b": 2}, {"a": 9, "b": 8}, {"a": 1, "b": 3, "c": 4}
    assert merge_fields(before, there, proposed) == {"a": 9, "b": 3, "c": 4}
