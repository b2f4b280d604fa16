"""Sign-outs under way, and the applications that they have to tell."""

from peewee import (
    BigIntegerField,
    BooleanField,
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

    class User(Table):
        id = TextField(primary_key=True)

        class Meta:
            table_name = "user_account"

    class Application(Table):
        id = TextField(primary_key=True)

        class Meta:
            table_name = "application"

    class LogoutFlow(Table):
        id = TextField(primary_key=True)
        key_hash = TextField(unique=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
        user = ForeignKeyField(User, on_delete="CASCADE")
        application = ForeignKeyField(Application, null=True, on_delete="SET NULL")
        request_id = TextField()
        relay_state = TextField()
        address = TextField()
        created_at = BigIntegerField(index=True)
        finished_at = BigIntegerField(null=True)

        class Meta:
            table_name = "logout_flow"

    class LogoutTarget(Table):
        id = TextField(primary_key=True)
        flow = ForeignKeyField(LogoutFlow, on_delete="CASCADE")
        application = ForeignKeyField(Application, on_delete="CASCADE", index=False)
        position = IntegerField()
        destination = TextField()
        name_id = TextField()
        name_id_format = TextField()
        name_qualifier = TextField()
        sp_name_qualifier = TextField()
        session_indexes = JSONField()
        state = TextField()
        framed = BooleanField()
        request_id = TextField(null=True, unique=True)

        class Meta:
            table_name = "logout_target"
            indexes = ((("application", "id"), False),)

    return [LogoutFlow, LogoutTarget]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.drop_tables(_tables(db))
