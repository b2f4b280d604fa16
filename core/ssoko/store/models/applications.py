"""Applications, where their metadata came from, and decisions about plugin upgrades."""

from peewee import (
    SQL,
    BigIntegerField,
    BooleanField,
    ForeignKeyField,
    JSONField,
    ModelSelect,
    TextField,
)

from ssoko.store.ids import new_id
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


class Application(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    issuer = ForeignKeyField(Issuer, on_delete="RESTRICT")
    issuer_id: str
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
    #: An admin allows sign-ins while the plugin that adds attributes is not loaded.
    without_plugin = BooleanField(default=False)
    #: The install form's values, as JSON can hold them.
    settings = JSONField()
    #: The record: a service provider, its mappers, metadata fields and guide.
    sp_entity_id = TextField()
    service_provider = JSONField()
    mappers = JSONField()
    metadata_fields = JSONField()
    guide = TextField()
    #: Fields of the service provider that an admin overrode; ``service_provider`` includes them.
    overrides = JSONField(default=dict)
    #: The plugin's proposal: its ``service_provider`` and ``mappers``.
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
    """The metadata that last filled an application's settings; most have none."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: "url", "file" or "text".
    kind = TextField()
    #: The URL, or the name of the file.
    name = TextField(default="")
    #: Of the bytes, in hexadecimal.
    sha256 = TextField()
    read_at = BigIntegerField()
    #: PEM certificate that the next metadata must be signed with, or empty.
    signed_by = TextField(default="")
    #: Warnings, and parts that are not used, each with the reason.
    notes = JSONField(default=dict)

    class Meta:
        table_name = "application_metadata"


class UpgradeDecision(Table):
    """The proposal that an admin reviewed last, so that it is not shown again."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: SHA-256 of the proposal, in hexadecimal; see ``services.applications.upgrade_marks``.
    digest = TextField()
    #: The plugin that proposed it, such as "ssoko-aws 0.2".
    proposer = TextField()
    #: Parts that were not accepted, separated by spaces.
    kept = TextField(default="")
    decided_at = BigIntegerField()
    decided_by = TextField(default="")

    class Meta:
        table_name = "upgrade_decision"


class FormerRecord(Table):
    """Columns of an application before an upgrade was accepted, kept for 30 days."""

    application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
    #: The plugin that proposed the former record, such as "ssoko-aws 0.1".
    proposer = TextField()
    #: The former columns, and the accepted ones, both by name.
    former = JSONField()
    accepted = JSONField()
    #: Name and description of the default role, likewise; empty when unchanged.
    former_role = JSONField(default=dict)
    accepted_role = JSONField(default=dict)
    taken_at = BigIntegerField()

    class Meta:
        table_name = "former_record"


def installed_applications(workspace_id: str) -> "ModelSelect[Application]":
    """Return the query of the applications of a workspace that are not uninstalled."""
    return Application.select().where(
        Application.workspace == workspace_id, Application.uninstalled_at.is_null()
    )
