"""The base class of the tables, and the database that they are bound to."""

from peewee import DatabaseProxy, Model

#: Bound by :func:`ssoko.store.db.connect`; one process serves one database.
database = DatabaseProxy()


class Table(Model):
    """The base class of all tables."""

    class Meta:
        database = database
        legacy_table_names = False
