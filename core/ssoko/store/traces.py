"""Traces of exchanges that failed; each belongs to the event with the same reference."""

from peewee import BigIntegerField, ForeignKeyField, IntegerField, JSONField, TextField

from ssoko.store.models import Table, Workspace, new_id


class Trace(Table):
    """One exchange that failed, with what an admin needs to see why.

    Names are those of that time; ids may be of things that are gone since.
    """

    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    #: What the person was shown, such as SK-7QF4-K2M9.
    reference = TextField()
    at = BigIntegerField(index=True)
    issuer_id = TextField()
    application_id = TextField(default="")
    application_name = TextField(default="")
    #: Entity ID that the request claims.
    sp_entity_id = TextField(default="")
    user_id = TextField(default="")
    user_name = TextField(default="")
    #: "sp" or "ssoko"; and "redirect", "post" or "".
    started = TextField()
    binding = TextField(default="")
    relay_state = TextField(default="")
    code = TextField()
    message = TextField()
    got = TextField(default="")
    expected = TextField(default="")
    rule = TextField(default="")
    #: The section of a specification that the rule is from.
    source = TextField(default="")
    fix = TextField(default="")
    #: The message, decoded; or what could not be decoded, as it arrived.
    request = TextField(default="")
    undecoded = TextField(default="")
    #: List of [step, state, detail].
    steps = JSONField(default=list)
    #: What one press could add to the application: an ACS URL, a certificate.
    findings = JSONField(default=dict)
    #: How many more of this kind came that left no trace of their own, and when the last one did.
    repeats = IntegerField(default=0)
    repeated_at = BigIntegerField(null=True)

    class Meta:
        table_name = "trace"
        indexes = (
            (("workspace", "reference"), True),
            (("workspace", "id"), False),
            (("workspace", "application_id", "id"), False),
            (("issuer_id", "user_id", "code", "at"), False),
            (("issuer_id", "user_id", "at"), False),
        )
