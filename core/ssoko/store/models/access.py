"""Roles and their assignments to users and groups."""

from peewee import SQL, BigIntegerField, BooleanField, Check, ForeignKeyField, JSONField, TextField

from ssoko.store.ids import new_id
from ssoko.store.models.applications import Application
from ssoko.store.models.people import Group, User
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


class Role(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    name = TextField()
    name_key = TextField()
    description = TextField(default="")
    #: The application that this role gives access to, if any.
    application = ForeignKeyField(Application, null=True, on_delete="CASCADE")
    application_id: str | None
    #: True for the role created with the application.
    is_default = BooleanField(default=False)
    attributes = JSONField(default=dict)
    created_at = BigIntegerField()
    #: Set while the role's application is uninstalled and can still be restored.
    removed_at = BigIntegerField(null=True)
    #: Only in the rows of queries that count.
    assignment_count: int

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
    """A role assigned to a user or to a group, never to both."""

    id = TextField(primary_key=True, default=new_id)
    role = ForeignKeyField(Role, on_delete="CASCADE", index=False)
    user = ForeignKeyField(User, null=True, on_delete="CASCADE")
    group = ForeignKeyField(Group, null=True, on_delete="CASCADE")
    #: The assignment is active while now < expires_at.
    expires_at = BigIntegerField(null=True)
    created_at = BigIntegerField()
    created_by = TextField(default="")

    class Meta:
        table_name = "role_assignment"
        indexes = ((("role", "user"), True), (("role", "group"), True))
        constraints = [Check("(user_id IS NULL) <> (group_id IS NULL)")]
