"""Words to find users by, and indexes for admins, e-mail addresses and the activity log."""

from peewee import SQL, CompositeKey, Database, Model, SqliteDatabase, TextField
from playhouse.migrate import SchemaMigrator

_INDEXES = (
    ("user_admins", "user_account (workspace_id, search_key, id) WHERE is_admin", False),
    ("user_inactive", "user_account (workspace_id, search_key, id) WHERE NOT active", False),
    ("user_one_email", "user_account (workspace_id, email_key) WHERE email_key <> ''", True),
    ("event_at", "event (workspace_id, at, outcome, action)", False),
)


def _words(db: Database) -> type[Model]:
    # Prefix ranges need byte order, which is SQLite's default and PostgreSQL's "C".
    constraints = [] if isinstance(db, SqliteDatabase) else [SQL('COLLATE "C"')]

    class UserWord(Model):
        workspace_id = TextField()
        word = TextField(constraints=constraints)
        user_id = TextField()

        class Meta:
            database = db
            table_name = "user_word"
            primary_key = CompositeKey("workspace_id", "word", "user_id")
            without_rowid = isinstance(db, SqliteDatabase)

    return UserWord


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables([_words(db)], safe=False)
    for name, on, unique in _INDEXES:
        db.execute_sql(f"CREATE {'UNIQUE ' if unique else ''}INDEX {name} ON {on}")


def down(migrator: SchemaMigrator, db: Database) -> None:
    for name, _, _ in _INDEXES:
        db.execute_sql(f"DROP INDEX {name}")
    db.drop_tables([_words(db)])
