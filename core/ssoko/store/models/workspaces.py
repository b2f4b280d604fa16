"""The table of workspaces."""

from peewee import BigIntegerField, TextField

from ssoko.store.ids import new_id
from ssoko.store.models.table import Table


class Workspace(Table):
    id = TextField(primary_key=True, default=new_id)
    slug = TextField(unique=True)
    name = TextField()
    #: Whom users should contact: an email address or a sentence.
    contact = TextField(default="")
    time_zone = TextField(default="UTC")
    created_at = BigIntegerField()

    class Meta:
        table_name = "workspace"
