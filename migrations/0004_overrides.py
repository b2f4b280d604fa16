"""What an admin set by hand over the plugin's proposal, and the proposal underneath."""

from peewee import SQL, Database, JSONField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    # A default of the column's own: SQLite rebuilds the table to add a constraint later, and
    # dropping the old one would take the roles with it.
    empty = JSONField(constraints=[SQL("DEFAULT '{}'")])
    migrator.migrate(
        *(
            migrator.add_column("application", name, empty, allow_not_null=True)
            for name in ("overrides", "proposed")
        )
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(
        *(migrator.drop_column("application", name) for name in ("overrides", "proposed"))
    )
