"""Applications, where their metadata came from, and decisions about plugin upgrades."""

from typing import Any

from peewee import SQL, BigIntegerField, BooleanField, ForeignKeyField, JSONField, TextField

from ssoko.store.ids import new_id
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


class Application(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    issuer = ForeignKeyField(Issuer, on_delete="RESTRICT")
    slug = TextField()
    name = TextField()
    name_key = TextField()
    #: Slug of the integration, and the distribution that proposed the record.
    integration = TextField()
    distribution = TextField(default="")
    version = TextField(default="")
    vendor = TextField(default="")
    monogram = TextField(default="")
    enabled = BooleanField(default=True)
    #: The install form's values, as JSON can hold them.
    settings = JSONField()
    #: The record: a service provider, its mappers, metadata fields and guide.
    sp_entity_id = TextField()
    service_provider = JSONField()
    mappers = JSONField()
    metadata_fields = JSONField()
    guide = TextField()
    #: Fields of the service provider that an admin set by hand; ``service_provider`` has them.
    overrides = JSONField(default=dict)
    #: What the plugin proposed: its ``service_provider`` and ``mappers``.
    proposed = JSONField(default=dict)
    created_at = BigIntegerField()
    created_by = TextField(default="")
    updated_at = BigIntegerField()
    uninstalled_at = BigIntegerField(null=True)

    class Meta:
        table_name = "application"
        indexes = ((("workspace", "integration"), False),)


for _columns, _name in (
    ((Application.workspace, Application.slug), "application_live_slug"),
    ((Application.workspace, Application.name_key), "application_live_name"),
    ((Application.issuer, Application.sp_entity_id), "application_live_sp"),
):
    Application.add_index(
        Application.index(*_columns, unique=True, where=SQL("uninstalled_at IS NULL"), name=_name)
    )


class ApplicationMetadata(Table):
    """The metadata that filled an application's settings last; most have none."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: "url", "file" or "text".
    kind = TextField()
    #: The address, or the name of the file.
    name = TextField(default="")
    #: Of the bytes, in hexadecimal.
    sha256 = TextField()
    read_at = BigIntegerField()
    #: PEM certificate that the next metadata must be signed with, or empty.
    signed_by = TextField(default="")

    class Meta:
        table_name = "application_metadata"


class UpgradeDecision(Table):
    """The proposal that an admin looked at last; it asks for attention no more."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: SHA-256 of the proposal, in hexadecimal; see ``services.applications.upgrade_marks``.
    digest = TextField()
    #: Who proposed it, such as "ssoko-aws 0.2".
    proposer = TextField()
    #: Parts that were kept as recorded, separated by spaces.
    kept = TextField(default="")
    decided_at = BigIntegerField()
    decided_by = TextField(default="")

    class Meta:
        table_name = "upgrade_decision"


class FormerRecord(Table):
    """Columns of an application as they were before an upgrade was accepted, for a while."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: Who proposed what was recorded then, such as "ssoko-aws 0.1".
    proposer = TextField()
    #: The columns, and the same columns as they were accepted: both by name.
    former = JSONField()
    accepted = JSONField()
    #: Name and description of the default role, likewise; empty when it did not change.
    former_role = JSONField(default=dict)
    accepted_role = JSONField(default=dict)
    taken_at = BigIntegerField()

    class Meta:
        table_name = "former_record"


def installed_applications(workspace_id: str) -> Any:
    """Return the query of the applications of a workspace that are not uninstalled."""
    return Application.select().where(
        Application.workspace == workspace_id, Application.uninstalled_at.is_null()
    )
