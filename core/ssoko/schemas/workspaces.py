"""Workspaces."""

from marshmallow import fields

from ssoko.schemas.output import Output, Timestamp


class WorkspaceSchema(Output):
    """A workspace: one organization with its own users, applications and settings."""

    id = fields.String()
    slug = fields.String(metadata={"description": "Its name in URLs."})
    name = fields.String()
    contact = fields.String(
        metadata={
            "description": "Whom users should contact: an email address, a sentence or empty."
        }
    )
    time_zone = fields.String(metadata={"description": "IANA name, such as `Africa/Nairobi`."})
    created_at = Timestamp()
