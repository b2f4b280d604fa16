"""The parts that all responses share: the base schema, times, choices, lists and problems."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, fields, missing
from marshmallow.validate import OneOf

from ssoko.store.paging import Page

T = TypeVar("T")


class Output(Schema):
    """The JSON form of one thing.

    A field reads the attribute of its name, or what the method ``read_<name>`` returns. Every field
    is in every response, unless its metadata says ``optional``.
    """

    class Meta:
        """A later version can add fields, so OpenAPI does not forbid others."""

        unknown = EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = not field_obj.metadata.get("optional", False)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return the value of a field.

        :raises AttributeError: when there is none, instead of leaving the field out.
        """
        read = getattr(self, f"read_{attr}", None)
        value = read(obj) if read else super().get_attribute(obj, attr, default)
        if value is missing and attr not in self._optional:
            raise AttributeError(f"{type(self).__name__}: {obj!r} has no {attr}")
        return value

    @property
    def _optional(self) -> set[str]:
        return {name for name, field in self.fields.items() if not field.required}


class Timestamp(fields.DateTime):
    """Seconds since the epoch, written as RFC 3339 in UTC: ``2026-11-24T09:14:07Z``."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Choice(fields.String):
    """One of a few texts."""

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        super().__init__(validate=OneOf(tuple(choices)), **kwargs)


class Texts(fields.List[str]):
    """A list of texts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields.String(), **kwargs)


class Attributes(fields.Dict):
    """Custom attributes of a user or a role: key to a text or a list of texts."""

    def __init__(self, **kwargs: Any) -> None:
        either = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        values = fields.Raw(metadata={"anyOf": either})
        super().__init__(keys=fields.String(), values=values, **kwargs)


class IdAndNameSchema(Output):
    """A link to another thing."""

    id = fields.String()
    name = fields.String()


@cache
def page_of(item: type[Output]) -> type[Output]:
    """Return the schema of a list of these items; it dumps a :class:`~ssoko.store.paging.Page`."""
    name = item.__name__.removesuffix("Schema")
    envelope = {
        "__doc__": "Some items of a list, and where it continues.",
        "items": fields.List(fields.Nested(item)),
        "next": fields.String(
            allow_none=True,
            metadata={
                "description": "Send it as `cursor` to read the next page. Null on the last page, "
                "and in lists that are always complete."
            },
        ),
    }
    return type(f"{name}ListSchema", (Output,), envelope)


def complete(items: Iterable[T]) -> Page[T]:
    """Return a list that is not paged."""
    return Page(tuple(items), None)


class ProblemSchema(Output):
    """An error (RFC 9457)."""

    type = fields.String(metadata={"description": "Always `about:blank`."})
    title = fields.String(metadata={"description": "The name of the status."})
    status = fields.Integer(metadata={"description": "The HTTP status."})
    detail = fields.String(metadata={"description": "What is wrong and what to do, in words."})
    errors = fields.Dict(
        keys=fields.String(),
        values=Texts(),
        metadata={
            "optional": True,
            "description": "Field to messages. Fields inside a list or an object have dotted names "
            "such as `mappers.0.name`; the empty name is the whole body.",
        },
    )
