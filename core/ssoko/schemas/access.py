"""Roles and their assignments."""

from marshmallow import fields

from ssoko.schemas.output import Attributes, Choice, IdAndNameSchema, Output, Timestamp
from ssoko.services.access.assignments import AssignmentView
from ssoko.services.access.roles import RoleView
from ssoko.store.counting import MOST


class RoleSchema(Output):
    """A role, which can be assigned to users and groups."""

    id = fields.String()
    name = fields.String()
    description = fields.String()
    application = fields.Nested(
        IdAndNameSchema,
        allow_none=True,
        metadata={"description": "The application that the role gives access to."},
    )
    default = fields.Boolean(
        attribute="is_default",
        metadata={"description": "The role was created with its application."},
    )
    attributes = Attributes(
        metadata={"description": "Custom attributes, which some integrations send."}
    )
    assignment_count = fields.Integer(
        metadata={
            "description": "Users and groups that have the role, expired assignments included, "
            f"counted up to {MOST}.",
            "minimum": 0,
            "maximum": MOST,
        }
    )
    created_at = Timestamp()

    def read_application(self, role: RoleView) -> dict[str, str | None] | None:
        if role.application_id is None:
            return None
        return {"id": role.application_id, "name": role.application_name}


class AssignmentSchema(Output):
    """A role that a user or a group has."""

    id = fields.String()
    role = fields.Nested(RoleSchema)
    via = Choice(
        ("direct", "group"),
        metadata={"description": "Whether the role is assigned directly or through a group."},
    )
    user = fields.Nested(
        IdAndNameSchema,
        allow_none=True,
        metadata={"description": "Null in the list of a role, where a group has it."},
    )
    group = fields.Nested(
        IdAndNameSchema, allow_none=True, metadata={"description": "Null when it is direct."}
    )
    expires_at = Timestamp(
        allow_none=True, metadata={"description": "Null for an assignment that does not expire."}
    )
    expired = fields.Boolean()
    created_at = Timestamp()
    created_by = fields.String(metadata={"description": "Name of who assigned the role."})

    def read_user(self, assignment: AssignmentView) -> dict[str, str] | None:
        if not assignment.user_id:
            return None
        return {"id": assignment.user_id, "name": assignment.user_name}

    def read_group(self, assignment: AssignmentView) -> dict[str, str] | None:
        if not assignment.group_id:
            return None
        return {"id": assignment.group_id, "name": assignment.group_name}
