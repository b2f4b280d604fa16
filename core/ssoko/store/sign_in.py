"""Tables that only sign-in needs."""

from peewee import BigIntegerField, ForeignKeyField, TextField

from ssoko.store.models import Table, User, new_id


class PairwiseId(Table):
    """The persistent NameID of one user at one SP; it says nothing about the user elsewhere."""

    id = TextField(primary_key=True, default=new_id)
    user = ForeignKeyField(User, on_delete="CASCADE", index=False)
    sp_entity_id = TextField()
    value = TextField(unique=True)

    class Meta:
        table_name = "pairwise_id"
        indexes = ((("user", "sp_entity_id"), True),)


class SeenRequest(Table):
    """A signed AuthnRequest that was accepted once, until it would be stale anyway."""

    #: SHA-256 of the issuer's id, the SP's entity ID and the request's ID, in hexadecimal.
    id = TextField(primary_key=True)
    #: The pending request that it waits in; empty when it was answered at once.
    pending_id = TextField(default="")
    expires_at = BigIntegerField(index=True)

    class Meta:
        table_name = "seen_request"
