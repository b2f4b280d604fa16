"""The bodies and queries that the API takes; the services know the rules behind them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

#: 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
LAST_SECOND = 253_402_300_799

_SAYS: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "This field is missing; send it.",
    "null": "Send a value, or leave the field out.",
}


class Text(fields.String):
    """Text without NUL, which PostgreSQL cannot keep."""

    default_error_messages = {**_SAYS, "invalid": "Send text in quotes."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\0" in text:
            raise ValidationError("Leave the character U+0000 out.")
        return text


class Flag(fields.Field[bool]):
    """``true`` or ``false``, and nothing that could be taken for them."""

    default_error_messages = _SAYS

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Send true or false.")
        return value


class Instant(fields.Field[int]):
    """A time: RFC 3339 text with its zone, or whole seconds since the epoch."""

    default_error_messages = _SAYS

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        seconds = _seconds(value)
        if seconds is None or not 0 <= seconds <= LAST_SECOND:
            raise ValidationError("Send a time with its zone, like 2027-03-01T18:00:00Z.")
        return seconds


def _seconds(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    # Queries know only text; fifteen digits are far past the last second.
    if value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
        return int(moment.timestamp()) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


class JsonObject(fields.Field[dict[str, Any]]):
    """A JSON object whose inside a service judges."""

    default_error_messages = _SAYS

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("Send an object.")
        if _has_nul(value):
            raise ValidationError("Leave the character U+0000 out.")
        return value


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(k) or _has_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(_has_nul(v) for v in value)


class Input(Schema):
    """What the API takes from callers."""

    error_messages = {
        "unknown": "There is no such field; leave it out.",
        "type": "Send an object.",
    }


class NoQuery(Input):
    """No parameter at all."""


class PageQuery(Input):
    """Which part of a list."""

    limit = fields.Integer(
        load_default=50,
        validate=Range(1, 200, error="Send a number from 1 to 200."),
        error_messages={
            "invalid": "Send a number from 1 to 200.",
            "too_large": "Send a number from 1 to 200.",
        },
    )
    cursor = Text(load_default=None)


class SearchQuery(PageQuery):
    q = Text(load_default="")


class UserQuery(SearchQuery):
    admin = fields.Boolean(load_default=None, error_messages={"invalid": "Send true or false."})
    active = fields.Boolean(load_default=None, error_messages={"invalid": "Send true or false."})


class RoleQuery(SearchQuery):
    application = Text(load_default=None)


class ApplicationQuery(SearchQuery):
    integration = Text(load_default="")
    state = Text(
        load_default="",
        validate=OneOf(
            ("", "active", "needs-setup", "disabled"),
            error="Send active, needs-setup or disabled.",
        ),
    )


class IntegrationQuery(Input):
    q = Text(load_default="")
    category = Text(load_default="")
    vendor = Text(load_default="")
    include = Text(
        load_default="", validate=OneOf(("", "index"), error="Send index, or leave it out.")
    )


class EventQuery(SearchQuery):
    actor = Text(load_default="")
    action = Text(load_default="")
    application = Text(load_default="")
    target = Text(load_default="")
    outcome = Text(
        load_default="",
        validate=OneOf(("", "done", "refused"), error="Send done or refused."),
    )
    since = Instant(load_default=None)
    until = Instant(load_default=None)


class TraceQuery(PageQuery):
    application = Text(load_default="")
    user = Text(load_default="")
    code = Text(load_default="")


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
    role = Text(required=True)
    expires_at = Instant(load_default=None, allow_none=True)


class NewRole(Input):
    name = Text(required=True)
    description = Text(load_default="")
    application = Text(load_default=None, allow_none=True)
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
    user = Text(required=True)


class NewIssuer(Input):
    name = Text(required=True)


class NewKey(Input):
    algorithm = Text(load_default="rsa-2048")


class NewApplication(Input):
    integration = Text(required=True)
    name = Text(required=True)
    settings = JsonObject(load_default=dict)
    sp_metadata = Text(load_default=None, allow_none=True)
    sp_entity_id = Text(load_default="")
    sp_metadata_certificate = Text(load_default="")
    issuer = Text(load_default=None, allow_none=True)


class MetadataInput(Input):
    xml = Text(load_default=None, allow_none=True)
    url = Text(load_default=None, allow_none=True)
    certificate = Text(load_default="")


class ApplicationChange(Input):
    name = Text()
    settings = JsonObject()
    enabled = Flag()
    service_provider = JsonObject()


class PersonInput(Input):
    user = Text(required=True)


class UpgradeQuery(Input):
    user = Text(load_default="")


class UpgradeDecision(Input):
    accept = fields.List(
        Text(),
        load_default=list,
        error_messages={**_SAYS, "invalid": "Send a list of names of parts."},
    )
    keep = Flag(load_default=False)
    digest = Text(load_default=None, allow_none=True)


class MapperInput(Input):
    name = Text(required=True)
    source = Text(required=True)
    name_format = Text(load_default="unspecified")
    friendly_name = Text(load_default="")
    required = Flag(load_default=False)
    label = Text(load_default="", validate=Length(max=200, error="Send at most 200 characters."))
