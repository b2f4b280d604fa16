"""Where an application's settings came from, when the vendor's metadata filled them."""

from peewee import Database, JSONField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.add_column("application", "metadata_source", JSONField(default=dict)))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("application", "metadata_source"))
