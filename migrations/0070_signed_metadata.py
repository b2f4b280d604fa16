"""The certificate that a vendor's metadata must be signed with."""

from peewee import SQL, Database, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    empty = TextField(constraints=[SQL("DEFAULT ''")])
    migrator.migrate(
        migrator.add_column("application_metadata", "signed_by", empty, allow_not_null=True)
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("application_metadata", "signed_by"))
