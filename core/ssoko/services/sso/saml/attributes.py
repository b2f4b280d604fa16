"""The attributes of an assertion and the sources of their values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from marshmallow import ValidationError

from ssoko.errors import AccessRefused
from ssoko.plugin import HeldRole, Person, SamlAttribute
from ssoko.plugin import Mapping as AttributeMapping
from ssoko.plugin.host.record import NAME_FORMATS, from_column
from ssoko.plugin.sources import CONSTANT, CUSTOM, Source, parse_source
from ssoko.saml.response import Attribute
from ssoko.saml.xml import check_text
from ssoko.services.sso.sign_in_context import UserContext
from ssoko.store.sql import query

#: Sources with a single value, and their labels on pages.
LABELS = {
    "user.email": "email address",
    "user.username": "username",
    "user.first_name": "first name",
    "user.last_name": "last name",
    "user.display_name": "display name",
    "user.id": "id",
}

_GROUPS = """
SELECT g.name FROM membership m JOIN user_group g ON g.id = m.group_id
WHERE m.user_id = ? ORDER BY g.name_key
"""

# An application must not learn the roles of other applications.
_ROLES = """
SELECT r.name, r.name_key, r.application_id FROM role_assignment g JOIN role r ON r.id = g.role_id
WHERE g.user_id = ? AND (g.expires_at IS NULL OR g.expires_at > ?)
  AND r.removed_at IS NULL AND (r.application_id IS NULL OR r.application_id = ?)
UNION
SELECT r.name, r.name_key, r.application_id FROM membership m
JOIN role_assignment g ON g.group_id = m.group_id JOIN role r ON r.id = g.role_id
WHERE m.user_id = ? AND (g.expires_at IS NULL OR g.expires_at > ?)
  AND r.removed_at IS NULL AND (r.application_id IS NULL OR r.application_id = ?)
ORDER BY 2
"""

_ROLE_ATTRIBUTES = """
SELECT name, attributes, is_default FROM role WHERE application_id = ? AND removed_at IS NULL
ORDER BY name_key
"""


class UserValues:
    """The values of the user who signs in. Groups and roles are read when needed."""

    def __init__(self, context: UserContext, *, now: int) -> None:
        self._candidate = context
        self._now = now
        self.user_id = context.user_id

    def values(self, source: str) -> tuple[str, ...]:
        """Return the values of one source after its transformations, without empty ones."""
        parsed = _parsed(source)
        return parsed.change(tuple(filter(None, self._values(parsed.base))))

    def _values(self, base: str) -> Iterable[str]:
        if base.startswith(CUSTOM):
            return _texts(self.attributes.get(base.removeprefix(CUSTOM)))
        if base == "user.groups":
            return self.groups
        if base == "user.roles":
            return self.roles
        if base.startswith(CONSTANT):
            return (base.removeprefix(CONSTANT),)
        return (self._field(base.removeprefix("user.")),)

    def _field(self, name: str) -> str:
        context = self._candidate
        if name == "display_name":
            full = f"{context.first_name} {context.last_name}".strip()
            return full or context.username
        return str(getattr(context, "user_id" if name == "id" else name, ""))

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """The user's own attributes."""
        return from_column(self._candidate.user_attributes) or {}

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the user's groups."""
        return tuple(name for (name,) in query(_GROUPS, (self.user_id,)))

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Names of the user's roles: those of this application and those of no application."""
        return tuple(name for name, _, _ in self._role_rows)

    @cached_property
    def application_roles(self) -> tuple[str, ...]:
        """Names of the user's active roles of this application."""
        return tuple(name for name, _, application in self._role_rows if application)

    @cached_property
    def _role_rows(self) -> list[tuple[str, str, str | None]]:
        once = (self.user_id, self._now, self._candidate.application_id)
        return query(_ROLES, once + once)

    def _held_roles(self) -> tuple[HeldRole, ...]:
        held = set(self.application_roles)
        rows = query(_ROLE_ATTRIBUTES, (self._candidate.application_id,)) if held else ()
        return tuple(
            HeldRole(name=name, attributes=from_column(found) or {}, is_default=bool(default))
            for name, found, default in rows
            if name in held
        )

    def person(self) -> Person:
        """Return the user in the form that plugins receive."""
        context = self._candidate
        return Person(
            id=context.user_id,
            username=context.username,
            email=context.email,
            first_name=context.first_name,
            last_name=context.last_name,
            groups=self.groups,
            roles=self.roles,
            attributes=self.attributes,
            application_roles=self._held_roles(),
        )


