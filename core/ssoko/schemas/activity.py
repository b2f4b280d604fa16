"""The activity log."""

from typing import get_args

from marshmallow import fields

from ssoko.schemas.output import Choice, Output, Timestamp
from ssoko.services.activity.log import EventView
from ssoko.services.context import ActorKind


class ActorSchema(Output):
    """Who caused an event, with the name at that time."""

    kind = Choice(get_args(ActorKind))
    id = fields.String(metadata={"description": "Empty for `system` and `anonymous`."})
    name = fields.String()


class TargetSchema(Output):
    """What an event is about, with the name at that time. All fields can be empty."""

    kind = fields.String(metadata={"description": "Such as `user`, `role` or `application`."})
    id = fields.String()
    name = fields.String()


class EventSchema(Output):
    """One line of the activity log."""

    id = fields.String()
    at = Timestamp()
    action = fields.String(metadata={"description": "Such as `role.assigned`."})
    outcome = Choice(("done", "refused"))
    actor = fields.Nested(ActorSchema)
    target = fields.Nested(TargetSchema)
    application_id = fields.String(allow_none=True)
    detail = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(),
        metadata={"description": "Further values, which depend on the action. Never a secret."},
    )
    address = fields.String(metadata={"description": "IP address, or empty."})
    reference = fields.String(
        metadata={"description": "Reference of a denied sign-in, such as `SK-7QF4-K2M9`, or empty."}
    )

    def read_actor(self, event: EventView) -> dict[str, str]:
        return {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name}

    def read_target(self, event: EventView) -> dict[str, str]:
        return {"kind": event.target_kind, "id": event.target_id, "name": event.target_name}

    def read_application_id(self, event: EventView) -> str | None:
        return event.application_id or None
