"""What was decided about the upgrade of a plugin, and the record from before, one row each."""

from peewee import BigIntegerField, ForeignKeyField, JSONField, TextField

from ssoko.store.models import Application, Table


class UpgradeDecision(Table):
    """The proposal that an admin looked at last; it asks for attention no more."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: SHA-256 of the proposal, in hexadecimal; see :mod:`ssoko.services.upgrade_marks`.
    digest = TextField()
    #: Who proposed it, such as "ssoko-aws 0.2".
    proposer = TextField()
    #: Parts that were kept as recorded, separated by spaces.
    kept = TextField(default="")
    decided_at = BigIntegerField()
    decided_by = TextField(default="")

    class Meta:
        table_name = "upgrade_decision"


class FormerRecord(Table):
    """Columns of an application as they were before an upgrade was accepted, for a while."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: Who proposed what was recorded then, such as "ssoko-aws 0.1".
    proposer = TextField()
    #: The columns, and the same columns as they were accepted: both by name.
    former = JSONField()
    accepted = JSONField()
    #: Name and description of the default role, likewise; empty when it did not change.
    former_role = JSONField(default=dict)
    accepted_role = JSONField(default=dict)
    taken_at = BigIntegerField()

    class Meta:
        table_name = "former_record"


TABLES = (UpgradeDecision, FormerRecord)
