"""Users and groups."""

from marshmallow import fields

from ssoko.schemas.output import Attributes, Output, Timestamp
from ssoko.store.counting import MOST


class UserSchema(Output):
    """A user, without password."""

    id = fields.String()
    username = fields.String()
    email = fields.String(metadata={"description": "Empty for a user without an email address."})
    first_name = fields.String()
    last_name = fields.String()
    admin = fields.Boolean(metadata={"description": "The user is a workspace admin."})
    active = fields.Boolean(metadata={"description": "False while the user is disabled."})
    attributes = Attributes(metadata={"description": "Custom attributes, for mappers."})
    has_password = fields.Boolean(
        metadata={"description": "False for a user who signs in with one-time links only."}
    )
    created_at = Timestamp()
    updated_at = Timestamp()


class GroupSchema(Output):
    """A group of users who get the same roles."""

    id = fields.String()
    name = fields.String()
    description = fields.String()
    member_count = fields.Integer(
        metadata={"description": f"Counted up to {MOST}.", "minimum": 0, "maximum": MOST}
    )
    created_at = Timestamp()
