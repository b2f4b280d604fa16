"""What a rotation needs: next keys, kept certificates, who fetched metadata, notices."""

from peewee import BigIntegerField, Database, ForeignKeyField, Model, TextField
from playhouse.migrate import SchemaMigrator

# As SQL, since a rebuilt table could not be referred to meanwhile.
_COLUMNS = (
    ("created_by", "TEXT NOT NULL DEFAULT ''"),
    ("published_until", "BIGINT"),
)


def _tables(db: Database) -> list[type[Model]]:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Workspace(Table):
        id = TextField(primary_key=True)

        class Meta:
            table_name = "workspace"

    class Issuer(Table):
        id = TextField(primary_key=True)

        class Meta:
            table_name = "issuer"

    class MetadataFetch(Table):
        id = TextField(primary_key=True)
        issuer = ForeignKeyField(Issuer, on_delete="CASCADE", index=False)
        address = TextField()
        user_agent = TextField()
        first_at = BigIntegerField()
        last_at = BigIntegerField()
        times = BigIntegerField()
        newest_key_id = TextField()

        class Meta:
            table_name = "metadata_fetch"
            indexes = ((("issuer", "address", "user_agent"), True),)

    class CertificateNotice(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
        owner_id = TextField()
        fingerprint = TextField()
        days = BigIntegerField()
        created_at = BigIntegerField()

        class Meta:
            table_name = "certificate_notice"
            indexes = ((("owner_id", "fingerprint", "days"), True),)

    return [MetadataFetch, CertificateNotice]


def up(migrator: SchemaMigrator, db: Database) -> None:
    for name, kind in _COLUMNS:
        db.execute_sql(f"ALTER TABLE signing_key ADD COLUMN {name} {kind}")
    db.execute_sql(
        "CREATE UNIQUE INDEX signing_key_one_next ON signing_key (issuer_id) WHERE state = 'next'"
    )
    db.create_tables(_tables(db), safe=False)


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.drop_tables(_tables(db))
    db.execute_sql("DROP INDEX signing_key_one_next")
    for name, _ in _COLUMNS:
        db.execute_sql(f"ALTER TABLE signing_key DROP COLUMN {name}")
