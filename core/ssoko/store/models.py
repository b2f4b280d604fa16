"""The tables, as the services see them; migrations keep their own frozen copies.

Times are integer seconds since the epoch, UTC. Ids are strings that Ssoko makes: those of
:func:`new_id` sort by the time they were made.
"""

from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    BooleanField,
    Check,
    DatabaseProxy,
    ForeignKeyField,
    JSONField,
    Model,
    TextField,
)

from ssoko.store.ids import new_id as new_id
from ssoko.store.ids import random_id as random_id

#: Bound by :func:`ssoko.store.db.connect`; one process serves one database.
database = DatabaseProxy()


class Table(Model):
    """What all tables share."""

    class Meta:
        database = database
        legacy_table_names = False


class Workspace(Table):
    id = TextField(primary_key=True, default=new_id)
    slug = TextField(unique=True)
    name = TextField()
    #: Whom people are told to ask; an e-mail address or a sentence.
    contact = TextField(default="")
    time_zone = TextField(default="UTC")
    created_at = BigIntegerField()

    class Meta:
        table_name = "workspace"


class User(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    username = TextField()
    #: Folded form of the user name, so that look-alikes count as taken.
    username_key = TextField()
    email = TextField(default="")
    email_key = TextField(default="")
    first_name = TextField(default="")
    last_name = TextField(default="")
    #: Folded names, user name and e-mail, for the search.
    search_key = TextField(default="")
    password_hash = TextField(null=True)
    is_admin = BooleanField(default=False)
    active = BooleanField(default=True)
    attributes = JSONField(default=dict)
    theme = TextField(default="")
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        table_name = "user_account"
        indexes = (
            (("workspace", "username_key"), True),
            (("workspace", "email_key"), False),
            (("workspace", "search_key", "id"), False),
        )


class Group(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    name = TextField()
    name_key = TextField()
    description = TextField(default="")
    created_at = BigIntegerField()

    class Meta:
        table_name = "user_group"
        indexes = ((("workspace", "name_key"), True),)


class Membership(Table):
    id = TextField(primary_key=True, default=new_id)
    group = ForeignKeyField(Group, on_delete="CASCADE", index=False)
    user = ForeignKeyField(User, on_delete="CASCADE", index=False)
    created_at = BigIntegerField()

    class Meta:
        table_name = "membership"
        indexes = ((("group", "user"), True), (("user", "group"), False))


class Issuer(Table):
    #: Part of the entity ID and of every endpoint; never changes.
    id = TextField(primary_key=True, default=random_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: str
    name = TextField()
    shared = BooleanField(default=False)
    created_at = BigIntegerField()

    class Meta:
        table_name = "issuer"


class SigningKey(Table):
    id = TextField(primary_key=True, default=new_id)
    issuer = ForeignKeyField(Issuer, on_delete="CASCADE")
    state = TextField()
    #: URI of the signature algorithm.
    algorithm = TextField()
    certificate = TextField()
    #: PKCS 8 PEM, encrypted under the master key; see :mod:`ssoko.services.keys`.
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
    #: The record: a service provider, its mappings, metadata fields and guide.
    sp_entity_id = TextField()
    service_provider = JSONField()
    mappings = JSONField()
    metadata_fields = JSONField()
    guide = TextField()
    #: Fields of the service provider that an admin set by hand; ``service_provider`` has them.
    overrides = JSONField(default=dict)
    #: What the plugin proposed: its ``service_provider`` and ``mappings``, or nothing before 0004.
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


class Role(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    name = TextField()
    name_key = TextField()
    description = TextField(default="")
    #: The application that this role opens, if any.
    application = ForeignKeyField(Application, null=True, on_delete="CASCADE")
    application_id: str | None
    #: True for the role that was made with the application.
    is_default = BooleanField(default=False)
    attributes = JSONField(default=dict)
    created_at = BigIntegerField()
    #: Set while the role's application is uninstalled and can still be restored.
    removed_at = BigIntegerField(null=True)

    class Meta:
        table_name = "role"


Role.add_index(
    Role.index(
        Role.workspace,
        Role.name_key,
        unique=True,
        where=SQL("removed_at IS NULL"),
        name="role_live_name",
    )
)


class Grant(Table):
    """A role given to a user or to a group, never to both."""

    id = TextField(primary_key=True, default=new_id)
    role = ForeignKeyField(Role, on_delete="CASCADE", index=False)
    user = ForeignKeyField(User, null=True, on_delete="CASCADE")
    group = ForeignKeyField(Group, null=True, on_delete="CASCADE")
    #: The grant counts while now < expires_at.
    expires_at = BigIntegerField(null=True)
    created_at = BigIntegerField()
    created_by = TextField(default="")

    class Meta:
        table_name = "role_grant"
        indexes = ((("role", "user"), True), (("role", "group"), True))
        constraints = [Check("(user_id IS NULL) <> (group_id IS NULL)")]


class Session(Table):
    #: SHA-256 of the token in the browser, in hexadecimal.
    id = TextField(primary_key=True)
    #: Names the session in pages and addresses; it opens nothing.
    handle = TextField(unique=True, default=random_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: str
    created_at = BigIntegerField()
    last_seen_at = BigIntegerField()
    expires_at = BigIntegerField()
    #: When the person last proved who they are, and how.
    authn_at = BigIntegerField()
    authn_method = TextField()
    ended_at = BigIntegerField(null=True)
    user_agent = TextField(default="")
    address = TextField(default="")

    class Meta:
        table_name = "browser_session"


class Participation(Table):
    """One SP that a session has signed in to."""

    id = TextField(primary_key=True, default=new_id)
    session = ForeignKeyField(Session, on_delete="CASCADE", index=False)
    application = ForeignKeyField(Application, on_delete="CASCADE")
    #: SessionIndex of the assertion; opaque, one a session and application.
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


class PendingRequest(Table):
    """An AuthnRequest that waits for its person to sign in."""

    #: SHA-256 of the key in the address, in hexadecimal.
    id = TextField(primary_key=True)
    issuer = ForeignKeyField(Issuer, on_delete="CASCADE")
    binding = TextField()
    #: The message as it was decoded, and the raw query when that was signed.
    message = BlobField()
    raw_query = BlobField(null=True)
    relay_state = TextField(default="")
    #: ForceAuthn: the session, or "", of the person who was sent to sign in again; null before.
    asked_session = TextField(null=True)
    created_at = BigIntegerField()
    expires_at = BigIntegerField(index=True)

    class Meta:
        table_name = "pending_request"


class Event(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    at = BigIntegerField()
    #: "user", "token", "system" or "anonymous", with the id and the name at that time.
    actor_kind = TextField()
    actor_id = TextField(default="")
    actor_name = TextField(default="")
    action = TextField()
    target_kind = TextField(default="")
    target_id = TextField(default="")
    target_name = TextField(default="")
    application_id = TextField(default="")
    #: "done" or "refused".
    outcome = TextField(default="done")
    detail = JSONField(default=dict)
    address = TextField(default="")
    #: Reference that a person was shown, such as SK-7QF4-K2M9.
    reference = TextField(default="")

    class Meta:
        table_name = "event"
        indexes = (
            (("workspace", "id"), False),
            (("workspace", "application_id", "id"), False),
            (("workspace", "actor_id", "id"), False),
            (("workspace", "target_id", "id"), False),
        )


class ApiToken(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: str
    name = TextField()
    #: SHA-256 of the token, in hexadecimal.
    token_hash = TextField(unique=True)
    #: Space-separated; see :mod:`ssoko.services.tokens`.
    scope = TextField()
    created_at = BigIntegerField()
    created_by = TextField(default="")
    expires_at = BigIntegerField(null=True)
    last_used_at = BigIntegerField(null=True)
    revoked_at = BigIntegerField(null=True)

    class Meta:
        table_name = "api_token"


class OneTimeLink(Table):
    """A link that sets up the first admin, or signs somebody in, once."""

    #: SHA-256 of the code in the address, in hexadecimal.
    id = TextField(primary_key=True)
    #: "setup" or "sign-in".
    purpose = TextField()
    user = ForeignKeyField(User, null=True, on_delete="CASCADE")
    created_at = BigIntegerField()
    expires_at = BigIntegerField()
    used_at = BigIntegerField(null=True)

    class Meta:
        table_name = "one_time_link"


#: Parents before children.
TABLES = (
    Workspace,
    User,
    Group,
    Membership,
    Issuer,
    SigningKey,
    Application,
    Role,
    Grant,
    Session,
    Participation,
    PendingRequest,
    Event,
    ApiToken,
    OneTimeLink,
)
