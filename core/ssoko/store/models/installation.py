"""Facts about this installation that its settings are compared with."""

from peewee import TextField

from ssoko.store.models.table import Table


class Installation(Table):
    #: "base_url".
    name = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "installation"
