"""Where the metadata of a vendor came from."""

from peewee import BigIntegerField, ForeignKeyField, TextField

from ssoko.store.models import Application, Table


class ApplicationMetadata(Table):
    """The metadata that filled an application's settings last; most have none."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: "url", "file" or "text".
    kind = TextField()
    #: The address, or the name of the file.
    name = TextField(default="")
    #: Of the bytes, in hexadecimal.
    sha256 = TextField()
    read_at = BigIntegerField()
    #: PEM certificate that the next metadata must be signed with, or empty.
    signed_by = TextField(default="")

    class Meta:
        table_name = "application_metadata"
