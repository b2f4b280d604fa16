"""Evidence that setup steps were done."""

from peewee import BigIntegerField, Check, ForeignKeyField, TextField

from ssoko.store.ids import new_id
from ssoko.store.models.applications import Application
from ssoko.store.models.table import Table


class GuideEvidence(Table):
    """One observation: a download of a key's certificate or metadata, or an accepted response."""

    id = TextField(primary_key=True, default=new_id)
    application = ForeignKeyField(Application, on_delete="CASCADE", index=False)
    #: "certificate", "metadata" or "accepted".
    kind = TextField()
    #: The newest key whose certificate was in the file, or the key that signed the response.
    key_id = TextField()
    at = BigIntegerField()
    #: Name of the admin who downloaded the file, or of the user who was signed in.
    by_name = TextField()
    #: ACS URL and audience (the SP's entity ID) of an accepted response.
    acs_url = TextField(default="")
    audience = TextField(default="")

    class Meta:
        table_name = "guide_evidence"
        indexes = ((("application", "kind", "key_id"), True),)
        constraints = [Check("kind IN ('certificate', 'metadata', 'accepted')")]
