"""Everything that the first release keeps."""

from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    BooleanField,
    Check,
    Database,
    ForeignKeyField,
    JSONField,
    Model,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def _tables(db: Database) -> list[type[Model]]:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Workspace(Table):
        id = TextField(primary_key=True)
        slug = TextField(unique=True)
        name = TextField()
        contact = TextField()
        time_zone = TextField()
        created_at = BigIntegerField()

        class Meta:
            table_name = "workspace"

    class User(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        username = TextField()
        username_key = TextField()
        email = TextField()
        email_key = TextField()
        first_name = TextField()
        last_name = TextField()
        search_key = TextField()
        password_hash = TextField(null=True)
        is_admin = BooleanField()
        active = BooleanField()
        attributes = JSONField()
        theme = TextField()
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
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        name = TextField()
        name_key = TextField()
        description = TextField()
        created_at = BigIntegerField()

        class Meta:
            table_name = "user_group"
            indexes = ((("workspace", "name_key"), True),)

    class Membership(Table):
        id = TextField(primary_key=True)
        group = ForeignKeyField(Group, on_delete="CASCADE", index=False)
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        created_at = BigIntegerField()

        class Meta:
            table_name = "membership"
            indexes = ((("group", "user"), True), (("user", "group"), False))

    class Issuer(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
        name = TextField()
        shared = BooleanField()
        created_at = BigIntegerField()

        class Meta:
            table_name = "issuer"

    class SigningKey(Table):
        id = TextField(primary_key=True)
        issuer = ForeignKeyField(Issuer, on_delete="CASCADE")
        state = TextField()
        algorithm = TextField()
        certificate = TextField()
        private_key = BlobField()
        not_before = BigIntegerField()
        not_after = BigIntegerField()
        created_at = BigIntegerField()
        activated_at = BigIntegerField(null=True)
        retired_at = BigIntegerField(null=True)

        class Meta:
            table_name = "signing_key"
            constraints = [Check("state IN ('next', 'active', 'retired')")]

    SigningKey.add_index(
        SigningKey.index(
            SigningKey.issuer,
            unique=True,
            where=SQL("state = 'active'"),
            name="signing_key_one_active",
        )
    )

    class Application(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        issuer = ForeignKeyField(Issuer, on_delete="RESTRICT")
        slug = TextField()
        name = TextField()
        name_key = TextField()
        integration = TextField()
        distribution = TextField()
        version = TextField()
        vendor = TextField()
        monogram = TextField()
        enabled = BooleanField()
        settings = JSONField()
        sp_entity_id = TextField()
        service_provider = JSONField()
        mappers = JSONField()
        metadata_fields = JSONField()
        guide = TextField()
        created_at = BigIntegerField()
        created_by = TextField()
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
            Application.index(
                *_columns, unique=True, where=SQL("uninstalled_at IS NULL"), name=_name
            )
        )

    class Role(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        name = TextField()
        name_key = TextField()
        description = TextField()
        application = ForeignKeyField(Application, null=True, on_delete="CASCADE")
        is_default = BooleanField()
        attributes = JSONField()
        created_at = BigIntegerField()
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
        id = TextField(primary_key=True)
        role = ForeignKeyField(Role, on_delete="CASCADE", index=False)
        user = ForeignKeyField(User, null=True, on_delete="CASCADE")
        group = ForeignKeyField(Group, null=True, on_delete="CASCADE")
        expires_at = BigIntegerField(null=True)
        created_at = BigIntegerField()
        created_by = TextField()

        class Meta:
            table_name = "role_assignment"
            indexes = ((("role", "user"), True), (("role", "group"), True))
            constraints = [Check("(user_id IS NULL) <> (group_id IS NULL)")]

    class Session(Table):
        id = TextField(primary_key=True)
        handle = TextField(unique=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        user = ForeignKeyField(User, on_delete="CASCADE")
        created_at = BigIntegerField()
        last_seen_at = BigIntegerField()
        expires_at = BigIntegerField()
        authn_at = BigIntegerField()
        authn_method = TextField()
        ended_at = BigIntegerField(null=True)
        user_agent = TextField()
        address = TextField()

        class Meta:
            table_name = "browser_session"

    class Participation(Table):
        id = TextField(primary_key=True)
        session = ForeignKeyField(Session, on_delete="CASCADE", index=False)
        application = ForeignKeyField(Application, on_delete="CASCADE")
        session_index = TextField()
        name_id = TextField()
        name_id_format = TextField()
        name_qualifier = TextField()
        sp_name_qualifier = TextField()
        created_at = BigIntegerField()
        last_used_at = BigIntegerField()
        ended_at = BigIntegerField(null=True)

        class Meta:
            table_name = "participation"
            indexes = ((("session", "application"), True), (("application", "name_id"), False))

    class PendingRequest(Table):
        id = TextField(primary_key=True)
        issuer = ForeignKeyField(Issuer, on_delete="CASCADE")
        binding = TextField()
        message = BlobField()
        raw_query = BlobField(null=True)
        relay_state = TextField()
        created_at = BigIntegerField()
        expires_at = BigIntegerField(index=True)

        class Meta:
            table_name = "pending_request"

    class Event(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        at = BigIntegerField()
        actor_kind = TextField()
        actor_id = TextField()
        actor_name = TextField()
        action = TextField()
        target_kind = TextField()
        target_id = TextField()
        target_name = TextField()
        application_id = TextField()
        outcome = TextField(default="done")
        detail = JSONField()
        address = TextField()
        reference = TextField()

        class Meta:
            table_name = "event"
            indexes = (
                (("workspace", "id"), False),
                (("workspace", "application_id", "id"), False),
                (("workspace", "actor_id", "id"), False),
                (("workspace", "target_id", "id"), False),
            )

    class ApiToken(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
        name = TextField()
        token_hash = TextField(unique=True)
        scope = TextField()
        created_at = BigIntegerField()
        created_by = TextField()
        expires_at = BigIntegerField(null=True)
        last_used_at = BigIntegerField(null=True)
        revoked_at = BigIntegerField(null=True)

        class Meta:
            table_name = "api_token"

    class OneTimeLink(Table):
        id = TextField(primary_key=True)
        purpose = TextField()
        user = ForeignKeyField(User, null=True, on_delete="CASCADE")
        created_at = BigIntegerField()
        expires_at = BigIntegerField()
        used_at = BigIntegerField(null=True)

        class Meta:
            table_name = "one_time_link"

    return [
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
    ]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.drop_tables(_tables(db))
