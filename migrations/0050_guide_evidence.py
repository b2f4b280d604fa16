"""What was seen of an installation: files that admins took, answers that were accepted."""

from peewee import BigIntegerField, Check, Database, ForeignKeyField, Model, TextField
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

    class GuideEvidence(Table):
        id = TextField(primary_key=True)
        application = ForeignKeyField(Application, on_delete="CASCADE", index=False)
        kind = TextField()
        key_id = TextField()
        at = BigIntegerField()
        by_name = TextField()
        acs_url = TextField()
        audience = TextField()

        class Meta:
            table_name = "guide_evidence"
            indexes = ((("application", "kind", "key_id"), True),)
            constraints = [Check("kind IN ('certificate', 'metadata', 'accepted')")]

    return [GuideEvidence]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.drop_tables(_tables(db))
