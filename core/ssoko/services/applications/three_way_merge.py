"""Bring a proposal into a record that somebody may have changed since the last proposal.

Three states meet: what was proposed before, what there is now, and what is proposed anew. What the
proposals have in common says nothing; where they differ, the new one counts, unless somebody
changed that very thing by hand.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = dict[str, Any]
#: Names may come twice, so a row is known by its name and by how many of that name came before.
Key = tuple[str, int]
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """What becomes of one row in which two proposals differ.

    :param there: the row as it is; ``proposed`` as it would be; None for no row.
    :param stays: somebody changed it by hand, so the new proposal does not touch it.
    """

    key: Key
    kind: Kind
    there: Row | None
    proposed: Row | None
    stays: bool

    @property
    def name(self) -> str:
        """The row's name, as it is shown."""
        return self.key[0]


def merge_fields(
    before: Mapping[str, Any], there: Mapping[str, Any], proposed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what there is, with the fields in which both proposals differ."""
    changed = {name: value for name, value in proposed.items() if value != before.get(name)}
    return {**there, **changed}


def merge_rows(
    before: Sequence[Row], there: Sequence[Row], proposed: Sequence[Row]
) -> tuple[list[Row], tuple[RowChange, ...]]:
    """Return the rows after a new proposal, and what became of each that the proposals differ in.

    A list that nobody touched becomes the new proposal, order and all. In one that was touched the
    order stays, and new rows come last.
    """
    now, new = _keyed(there), _keyed(proposed)
    changes = {one.key: one for one in _changes(_keyed(before), now, new)}
    if list(before) == list(there):
        return list(proposed), tuple(changes.values())
    decided = {key: one.proposed for key, one in changes.items() if not one.stays}
    kept = [decided.get(key, row) for key, row in now.items()]
    added = [row for key, row in decided.items() if key not in now]
    return [row for row in kept + added if row is not None], tuple(changes.values())


def _changes(
    old: Mapping[Key, Row], now: Mapping[Key, Row], new: Mapping[Key, Row]
) -> list[RowChange]:
    changes = []
    for key in dict.fromkeys((*old, *new)):
        was, there, proposed = old.get(key), now.get(key), new.get(key)
        if was == proposed:
            continue
        kind: Kind = "added" if was is None else "removed" if proposed is None else "changed"
        changes.append(
            RowChange(
                key=key,
                kind=kind,
                there=there,
                proposed=proposed,
                stays=there != was and there != proposed,
            )
        )
    return changes


def _keyed(rows: Sequence[Row]) -> dict[Key, Row]:
    seen: Counter[str] = Counter()
    keyed = {}
    for row in rows:
        name = str(row["name"])
        keyed[name, seen[name]] = row
        seen[name] += 1
    return keyed
