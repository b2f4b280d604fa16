"""Schemas of the bodies and queries that the API accepts. Services validate the values further."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

#: 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
LAST_SECOND = 253_402_300_799

_SAYS: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "This field is required.",
    "null": "Send a value, or omit the field.",
}


class Text(fields.String):
    """Text without U+0000, which PostgreSQL cannot store."""

    default_error_messages = {**_SAYS, "invalid": "Send a string."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\0" in text:
            raise ValidationError("Remove the character U+0000.")
        return text


class Flag(fields.Field[bool]):
    """``true`` or ``false``; other values that look like them are refused."""

    default_error_messages = _SAYS

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Send true or false.")
        return value


class Instant(fields.Field[int]):
    """A time: RFC 3339 text with a time zone, or whole seconds since the epoch."""

    default_error_messages = _SAYS

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        seconds = _seconds(value)
        if seconds is None or not 0 <= seconds <= LAST_SECOND:
            raise ValidationError("Send a time with its zone, such as 2027-03-01T18:00:00Z.")
        return seconds


def _seconds(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    # In a query everything is text. Fifteen digits are far more than the last second has.
    if value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
        return int(moment.timestamp()) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


class JsonObject(fields.Field[dict[str, Any]]):
    """A JSON object; a service validates its content."""

    default_error_messages = _SAYS

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("Send an object.")
        if _has_nul(value):
            raise ValidationError("Remove the character U+0000.")
        return value


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(k) or _has_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(_has_nul(v) for v in value)


class Input(Schema):
    """A body or a query. Unknown fields are refused."""

    error_messages = {
        "unknown": "This field does not exist. Remove it.",
        "type": "Send an object.",
    }


class NoQuery(Input):
    """A query without parameters."""


class PageQuery(Input):
    """The part of a list to return."""

    limit = fields.Integer(
        load_default=50,
        validate=Range(1, 200, error="Send a number from 1 to 200."),
        error_messages={
            "invalid": "Send a number from 1 to 200.",
            "too_large": "Send a number from 1 to 200.",
        },
    )
    cursor = Text(load_default=None, metadata={"description": "`next` of the page before."})


class PartQuery(Input):
    """Which part of a list that is short, and whole unless asked otherwise."""

    limit = fields.Integer(
        load_default=None,
        validate=Range(1, 200, error="Send a number from 1 to 200."),
        error_messages={
            "invalid": "Send a number from 1 to 200.",
            "too_large": "Send a number from 1 to 200.",
        },
    )
    cursor = Text(load_default=None, metadata={"description": "`next` of the page before."})


class SearchQuery(PageQuery):
    q = Text(load_default="", metadata={"description": "Words to search for."})


class UserQuery(SearchQuery):
    admin = fields.Boolean(load_default=None, error_messages={"invalid": "Send true or false."})
    active = fields.Boolean(load_default=None, error_messages={"invalid": "Send true or false."})


class RoleQuery(SearchQuery):
    application = Text(load_default=None, metadata={"description": "ID of an application."})


class ApplicationQuery(SearchQuery):
    integration = Text(load_default="", metadata={"description": "Slug of an integration."})
    state = Text(
        load_default="",
        validate=OneOf(
            ("", "active", "needs-setup", "disabled"),
            error="Send active, needs-setup or disabled.",
        ),
    )


class IntegrationQuery(PartQuery):
    q = Text(load_default="", metadata={"description": "Words to search for."})
    category = Text(load_default="")
    vendor = Text(load_default="")
    include = Text(load_default="", validate=OneOf(("", "index"), error="Send index, or omit it."))


class EventQuery(SearchQuery):
    actor = Text(load_default="", metadata={"description": "ID of a user or token."})
    action = Text(load_default="", metadata={"description": "Such as `role.assigned`."})
    application = Text(load_default="", metadata={"description": "ID of an application."})
    target = Text(load_default="", metadata={"description": "ID of what the event is about."})
    outcome = Text(
        load_default="",
        validate=OneOf(("", "done", "refused"), error="Send done or refused."),
    )
    since = Instant(load_default=None)
    until = Instant(load_default=None)


class TraceQuery(PageQuery):
    application = Text(load_default="", metadata={"description": "ID of an application."})
    user = Text(load_default="", metadata={"description": "ID of a user."})
    code = Text(load_default="", metadata={"description": "Such as `no-role`."})


class NewUser(Input):
    username = Text(required=True)
    email = Text(load_default="")
    first_name = Text(load_default="")
    last_name = Text(load_default="")
    password = Text(load_default=None, allow_none=True, load_only=True)
    admin = Flag(load_default=False)
    active = Flag(load_default=True)
    attributes = JsonObject(load_default=None)


class UserChange(Input):
    username = Text()
    email = Text()
    first_name = Text()
    last_name = Text()
    password = Text(load_only=True)
    admin = Flag()
    active = Flag()
    attributes = JsonObject()


class NewAssignment(Input):
    role = Text(required=True, metadata={"description": "ID or name of a role."})
    expires_at = Instant(load_default=None, allow_none=True)


class NewRole(Input):
    name = Text(required=True)
    description = Text(load_default="")
    application = Text(
        load_default=None, allow_none=True, metadata={"description": "ID of an application."}
    )
    attributes = JsonObject(load_default=None)


class RoleChange(Input):
    name = Text()
    description = Text()
    attributes = JsonObject()


class NewGroup(Input):
    name = Text(required=True)
    description = Text(load_default="")


class GroupChange(Input):
    name = Text()
    description = Text()


class NewMember(Input):
    user = Text(required=True, metadata={"description": "ID of a user."})


class NewIssuer(Input):
    name = Text(required=True)
    entity_id = Text(
        load_default="",
        metadata={
            "description": "Entity ID of the identity provider that it replaces. By default the "
            "URL of its metadata."
        },
    )


class NewKey(Input):
    algorithm = Text(
        load_default="rsa-2048",
        metadata={"description": "`rsa-2048`, `rsa-3072`, `rsa-4096`, `ec-p256` or `ec-p384`."},
    )


_EXPIRED = {"description": "Read metadata whose validUntil is in the past, with a warning."}


class NewApplication(Input):
    integration = Text(required=True, metadata={"description": "Slug of an integration."})
    name = Text(required=True)
    settings = JsonObject(
        load_default=dict,
        metadata={"description": "Values of the install form; `form` of the integration."},
    )
    sp_metadata = Text(
        load_default=None,
        allow_none=True,
        metadata={"description": "SP metadata (XML) that fills in settings that are omitted."},
    )
    sp_entity_id = Text(
        load_default="",
        metadata={"description": "Which service provider, when the metadata has several."},
    )
    sp_metadata_certificate = Text(
        load_default="",
        metadata={"description": "PEM certificate whose key must have signed the metadata."},
    )
    accept_expired = Flag(load_default=False, metadata=_EXPIRED)
    issuer = Text(
        load_default=None,
        allow_none=True,
        metadata={"description": "ID of a shared issuer. By default a new issuer is created."},
    )


class MetadataInput(Input):
    xml = Text(load_default=None, allow_none=True, metadata={"description": "SP metadata."})
    url = Text(
        load_default=None, allow_none=True, metadata={"description": "Where to fetch SP metadata."}
    )
    certificate = Text(
        load_default="",
        metadata={"description": "PEM certificate whose key must have signed the metadata."},
    )
    accept_expired = Flag(load_default=False, metadata=_EXPIRED)


class ApplicationChange(Input):
    name = Text()
    settings = JsonObject()
    enabled = Flag()
    without_plugin = Flag()
    service_provider = JsonObject(
        metadata={"description": "SAML settings to override; null returns to the proposal."}
    )
    sp_metadata = Text(metadata={"description": "SP metadata (XML) that refreshes the settings."})
    accept_expired = Flag(metadata=_EXPIRED)


class UserInput(Input):
    user = Text(required=True, metadata={"description": "ID, username or email address."})


class UpgradeQuery(Input):
    user = Text(load_default="", metadata={"description": "ID, username or email address."})


class UpgradeDecision(Input):
    accept = fields.List(
        Text(),
        load_default=list,
        metadata={"description": "Names of the parts to accept."},
        error_messages={**_SAYS, "invalid": "Send a list of names of parts."},
    )
    keep = Flag(load_default=False, metadata={"description": "Keep all parts as recorded."})
    digest = Text(
        load_default=None,
        allow_none=True,
        metadata={"description": "`digest` of the upgrade that was reviewed."},
    )


class Move(Input):
    integration = Text(required=True)
    settings = JsonObject(load_default=dict)
    accept = fields.List(
        Text(),
        load_default=list,
        error_messages={**_SAYS, "invalid": "Send a list of names of parts."},
    )
    digest = Text(load_default=None, allow_none=True)


class MapperInput(Input):
    name = Text(required=True)
    source = Text(required=True)
    name_format = Text(load_default="unspecified")
    friendly_name = Text(load_default="")
    required = Flag(load_default=False)
    label = Text(load_default="", validate=Length(max=200, error="Send at most 200 characters."))
