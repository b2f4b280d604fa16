"""Tables of single logout: sign-outs under way, and whom they have to tell."""

from peewee import (
    BigIntegerField,
    BooleanField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    TextField,
)

from ssoko.store.models import Application, Table, User, Workspace, new_id


class LogoutFlow(Table):
    """One sign-out that the browser carries from application to application.

    The session is over before there is a row here.
    """

    id = TextField(primary_key=True, default=new_id)
    #: SHA-256 of the key in the address, in hexadecimal; new after each application that answers.
    key_hash = TextField(unique=True)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: str
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: str
    #: Who asked for it and waits for a LogoutResponse; null when the person pressed Sign out.
    application = ForeignKeyField(Application, null=True, on_delete="SET NULL")
    application_id: str | None
    request_id = TextField(default="")
    relay_state = TextField(default="")
    address = TextField(default="")
    created_at = BigIntegerField(index=True)
    finished_at = BigIntegerField(null=True)

    class Meta:
        table_name = "logout_flow"


class LogoutTarget(Table):
    """One application that was signed in to, and what became of its session."""

    id = TextField(primary_key=True, default=new_id)
    flow = ForeignKeyField(LogoutFlow, on_delete="CASCADE")
    flow_id: str
    application = ForeignKeyField(Application, on_delete="CASCADE", index=False)
    application_id: str
    position = IntegerField()
    #: The logout URL that it is told at; empty when it has none.
    destination = TextField(default="")
    name_id = TextField()
    name_id_format = TextField()
    name_qualifier = TextField(default="")
    sp_name_qualifier = TextField(default="")
    session_indexes = JSONField(default=list)
    #: "waiting", "asked", and then "ended", "failed", "silent" or "untold".
    state = TextField()
    #: Told in a frame of our page, since the browser might not come back from there.
    framed = BooleanField(default=False)
    #: ID of the LogoutRequest that it was sent.
    request_id = TextField(null=True, unique=True)

    class Meta:
        table_name = "logout_target"
        indexes = ((("application", "id"), False),)


TABLES = (LogoutFlow, LogoutTarget)
