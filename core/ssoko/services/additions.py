"""What an admin added to the record of an application, over what its plugin proposes.

An ACS URL or a certificate that a trace showed to be missing is added here. The additions are
kept inside the recorded service provider, so sign-in reads one record, and are put back whenever
the plugin proposes a new one.
"""

from collections.abc import Mapping
from typing import Any, Literal

#: Fields of the service provider that can be added to.
Field = Literal["acs_urls", "certificates"]

_KEY = "added"


def added(record: Mapping[str, Any], field: Field) -> list[str]:
    """Return what was added to a field of a recorded service provider."""
    return list(record.get(_KEY, {}).get(field, ()))


def with_addition(record: Mapping[str, Any], field: Field, value: str) -> dict[str, Any]:
    """Return a recorded service provider with one more value; its first one stays the default."""
    return _put(dict(record), {**record.get(_KEY, {}), field: [*added(record, field), value]})


def without_addition(record: Mapping[str, Any], field: Field, value: str) -> dict[str, Any]:
    """Return a recorded service provider without a value that was added."""
    rest = [one for one in added(record, field) if one != value]
    shorter = dict(record) | {field: [one for one in record[field] if one != value]}
    return _put(shorter, {**record.get(_KEY, {}), field: rest})


def carried_over(record: Mapping[str, Any], proposed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a newly proposed service provider with what had been added to the one before."""
    return _put(dict(proposed), record.get(_KEY, {}))


def _put(record: dict[str, Any], additions: Mapping[str, list[str]]) -> dict[str, Any]:
    kept = {field: values for field, values in additions.items() if values}
    for field, values in kept.items():
        there = list(record.get(field, ()))
        record[field] = there + [value for value in values if value not in there]
    return {**record, _KEY: kept} if kept else {k: v for k, v in record.items() if k != _KEY}
