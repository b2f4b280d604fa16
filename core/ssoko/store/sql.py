"""Run fixed SQL statements on the connection of the models.

Building a query with the models costs as much as two or three RSA signatures, so the request path
of a sign-in uses fixed text. Statements are written with ``?`` as placeholder for both databases.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ssoko.store.models.table import database


def query(statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    rows: list[tuple[Any, ...]] = execute(statement, params).fetchall()
    return rows


def execute(statement: str, params: Sequence[Any]) -> Any:
    """Run a statement and return the cursor."""
    return database.execute_sql(_with_placeholders(statement, database.param), params)


@lru_cache(maxsize=64)
def _with_placeholders(statement: str, placeholder: str) -> str:
    return statement if placeholder == "?" else statement.replace("?", placeholder)
