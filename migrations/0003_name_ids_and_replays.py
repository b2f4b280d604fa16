"""Persistent NameIDs, the memory of signed requests, and who was asked to sign in again."""

from peewee import BigIntegerField, Database, ForeignKeyField, Model, TextField
from playhouse.migrate import SchemaMigrator


def _tables(db: Database) -> list[type[Model]]:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Table):
        id = TextField(primary_key=True)

        class Meta:
            table_name = "user_account"

    class PairwiseId(Table):
        id = TextField(primary_key=True)
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        sp_entity_id = TextField()
        value = TextField(unique=True)

        class Meta:
            table_name = "pairwise_id"
            indexes = ((("user", "sp_entity_id"), True),)

    class SeenRequest(Table):
        id = TextField(primary_key=True)
        pending_id = TextField()
        expires_at = BigIntegerField(index=True)

        class Meta:
            table_name = "seen_request"

    return [PairwiseId, SeenRequest]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)
    migrator.migrate(migrator.add_column("pending_request", "asked_session", TextField(null=True)))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("pending_request", "asked_session"))
    db.drop_tables(_tables(db))
