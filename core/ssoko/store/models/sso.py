"""Pending and seen requests, pairwise IDs, traces and single logout."""

from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    TextField,
)

from ssoko.store.ids import new_id
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.people import User
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


class PendingRequest(Table):
    """An AuthnRequest whose user must sign in first."""

    #: SHA-256 of the key in the URL, in hexadecimal.
    id = TextField(primary_key=True)
    issuer = ForeignKeyField(Issuer, on_delete="CASCADE", index=False)
    #: Network of the browser, which limits how many requests wait.
    place = TextField()
    binding = TextField()
    #: The decoded message, compressed with zlib, and the raw query string if it was signed.
    message = BlobField()
    raw_query = BlobField(null=True)
    relay_state = TextField(default="")
    #: ForceAuthn: the session in which the user was asked to sign in again, or ""; null before
    #: that.
    asked_session = TextField(null=True)
    created_at = BigIntegerField()
    expires_at = BigIntegerField(index=True)
    #: When it got its response; it is kept to offer its application again.
    answered_at = BigIntegerField(null=True)

    class Meta:
        table_name = "pending_request"
        indexes = ((("issuer", "place", "created_at"), False),)


class PairwiseId(Table):
    """The persistent NameID of one user at one service provider."""

    id = TextField(primary_key=True, default=new_id)
    user = ForeignKeyField(User, on_delete="CASCADE", index=False)
    sp_entity_id = TextField()
    value = TextField(unique=True)

    class Meta:
        table_name = "pairwise_id"
        indexes = ((("user", "sp_entity_id"), True),)


class SeenRequest(Table):
    """A signed AuthnRequest that was accepted, kept until it would be refused as too old."""

    #: SHA-256 of the issuer's id, the SP's entity ID and the request's ID, in hexadecimal.
    id = TextField(primary_key=True)
    #: The pending request that stores it; empty when it got its response immediately.
    pending_id = TextField(default="")
    expires_at = BigIntegerField(index=True)

    class Meta:
        table_name = "seen_request"


class LogoutFlow(Table):
    """One sign-out that the browser carries from application to application.

    The session has already ended when the row is created.
    """

    id = TextField(primary_key=True, default=new_id)
    #: SHA-256 of the key in the URL, in hexadecimal; replaced after each response of an
    #: application.
    key_hash = TextField(unique=True)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: str
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: str
    #: The application that waits for a LogoutResponse; null when the user clicked Sign out.
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
    #: The logout URL that it is notified at; empty when it has none.
    destination = TextField(default="")
    name_id = TextField()
    name_id_format = TextField()
    name_qualifier = TextField(default="")
    sp_name_qualifier = TextField(default="")
    session_indexes = JSONField(default=list)
    #: "waiting", "asked", and then "ended", "failed", "silent", "unproven" or "not-notified".
    state = TextField()
    #: Notified in a frame of our page, since the browser may not return from the application.
    framed = BooleanField(default=False)
    #: ID of the LogoutRequest that it was sent.
    request_id = TextField(null=True, unique=True)

    class Meta:
        table_name = "logout_target"
        indexes = ((("application", "id"), False),)


class Trace(Table):
    """A refused sign-in or sign-out, with the facts that explain it to an admin.

    Names are those at that time; IDs may be of rows that were deleted since.
    """

    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    #: The reference that the user saw, such as SK-7QF4-K2M9.
    reference = TextField()
    at = BigIntegerField(index=True)
    issuer_id = TextField()
    application_id = TextField(default="")
    application_name = TextField(default="")
    #: Entity ID that the request claims.
    sp_entity_id = TextField(default="")
    user_id = TextField(default="")
    user_name = TextField(default="")
    #: "sp", "ssoko" or "logout"; and "redirect", "post" or "".
    started = TextField()
    binding = TextField(default="")
    relay_state = TextField(default="")
    code = TextField()
    message = TextField()
    received = TextField(default="")
    expected = TextField(default="")
    #: The section of a specification, or the reason in a sentence.
    source = TextField(default="")
    #: What to do, if it depends on more than the code.
    fix = TextField(default="")
    #: The decoded message; or the received text if it could not be decoded.
    request = TextField(default="")
    undecoded = TextField(default="")
    #: List of [step, state, facts]; texts are looked up when the trace is read.
    steps = JSONField(default=list)
    #: What a fix can add to the application: an ACS URL or a certificate.
    findings = JSONField(default=dict)
    #: The number of later refusals of this kind without a trace of their own, and the time of the
    #: last one.
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
