"""Traces of exchanges that failed, and a way to find the event of a reference."""

from peewee import (
    BigIntegerField,
    Database,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def _tables(db: Database) -> list[type[Model]]:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Workspace(Table):
        id = TextField(primary_key=True)

        class Meta:
            table_name = "workspace"

    class Trace(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        reference = TextField()
        at = BigIntegerField(index=True)
        issuer_id = TextField()
        application_id = TextField()
        application_name = TextField()
        sp_entity_id = TextField()
        user_id = TextField()
        user_name = TextField()
        started = TextField()
        binding = TextField()
        relay_state = TextField()
        code = TextField()
        message = TextField()
        got = TextField()
        expected = TextField()
        rule = TextField()
        source = TextField()
        fix = TextField()
        request = TextField()
        undecoded = TextField()
        steps = JSONField()
        findings = JSONField()
        repeats = IntegerField()
        repeated_at = BigIntegerField(null=True)

        class Meta:
            table_name = "trace"
            indexes = (
                (("workspace", "reference"), True),
                (("workspace", "id"), False),
                (("workspace", "application_id", "id"), False),
                (("issuer_id", "user_id", "code", "at"), False),
                (("issuer_id", "user_id", "at"), False),
            )

    return [Trace]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)
    # Few events have a reference, so the others cost nothing here.
    db.execute_sql(
        "CREATE INDEX event_reference ON event (workspace_id, reference) WHERE reference <> ''"
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.execute_sql("DROP INDEX event_reference")
    db.drop_tables(_tables(db))
