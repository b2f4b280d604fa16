"""The tables of the first release."""

from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    BooleanField,
    Check,
    CompositeKey,
    Database,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    SqliteDatabase,
    TextField,
)
from playhouse.migrate import SchemaMigrator

#: Index to the table and columns it is on, and whether it is unique.
_INDEXES = (
    ("user_admins", "user_account (workspace_id, search_key, id) WHERE is_admin", False),
    ("user_inactive", "user_account (workspace_id, search_key, id) WHERE NOT active", False),
    ("user_one_email", "user_account (workspace_id, email_key) WHERE email_key <> ''", True),
    ("event_at", "event (workspace_id, at, outcome, action)", False),
    ("event_reference", "event (workspace_id, reference) WHERE reference <> ''", False),
    ("signing_key_one_next", "signing_key (issuer_id) WHERE state = 'next'", True),
)


def _tables(db: Database) -> list[type[Model]]:
    # Ranges of words need byte order: SQLite's default, and "C" on PostgreSQL.
    byte_order = [] if isinstance(db, SqliteDatabase) else [SQL('COLLATE "C"')]

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
        entity_id = TextField()
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
        created_by = TextField()
        published_until = BigIntegerField(null=True)

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
        without_plugin = BooleanField()
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
        overrides = JSONField()
        proposed = JSONField()

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

    class Assignment(Table):
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
        issuer = ForeignKeyField(Issuer, on_delete="CASCADE", index=False)
        place = TextField()
        binding = TextField()
        message = BlobField()
        raw_query = BlobField(null=True)
        relay_state = TextField()
        created_at = BigIntegerField()
        expires_at = BigIntegerField(index=True)
        asked_session = TextField(null=True)
        answered_at = BigIntegerField(null=True)

        class Meta:
            table_name = "pending_request"
            indexes = ((("issuer", "place", "created_at"), False),)

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

    class KeptForm(Table):
        id = TextField(primary_key=True)
        user_id = TextField(index=True)
        path = TextField()
        fields = JSONField()
        omitted = BooleanField()
        expires_at = BigIntegerField(index=True)

        class Meta:
            table_name = "kept_form"

    class OneTimeLink(Table):
        id = TextField(primary_key=True)
        purpose = TextField()
        user = ForeignKeyField(User, null=True, on_delete="CASCADE")
        created_at = BigIntegerField()
        expires_at = BigIntegerField()
        used_at = BigIntegerField(null=True)

        class Meta:
            table_name = "one_time_link"

    class UserWord(Table):
        workspace_id = TextField()
        word = TextField(constraints=byte_order)
        user_id = TextField()

        class Meta:
            table_name = "user_word"
            primary_key = CompositeKey("workspace_id", "word", "user_id")
            without_rowid = isinstance(db, SqliteDatabase)

    class PairwiseId(Table):
        id = TextField(primary_key=True)
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        sp_entity_id = TextField()
        value = TextField(unique=True)

        class Meta:
            table_name = "pairwise_id"
            indexes = ((("user", "sp_entity_id"), True),)

    class SeenRequest(Table):
        id = TextField(primary_key=True)
        pending_id = TextField()
        expires_at = BigIntegerField(index=True)

        class Meta:
            table_name = "seen_request"

    class ApplicationMetadata(Table):
        application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
        kind = TextField()
        name = TextField()
        sha256 = TextField()
        read_at = BigIntegerField()
        signed_by = TextField()
        notes = JSONField()

        class Meta:
            table_name = "application_metadata"

    class Trace(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
        reference = TextField()
        at = BigIntegerField(index=True)
        issuer_id = TextField()
        application_id = TextField()
        application_name = TextField()
        sp_entity_id = TextField()
        user_id = TextField()
        user_name = TextField()
        started = TextField()
        binding = TextField()
        relay_state = TextField()
        code = TextField()
        message = TextField()
        received = TextField()
        expected = TextField()
        source = TextField()
        fix = TextField()
        request = TextField()
        undecoded = TextField()
        steps = JSONField()
        findings = JSONField()
        repeats = IntegerField()
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

    class LogoutFlow(Table):
        id = TextField(primary_key=True)
        key_hash = TextField(unique=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
        user = ForeignKeyField(User, on_delete="CASCADE")
        application = ForeignKeyField(Application, null=True, on_delete="SET NULL")
        request_id = TextField()
        relay_state = TextField()
        address = TextField()
        created_at = BigIntegerField(index=True)
        finished_at = BigIntegerField(null=True)

        class Meta:
            table_name = "logout_flow"

    class LogoutTarget(Table):
        id = TextField(primary_key=True)
        flow = ForeignKeyField(LogoutFlow, on_delete="CASCADE")
        application = ForeignKeyField(Application, on_delete="CASCADE", index=False)
        position = IntegerField()
        destination = TextField()
        name_id = TextField()
        name_id_format = TextField()
        name_qualifier = TextField()
        sp_name_qualifier = TextField()
        session_indexes = JSONField()
        state = TextField()
        framed = BooleanField()
        request_id = TextField(null=True, unique=True)

        class Meta:
            table_name = "logout_target"
            indexes = ((("application", "id"), False),)

    class MetadataKey(Table):
        workspace = ForeignKeyField(Workspace, primary_key=True, on_delete="CASCADE")
        certificate = TextField()
        private_key = BlobField()
        created_at = BigIntegerField()

        class Meta:
            table_name = "metadata_key"

    class MetadataFetch(Table):
        id = TextField(primary_key=True)
        issuer = ForeignKeyField(Issuer, on_delete="CASCADE", index=False)
        address = TextField()
        user_agent = TextField()
        first_at = BigIntegerField()
        last_at = BigIntegerField()
        times = BigIntegerField()
        newest_key_id = TextField()

        class Meta:
            table_name = "metadata_fetch"
            indexes = ((("issuer", "address", "user_agent"), True),)

    class CertificateNotice(Table):
        id = TextField(primary_key=True)
        workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
        owner_id = TextField()
        fingerprint = TextField()
        days = BigIntegerField()
        created_at = BigIntegerField()

        class Meta:
            table_name = "certificate_notice"
            indexes = ((("owner_id", "fingerprint", "days"), True),)

    class GuideEvidence(Table):
        id = TextField(primary_key=True)
        application = ForeignKeyField(Application, on_delete="CASCADE", index=False)
        kind = TextField()
        key_id = TextField()
        at = BigIntegerField()
        by_name = TextField()
        acs_url = TextField()
        audience = TextField()

        class Meta:
            table_name = "guide_evidence"
            indexes = ((("application", "kind", "key_id"), True),)
            constraints = [Check("kind IN ('certificate', 'metadata', 'accepted')")]

    class UpgradeDecision(Table):
        application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
        digest = TextField()
        proposer = TextField()
        kept = TextField()
        decided_at = BigIntegerField()
        decided_by = TextField()

        class Meta:
            table_name = "upgrade_decision"

    class FormerRecord(Table):
        application = ForeignKeyField(Application, primary_key=True, on_delete="CASCADE")
        proposer = TextField()
        former = JSONField()
        accepted = JSONField()
        former_role = JSONField()
        accepted_role = JSONField()
        taken_at = BigIntegerField()

        class Meta:
            table_name = "former_record"

    class Installation(Table):
        name = TextField(primary_key=True)
        value = TextField()

        class Meta:
            table_name = "installation"

    return [
        Workspace,
        User,
        Group,
        Membership,
        Issuer,
        SigningKey,
        MetadataKey,
        Application,
        Role,
        Assignment,
        Session,
        Participation,
        PendingRequest,
        Event,
        ApiToken,
        OneTimeLink,
        UserWord,
        PairwiseId,
        SeenRequest,
        ApplicationMetadata,
        Trace,
        LogoutFlow,
        LogoutTarget,
        MetadataFetch,
        CertificateNotice,
        GuideEvidence,
        UpgradeDecision,
        FormerRecord,
        KeptForm,
        Installation,
    ]


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.create_tables(_tables(db), safe=False)
    for name, on, unique in _INDEXES:
        db.execute_sql(f"CREATE {'UNIQUE ' if unique else ''}INDEX {name} ON {on}")


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.drop_tables(_tables(db))
