"""Tables and indexes that keep search and activity quick with a million rows."""

from peewee import SQL, CompositeKey, TextField

from ssoko.store.models import Event, Table, User


class UserWord(Table):
    """One word that a user is found by; its beginning finds it too.

    There is no foreign key, and so no index for one: whoever deletes a user deletes their words.
    """

    workspace_id = TextField()
    #: Compared byte by byte on both databases; see :func:`beginning_with`.
    word = TextField()
    user_id = TextField()

    class Meta:
        table_name = "user_word"
        primary_key = CompositeKey("workspace_id", "word", "user_id")


# Admins and disabled people are few among many.
for _where, _name in (("is_admin", "user_admins"), ("NOT active", "user_inactive")):
    User.add_index(
        User.index(User.workspace, User.search_key, User.id, where=SQL(_where), name=_name)
    )
# One e-mail address is one person, since it is what most service providers know people by.
User.add_index(
    User.index(
        User.workspace,
        User.email_key,
        unique=True,
        where=SQL("email_key <> ''"),
        name="user_one_email",
    )
)
# Counting a week reads this alone.
Event.add_index(
    Event.index(Event.workspace, Event.at, Event.outcome, Event.action, name="event_at")
)
# Refusals have a reference, and nothing else does.
Event.add_index(
    Event.index(
        Event.workspace, Event.reference, where=SQL("reference <> ''"), name="event_reference"
    )
)

#: Greater than every word that begins with what stands before it.
LAST = "\U0010ffff"


def beginning_with(term: str) -> tuple[str, str]:
    """Return the range of words that begin with ``term``: from the first one to the second."""
    return term, term + LAST


__all__ = ["LAST", "UserWord", "beginning_with"]