def _stop(refusal: AccessRefused) -> None:
    raise refusal


def attributes_for(
    mappers: Sequence[AttributeMapping],
    user: UserValues,
    *,
    more: Sequence[SamlAttribute] = (),
    refuse: Callable[[AccessRefused], None] = _stop,
) -> tuple[Attribute, ...]:
    """Return the attributes of one assertion. Attributes without a value are omitted.

    Mappers with the same name become one attribute with all their values and the format of the
    first mapper: some service providers read only the first of two attributes, others refuse both.

    :param more: attributes that the plugin adds.
    :param refuse: called with each refusal. Raises it, except in a preview.
    :raises AccessRefused: when the user has no value for a required attribute, or a value cannot be
        sent.
    """
    found: dict[str, Attribute] = {}
    for mapper in mappers:
        values = user.values(mapper.source)
        if mapper.required and not values:
            refuse(_missing(mapper))
        _add(found, mapper, values, refuse)
    for extra in more:
        _add(found, extra, extra.values, refuse)
    return tuple(found.values())


def _add(
    found: dict[str, Attribute],
    more: AttributeMapping | SamlAttribute,
    values: Iterable[str],
    refuse: Callable[[AccessRefused], None],
) -> None:
    name = more.name
    values = tuple(dict.fromkeys([v for v in values if _can_be_sent(name, v, refuse)]))
    if not values:
        return
    there = found.get(name)
    word = more.name_format or "unspecified"
    found[name] = Attribute(
        name,
        tuple(dict.fromkeys(there.values + values)) if there else values,
        there.name_format if there else NAME_FORMATS.get(word, word),
        (there.friendly_name if there else None) or more.friendly_name or None,
    )


def _can_be_sent(name: str, value: str, refuse: Callable[[AccessRefused], None]) -> bool:
    try:
        check_text(value)
    except ValueError as error:
        refuse(
            AccessRefused(
                "attribute-unsendable",
                f"Your account has a value for {name} that cannot be sent.",
                received=ascii(value)[:200],
                expected="characters of XML 1.0",
                source=str(error),
                fix="Enter this value of the user again, without control characters.",
            )
        )
        return False
    return True


def _parsed(source: str) -> Source:
    try:
        return parse_source(source)
    except ValidationError:
        # Recorded by another version of Ssoko. Unknown sources have no value.
        return Source(source)


def source_label(source: str) -> str:
    """Return the label of a source: "attributes.staff" for ``user.attributes.staff|lower``."""
    base = _parsed(source).base
    return LABELS.get(base, base.removeprefix("user."))


def _missing(mapper: AttributeMapping) -> AccessRefused:
    what = source_label(mapper.source)
    changed = " that its transformations keep" if _parsed(mapper.source).steps else ""
    return AccessRefused(
        "attribute-missing",
        f"This application needs {mapper.label or mapper.name}, and your account has no {what}.",
        received=f"no {what}{changed}",
        expected=f"a value for {mapper.source}",
        source=f"The attribute {mapper.name} is required.",
        fix=f"Fill in the {what} of this user, or make the attribute optional under Mappers.",
    )


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, (list, tuple)):
        return tuple(text for item in value for text in _texts(item))
    return (str(value),)
