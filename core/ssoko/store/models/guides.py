"""Evidence that setup steps were done."""

from peewee import BigIntegerField, Check, ForeignKeyField, TextField

from ssoko.store.ids import new_id
from ssoko.store.models.applications import Application
from ssoko.store.models.table import Table


class GuideEvidence(Table):
    """One thing that was seen: a download of one key's certificate, or an accepted answer."""

    id = TextField(primary_key=True, default=new_id)
    application = ForeignKeyField(Application, on_delete="CASCADE", index=False)
    #: "certificate", "metadata" or "accepted".
    kind = TextField()
    #: The newest key whose certificate was in the file, or the key that signed the answer.
    key_id = TextField()
    at = BigIntegerField()
    #: Name of whoever took the file, or who was signed in, at that time.
    by_name = TextField()
    #: Where an accepted answer was sent, and whom it was for (the SP's entity ID).
    acs_url = TextField(default="")
    audience = TextField(default="")

    class Meta:
        table_name = "guide_evidence"
        indexes = ((("application", "kind", "key_id"), True),)
        constraints = [Check("kind IN ('certificate', 'metadata', 'accepted')")]
