"""The database: connection, tables, migrations, and small helpers for queries.

Only services import it.
"""
