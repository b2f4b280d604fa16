"""Tables and indexes about certificates: who fetched our metadata, which endings were told."""

from peewee import SQL, BigIntegerField, ForeignKeyField, TextField

from ssoko.store.models import Issuer, SigningKey, Table, Workspace, new_id

# At most one active and one next key an issuer, whoever races.
for _state in ("active", "next"):
    SigningKey.add_index(
        SigningKey.index(
            SigningKey.issuer,
            unique=True,
            where=SQL(f"state = '{_state}'"),
            name=f"signing_key_one_{_state}",
        )
    )


class MetadataFetch(Table):
    """Who asked for the metadata of an issuer, by address and program."""

    id = TextField(primary_key=True, default=new_id)
    issuer = ForeignKeyField(Issuer, on_delete="CASCADE", index=False)
    address = TextField()
    user_agent = TextField()
    first_at = BigIntegerField()
    last_at = BigIntegerField()
    times = BigIntegerField()
    #: The newest key whose certificate was in what was sent the last time.
    newest_key_id = TextField()

    class Meta:
        table_name = "metadata_fetch"
        indexes = ((("issuer", "address", "user_agent"), True),)


class CertificateNotice(Table):
    """One notice that was written to the log, so that no process writes it again."""

    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    #: The issuer whose certificate it is, or the application whose service provider's.
    owner_id = TextField()
    #: SHA-256 of the certificate.
    fingerprint = TextField()
    #: The threshold that was reached; 0 is the end itself.
    days = BigIntegerField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "certificate_notice"
        indexes = ((("owner_id", "fingerprint", "days"), True),)
