"""Users, groups, memberships and the words that users are found by."""

from peewee import (
    SQL,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    JSONField,
    TextField,
)

from ssoko.store.ids import new_id
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


def display_name(username: str, first_name: str, last_name: str) -> str:
    """Return what a user is called: the full name, or else the username."""
    return f"{first_name} {last_name}".strip() or username


class User(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    username = TextField()
    #: Folded form of the username, so that look-alikes are refused.
    username_key = TextField()
    email = TextField(default="")
    email_key = TextField(default="")
    first_name = TextField(default="")
    last_name = TextField(default="")
    #: Folded names, username and email, for the search.
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

    @property
    def display_name(self) -> str:
        return display_name(self.username, self.first_name, self.last_name)


class Group(Table):
    id = TextField(primary_key=True, default=new_id)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE", index=False)
    workspace_id: str
    name = TextField()
    name_key = TextField()
    description = TextField(default="")
    created_at = BigIntegerField()
    #: Set only by queries that count.
    member_count: int

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


class UserWord(Table):
    """One word that a user is found by, also by its first letters.

    There is no foreign key, and no index for one: code that deletes a user deletes the words.
    """

    workspace_id = TextField()
    #: Compared byte by byte on both databases; see :func:`prefix_range`.
    word = TextField()
    user_id = TextField()

    class Meta:
        table_name = "user_word"
        primary_key = CompositeKey("workspace_id", "word", "user_id")


# Few users are admins or disabled.
for _where, _name in (("is_admin", "user_admins"), ("NOT active", "user_inactive")):
    User.add_index(
        User.index(User.workspace, User.search_key, User.id, where=SQL(_where), name=_name)
    )
# An email address belongs to one user, since most service providers identify users by it.
User.add_index(
    User.index(
        User.workspace,
        User.email_key,
        unique=True,
        where=SQL("email_key <> ''"),
        name="user_one_email",
    )
)


#: Appended to a prefix, greater than every word with that prefix.
LAST = "\U0010ffff"


def prefix_range(term: str) -> tuple[str, str]:
    """Return the range of words that start with ``term``, as its lower and upper bound."""
    return term, term + LAST
