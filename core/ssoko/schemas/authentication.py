"""API tokens."""

from marshmallow import fields

from ssoko.schemas.output import Choice, Output, Timestamp
from ssoko.services.authentication.api_tokens import SCOPES


class TokenSchema(Output):
    """An API token, without the token itself, which is shown only when it is created."""

    id = fields.String()
    name = fields.String()
    scope = Choice(SCOPES)
    created_at = Timestamp()
    expires_at = Timestamp(
        allow_none=True, metadata={"description": "Null for a token that does not expire."}
    )
