"""Merge a new proposal into a record that an admin may have edited since the last proposal.

Three states are merged: the earlier proposal, the record, and the new proposal. Where the two
proposals differ, the new one counts, unless an admin edited that value.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = dict[str, Any]
#: Names may repeat, so a row's key is its name and the number of earlier rows with that name.
Key = tuple[str, int]
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """The change of one row in which two proposals differ.

    :param recorded: the row as recorded; ``proposed`` as proposed; None for no row.
    :param stays: an admin edited it, so the new proposal does not change it.
    """

    key: Key
    kind: Kind
    recorded: Row | None
    proposed: Row | None
    stays: bool

    @property
    def name(self) -> str:
        """The row's name, as shown."""
        return self.key[0]


def merge_fields(
    before: Mapping[str, Any], recorded: Mapping[str, Any], proposed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record, updated with the fields in which both proposals differ."""
    changed = {name: value for name, value in proposed.items() if value != before.get(name)}
    return {**recorded, **changed}


def merge_rows(
    before: Sequence[Row], recorded: Sequence[Row], proposed: Sequence[Row]
) -> tuple[list[Row], tuple[RowChange, ...]]:
    """Return the merged rows, and the change of each row in which the proposals differ.

    An unedited list becomes the new proposal, including its order. An edited list keeps its order,
    and new rows are appended.
    """
    now, new = _keyed(recorded), _keyed(proposed)
    changes = {change.key: change for change in _changes(_keyed(before), now, new)}
    if list(before) == list(recorded):
        return list(proposed), tuple(changes.values())
    decided = {key: change.proposed for key, change in changes.items() if not change.stays}
    remaining = [decided.get(key, row) for key, row in now.items()]
    added = [row for key, row in decided.items() if key not in now]
    return [row for row in remaining + added if row is not None], tuple(changes.values())


def _changes(
    old: Mapping[Key, Row], now: Mapping[Key, Row], new: Mapping[Key, Row]
) -> list[RowChange]:
    changes = []
    for key in dict.fromkeys((*old, *new)):
        was, recorded, proposed = old.get(key), now.get(key), new.get(key)
        if was == proposed:
            continue
        kind: Kind = "added" if was is None else "removed" if proposed is None else "changed"
        changes.append(
            RowChange(
                key=key,
                kind=kind,
                recorded=recorded,
                proposed=proposed,
                stays=recorded != was and recorded != proposed,
            )
        )
    return changes


def _keyed(rows: Sequence[Row]) -> dict[Key, Row]:
    count: Counter[str] = Counter()
    keyed = {}
    for row in rows:
        name = str(row["name"])
        keyed[name, count[name]] = row
        count[name] += 1
    return keyed
