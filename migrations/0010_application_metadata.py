"""Where an application's settings came from, when the vendor's metadata filled them."""

from peewee import BigIntegerField, Database, ForeignKeyField, Model, TextField
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

    class ApplicationMetadata(Table):
        application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
        kind = TextField()
        name = TextField()
        sha256 = TextField()
        read_at = BigIntegerField()

        class Meta:
            table_name = "application_metadata"

    return [ApplicationMetadata]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.drop_tables(_tables(db))
