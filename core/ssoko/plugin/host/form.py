"""The install form of a plugin: the one way to its fields, and to the values of its settings.

The form is a marshmallow schema, and so code of the plugin. Its schema is created once, while the
plugin is loaded. Whatever it does later is reported as a failure of the plugin.

A field has a name in settings, on pages and in the API: its ``data_key``, or its attribute. Loaded
values, which hooks receive, have the names of the attributes.
"""

import contextlib
import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from marshmallow import RAISE, Schema, ValidationError, missing
from marshmallow.fields import Enum, Field, List, Nested, String
from marshmallow.validate import ContainsOnly, OneOf

from ssoko.errors import HookFailed, InputError
from ssoko.plugin.host.containment import ends_the_process, quiet
from ssoko.plugin.host.texts import is_encodable, plain

#: The most messages that one form shows.
_MAX_MESSAGES = 200


class InstallForm:
    """The install form of one loaded plugin.

    :param schema: its class; the constructor raises what creating it raises.
    :ivar fields: the fields that can be entered, by their names in settings.
    :ivar attributes: the names in settings to the names in loaded values.
    :ivar secret: the names of the fields whose values are never returned.
    """

    def __init__(self, slug: str, schema: type[Schema]) -> None:
        self.slug = slug
        self.schema_class = schema
        self._schema = schema()
        named: dict[str, Field[Any]] = {}
        attributes: dict[str, str] = {}
        for attribute, field in self._schema.load_fields.items():
            name = field.data_key if field.data_key is not None else attribute
            if name in named:
                raise ValueError(f"two fields have the name {name}")
            named[name] = field
            attributes[name] = field.attribute or attribute
            _own_metadata(field)
        self.fields: Mapping[str, Field[Any]] = MappingProxyType(named)
        self.attributes: Mapping[str, str] = MappingProxyType(attributes)
        self.secret = frozenset(
            name for name, f in named.items() if f.load_only or f.metadata.get("secret")
        )

    def __call__(self) -> Schema:
        """Return the schema, the same each time."""
        return self._schema

    def load(self, raw: Any, *, unknown: Literal["raise", "exclude"] = RAISE) -> dict[str, Any]:
        """Validate entered values, and return them by attribute.

        A blank optional field is not validated: it has its default. Only a text without validators
        and an empty list replace a default.

        :param unknown: marshmallow's option for fields that the form does not have.
        :raises InputError: with dotted names of fields.
        :raises HookFailed: when the form fails.
        """
        if not isinstance(raw, Mapping):
            raise InputError({}, {"": ["Enter the settings as an object of names and values."]})
        if unreadable := [
            plain(name, 200) for name, value in raw.items() if not _is_readable([name, value])
        ]:
            message = "Remove the characters that are not valid Unicode, and enter it again."
            raise InputError({}, dict.fromkeys(unreadable, [message]))
        try:
            return self.deserialize(raw, unknown=unknown)
        except ValidationError as error:
            errors: dict[str, list[str]] = {}
            with self.guard("the error of loading"):
                errors = flatten(error.messages)
        raise InputError({}, errors or {"": ["The plugin refuses these values."]})

    def deserialize(
        self, raw: Mapping[str, Any], *, unknown: Literal["raise", "exclude"] = RAISE
    ) -> dict[str, Any]:
        """Load values as :meth:`load` does, with marshmallow's own error.

        :raises ValidationError: with the tree of messages.
        :raises HookFailed: when the form fails.
        """
        refused: ValidationError | None = None
        values: Any = None
        with self.guard("loading"):
            try:
                values = self._schema.load(_without_blanks(self.fields, raw), unknown=unknown)
            except ValidationError as error:
                refused = error
        if refused is not None:
            raise refused
        if not isinstance(values, dict):
            raise HookFailed(self.slug, "install_form", "the schema does not return a dict")
        return values

    def dump(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return loaded values as JSON values, by their names in settings.

        :raises HookFailed: when the form fails.
        """
        stored: dict[str, Any] = {}
        with self.guard("dumping"):
            stored = _as_json(dict(self._schema.dump(values)))
            json.dumps(stored, allow_nan=False)
        return stored

    def value(self, values: Mapping[str, Any], name: str) -> Any:
        """Return the loaded value of a field, by its name in settings; None without one."""
        return values.get(self.attributes.get(name, name))

    def name_of(self, attribute: str) -> str:
        """Return the name in settings of an attribute, or the attribute for another text."""
        head, dot, rest = attribute.partition(".")
        if head in self.fields:
            return attribute
        return next((n for n, a in self.attributes.items() if a == head), head) + dot + rest

    def label(self, name: str) -> str:
        """Return the label of a field, or its name."""
        field = self.fields.get(name)
        return str(field.metadata.get("label") or name) if field is not None else name

    @contextlib.contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """Turn whatever the form raises within the block into :class:`HookFailed`."""
        try:
            with quiet():
                yield
        except BaseException as error:
            if ends_the_process(error) or isinstance(error, GeneratorExit):
                raise
            name = plain(type(error).__name__, 100)
            raise HookFailed(self.slug, "install_form", f"{doing} raised {name}") from error


def flatten(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """Turn marshmallow's messages into dotted names; those of the whole form are under ``""``."""
    if isinstance(messages, Mapping):
        flat: dict[str, list[str]] = {}
        for name, inner in messages.items():
            here = prefix if name == "_schema" else f"{prefix}.{plain(name, 200)}".lstrip(".")
            for key, texts in flatten(inner, here).items():
                flat.setdefault(key, []).extend(texts)
            if len(flat) > _MAX_MESSAGES:
                break
        return flat
    listed = messages if isinstance(messages, list) else [messages]
    return {prefix: [_message(plain(text)) for text in listed[:_MAX_MESSAGES]]}


def _message(text: str) -> str:
    # marshmallow's own messages do not say what to do.
    return {
        "Unknown field.": "Remove this field. The form does not have it.",
        "Missing data for required field.": "Enter a value.",
        "Field may not be null.": "Enter a value, or omit the field.",
        "Invalid input type.": "Enter the settings as an object of names and values.",
    }.get(text, text)


def rows_of(field: Field[Any]) -> Mapping[str, Field[Any]] | None:
    """Return the fields of the rows of a list of nested schemas; None for another field."""
    if isinstance(field, List) and isinstance(field.inner, Nested):
        fields = field.inner.schema.load_fields.values()
        return {str(f.data_key if f.data_key is not None else f.name): f for f in fields}
    return None


def choices_of(field: Field[Any]) -> tuple[tuple[str, str], ...]:
    """Return pairs of value and label that a field, or the items of a list, can be chosen from."""
    if choices := field.metadata.get("choices"):
        return tuple(choices.items())
    if isinstance(field, Enum):
        members = [str(field._serialize(member, "", None)) for member in field.enum]
        return tuple(zip(members, members, strict=True))
    for validator in field.validators:
        if isinstance(validator, OneOf | ContainsOnly):
            values = [str(value) for value in validator.choices]
            labels = [str(label) for label in validator.labels]
            return tuple(zip(values, labels if len(labels) == len(values) else values, strict=True))
    return choices_of(field.inner) if isinstance(field, List) else ()


def _own_metadata(field: Field[Any]) -> None:
    """Give a field and those inside it metadata of plain types, which no later call changes."""
    metadata = dict(field.metadata)
    choices = metadata.get("choices")
    if choices:
        pairs = choices.items() if isinstance(choices, Mapping) else map(_pair, choices)
        metadata["choices"] = {str(value): str(label) for value, label in pairs}
    field.metadata = metadata
    if (found := choices_of(field)) and not isinstance(field, List):
        metadata["choices"] = dict(found)
    if isinstance(field, List):
        _own_metadata(field.inner)
    for cell in (rows_of(field) or {}).values():
        _own_metadata(cell)


def _pair(choice: Any) -> tuple[Any, Any]:
    return (choice[0], choice[1]) if isinstance(choice, tuple) else (choice, choice)


def _without_blanks(fields: Mapping[str, Field[Any]], raw: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in raw.items():
        field = fields.get(name)
        if field is None or field.required or not _is_blank(value):
            rows = rows_of(field) if field is not None else None
            if rows is not None and isinstance(value, list):
                value = [_without_blanks(rows, r) if isinstance(r, Mapping) else r for r in value]
            kept[name] = value
        elif (value is None and field.allow_none) or _replaces_default(field, value):
            kept[name] = value
    return kept


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _replaces_default(field: Field[Any], value: Any) -> bool:
    default = field.load_default() if callable(field.load_default) else field.load_default
    if value is None or default in (missing, None, "", [], ()):
        return False
    if isinstance(value, list):
        return isinstance(field, List)
    is_free = not field.validators and not field.metadata.get("choices")
    return isinstance(field, String) and is_free


def _is_readable(value: Any) -> bool:
    if isinstance(value, str):
        return is_encodable(value) and "\0" not in value
    if isinstance(value, Mapping):
        return all(map(_is_readable, (*value, *value.values())))
    return all(map(_is_readable, value)) if isinstance(value, list) else True


def _as_json(value: Any) -> Any:
    """Return what schemas dump, as JSON has it: decimal numbers, dates and UUIDs as text."""
    if isinstance(value, Mapping):
        return {str(name): _as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json(item) for item in value]
    if isinstance(value, enum.Enum):
        return _as_json(value.value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value) if isinstance(value, decimal.Decimal | uuid.UUID) else value
