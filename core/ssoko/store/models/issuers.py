"""Issuers, their keys, who fetched their metadata, and the expiry notices sent."""

from peewee import SQL, BigIntegerField, BlobField, BooleanField, Check, ForeignKeyField, TextField

from ssoko.store.ids import new_id, random_id
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


class Issuer(Table):
    #: Part of the entity ID and of every endpoint URL; never changes.
    id = TextField(primary_key=True, default=random_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: str
    name = TextField()
    shared = BooleanField(default=False)
    #: The entity ID of an identity provider that it replaces; empty for the URL of its metadata.
    entity_id = TextField(default="")
    created_at = BigIntegerField()

    class Meta:
        table_name = "issuer"


class SigningKey(Table):
    id = TextField(primary_key=True, default=new_id)
    issuer = ForeignKeyField(Issuer, on_delete="CASCADE")
    issuer_id: str
    state = TextField()
    #: URI of the signature algorithm.
    algorithm = TextField()
    certificate = TextField()
    #: PKCS 8 PEM, encrypted under the master key; see :mod:`ssoko.services.credentials.key_ring`.
    private_key = BlobField()
    not_before = BigIntegerField()
    not_after = BigIntegerField()
    created_at = BigIntegerField()
    created_by = TextField(default="")
    activated_at = BigIntegerField(null=True)
    retired_at = BigIntegerField(null=True)
    #: Until when the certificate of a retired key stays in the metadata.
    published_until = BigIntegerField(null=True)

    class Meta:
        table_name = "signing_key"
        constraints = [Check("state IN ('next', 'active', 'retired')")]


# At most one active and one next key per issuer, even in a race.
for _state in ("active", "next"):
    SigningKey.add_index(
        SigningKey.index(
            SigningKey.issuer,
            unique=True,
            where=SQL(f"state = '{_state}'"),
            name=f"signing_key_one_{_state}",
        )
    )


class MetadataKey(Table):
    """The key that signs the metadata of all issuers of a workspace, and nothing else.

    An assertion of a careless SP could be forged from any element that a signing key signed.
    """

    workspace = ForeignKeyField(Workspace, primary_key=True, on_delete="CASCADE")
    workspace_id: str
    certificate = TextField()
    #: PKCS 8 PEM, encrypted under the master key with the ID of the workspace.
    private_key = BlobField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "metadata_key"


class MetadataFetch(Table):
    """Who fetched the metadata of an issuer, by IP address and user agent."""

    id = TextField(primary_key=True, default=new_id)
    issuer = ForeignKeyField(Issuer, on_delete="CASCADE", index=False)
    address = TextField()
    user_agent = TextField()
    first_at = BigIntegerField()
    last_at = BigIntegerField()
    times = BigIntegerField()
    #: The newest key whose certificate was in the last metadata sent.
    newest_key_id = TextField()

    class Meta:
        table_name = "metadata_fetch"
        indexes = ((("issuer", "address", "user_agent"), True),)


class CertificateNotice(Table):
    """One expiry notice in the activity log, so that no process writes it again."""

    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    #: The issuer of the certificate, or the application whose service provider has it.
    owner_id = TextField()
    #: SHA-256 of the certificate.
    fingerprint = TextField()
    #: The threshold that was reached; 0 means that it expired.
    days = BigIntegerField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "certificate_notice"
        indexes = ((("owner_id", "fingerprint", "days"), True),)
