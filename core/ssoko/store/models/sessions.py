"""Browser sessions, API tokens, one-time links and the service providers a session signed in to."""

from peewee import BigIntegerField, BooleanField, ForeignKeyField, JSONField, TextField

from ssoko.store.ids import new_id, random_id
from ssoko.store.models.applications import Application
from ssoko.store.models.people import User
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


class Session(Table):
    #: SHA-256 of the token in the browser, in hexadecimal.
    id = TextField(primary_key=True)
    #: Identifies the session in pages and URLs; it grants nothing.
    handle = TextField(unique=True, default=random_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: str
    created_at = BigIntegerField()
    last_seen_at = BigIntegerField()
    expires_at = BigIntegerField()
    #: When and how the user last authenticated.
    authn_at = BigIntegerField()
    authn_method = TextField()
    ended_at = BigIntegerField(null=True)
    user_agent = TextField(default="")
    address = TextField(default="")

    class Meta:
        table_name = "browser_session"


class Participation(Table):
    """One service provider that a session has signed in to."""

    id = TextField(primary_key=True, default=new_id)
    session = ForeignKeyField(Session, on_delete="CASCADE", index=False)
    application = ForeignKeyField(Application, on_delete="CASCADE")
    #: SessionIndex of the assertion; opaque, one per session and application.
    session_index = TextField()
    name_id = TextField()
    name_id_format = TextField()
    name_qualifier = TextField(default="")
    sp_name_qualifier = TextField(default="")
    created_at = BigIntegerField()
    last_used_at = BigIntegerField()
    ended_at = BigIntegerField(null=True)

    class Meta:
        table_name = "participation"
        indexes = ((("session", "application"), True), (("application", "name_id"), False))


class ApiToken(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: str
    name = TextField()
    #: SHA-256 of the token, in hexadecimal.
    token_hash = TextField(unique=True)
    #: Space-separated; see :mod:`ssoko.services.authentication.api_tokens`.
    scope = TextField()
    created_at = BigIntegerField()
    created_by = TextField(default="")
    expires_at = BigIntegerField(null=True)
    last_used_at = BigIntegerField(null=True)
    revoked_at = BigIntegerField(null=True)

    class Meta:
        table_name = "api_token"


class OneTimeLink(Table):
    """A link that sets up the first admin, or signs a user in, once."""

    #: SHA-256 of the code in the URL, in hexadecimal.
    id = TextField(primary_key=True)
    #: "setup" or "sign-in".
    purpose = TextField()
    user = ForeignKeyField(User, null=True, on_delete="CASCADE")
    created_at = BigIntegerField()
    expires_at = BigIntegerField()
    used_at = BigIntegerField(null=True)

    class Meta:
        table_name = "one_time_link"


class KeptForm(Table):
    """A form that was sent after its session ended, until its user has signed in again."""

    #: SHA-256 of the key in the URL, in hexadecimal.
    id = TextField(primary_key=True)
    #: Of the session that ended; empty when the browser had none.
    user_id = TextField(default="", index=True)
    path = TextField()
    #: Pairs of name and value, without secrets.
    fields = JSONField()
    #: A secret or a file was left out.
    omitted = BooleanField(default=False)
    expires_at = BigIntegerField(index=True)

    class Meta:
        table_name = "kept_form"
