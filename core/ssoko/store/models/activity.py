"""The table of events, and the indexes that keep it fast with a million rows."""

from peewee import SQL, BigIntegerField, ForeignKeyField, JSONField, TextField

from ssoko.store.ids import new_id
from ssoko.store.models.table import Table
from ssoko.store.models.workspaces import Workspace


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
    #: Reference that the user saw, such as SK-7QF4-K2M9.
    reference = TextField(default="")

    class Meta:
        table_name = "event"
        indexes = (
            (("workspace", "id"), False),
            (("workspace", "application_id", "id"), False),
            (("workspace", "actor_id", "id"), False),
            (("workspace", "target_id", "id"), False),
        )


# Counting the events of a week reads only this index.
Event.add_index(
    Event.index(Event.workspace, Event.at, Event.outcome, Event.action, name="event_at")
)
# Only refusals have a reference.
Event.add_index(
    Event.index(
        Event.workspace, Event.reference, where=SQL("reference <> ''"), name="event_reference"
    )
)
