"""Counts with an upper limit, so that large groups are as fast to list as small ones."""

from typing import Any

from peewee import SQL, Node, NodeList

from ssoko.store.models.table import Table

#: Where counting stops; a page may say "10,000 or more".
MOST = 10_000


def capped_count(table: type[Table], column: str, equals: Node) -> NodeList:
    """Return an expression that counts rows of ``table`` up to :data:`MOST`.

    :param column: the column that must equal ``equals``, an expression of the outer query.
    """
    name: Any = table._meta.table_name
    return NodeList(
        (
            SQL(f'(SELECT COUNT(*) FROM (SELECT 1 FROM "{name}" WHERE "{column}" ='),  # noqa: S608 - our own names
            equals,
            SQL(f"LIMIT {MOST}) AS counted)"),
        )
    )
