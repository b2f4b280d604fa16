"""What was decided about an upgrade of a plugin, and the record from before it."""

from peewee import BigIntegerField, Database, ForeignKeyField, JSONField, Model, TextField
from playhouse.migrate import SchemaMigrator


def _tables(db: Database) -> list[type[Model]]:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Application(Table):
        id = TextField(primary_key=True)

        class Meta:
            table_name = "application"

    class UpgradeDecision(Table):
        application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
        digest = TextField()
        proposer = TextField()
        kept = TextField()
        decided_at = BigIntegerField()
        decided_by = TextField()

        class Meta:
            table_name = "upgrade_decision"

    class FormerRecord(Table):
        application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
        proposer = TextField()
        former = JSONField()
        accepted = JSONField()
        former_role = JSONField()
        accepted_role = JSONField()
        taken_at = BigIntegerField()

        class Meta:
            table_name = "former_record"

    return [UpgradeDecision, FormerRecord]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.drop_tables(_tables(db))
