"""Attributes of an assertion: where their values come from."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ssoko.errors import AccessRefused
from ssoko.plugin import HeldRole, Person, SamlAttribute
from ssoko.plugin import Mapping as AttributeMapping
from ssoko.saml.response import Attribute
from ssoko.saml.xml import check_text
from ssoko.services.candidates import Candidate, query
from ssoko.services.records import NAME_FORMATS, from_column

#: Sources with one value each, and what pages call them.
LABELS = {
    "user.email": "e-mail address",
    "user.username": "user name",
    "user.first_name": "first name",
    "user.last_name": "last name",
    "user.display_name": "display name",
    "user.id": "id",
}

_CUSTOM = "user.attributes."
_CONSTANT = "constant:"

_GROUPS = """
SELECT g.name FROM membership m JOIN user_group g ON g.id = m.group_id
WHERE m.user_id = ? ORDER BY g.name_key
"""

# The roles of other applications are nobody's business here.
_ROLES = """
SELECT r.name, r.name_key, r.application_id FROM role_grant g JOIN role r ON r.id = g.role_id
WHERE g.user_id = ? AND (g.expires_at IS NULL OR g.expires_at > ?)
  AND r.removed_at IS NULL AND (r.application_id IS NULL OR r.application_id = ?)
UNION
SELECT r.name, r.name_key, r.application_id FROM membership m
JOIN role_grant g ON g.group_id = m.group_id JOIN role r ON r.id = g.role_id
WHERE m.user_id = ? AND (g.expires_at IS NULL OR g.expires_at > ?)
  AND r.removed_at IS NULL AND (r.application_id IS NULL OR r.application_id = ?)
ORDER BY 2
"""

_ROLE_ATTRIBUTES = """
SELECT name, attributes, is_default FROM role WHERE application_id = ? AND removed_at IS NULL
ORDER BY name_key
"""


class PersonValues:
    """What is known of the person who signs in; groups and roles are read when asked for."""

    def __init__(self, candidate: Candidate, *, now: int) -> None:
        self._candidate = candidate
        self._now = now
        self.user_id = candidate.user_id

    def values(self, source: str) -> tuple[str, ...]:
        """Return the values of one source, none of them empty."""
        if source == "user.groups":
            found: Iterable[str] = self.groups
        elif source == "user.roles":
            found = self.roles
        elif source.startswith(_CONSTANT):
            found = (source.removeprefix(_CONSTANT),)
        elif source.startswith(_CUSTOM):
            found = _texts(self.attributes.get(source.removeprefix(_CUSTOM)))
        else:
            found = (self._field(source.removeprefix("user.")),)
        return tuple(value for value in found if value)

    def _field(self, name: str) -> str:
        candidate = self._candidate
        if name == "display_name":
            full = f"{candidate.first_name} {candidate.last_name}".strip()
            return full or candidate.username
        return str(getattr(candidate, "user_id" if name == "id" else name, ""))

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """The user's own attributes."""
        return from_column(self._candidate.user_attributes) or {}

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups that the person is in."""
        return tuple(name for (name,) in query(_GROUPS, (self.user_id,)))

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Names of the person's roles of this application, and of those of no application."""
        return tuple(name for name, _, _ in self._role_rows)

    @cached_property
    def application_roles(self) -> tuple[str, ...]:
        """Names of the roles of this application that let the person in."""
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
        """Return the person as a plugin sees one."""
        candidate = self._candidate
        return Person(
            id=candidate.user_id,
            username=candidate.username,
            email=candidate.email,
            first_name=candidate.first_name,
            last_name=candidate.last_name,
            groups=self.groups,
            roles=self.roles,
            attributes=self.attributes,
            application_roles=self._held_roles(),
        )


def attributes_for(
    mappings: Sequence[AttributeMapping],
    person: PersonValues,
    *,
    more: Sequence[SamlAttribute] = (),
) -> tuple[Attribute, ...]:
    """Return the attributes of one assertion; those without a value are left out.

    Mappings of the same name and format become one attribute with all their values.

    :param more: what the plugin adds.
    :raises AccessRefused: when the person lacks a required one, or a value cannot be sent.
    """
    found: dict[tuple[str, str], tuple[list[str], str]] = {}
    for mapping in mappings:
        values = person.values(mapping.source)
        if mapping.required and not values:
            raise _missing(mapping)
        _add(found, mapping.name, mapping.name_format, values, mapping.friendly_name)
    for extra in more:
        _add(found, extra.name, extra.name_format, extra.values, extra.friendly_name)
    return tuple(
        Attribute(name, tuple(dict.fromkeys(values)), name_format, friendly_name or None)
        for (name, name_format), (values, friendly_name) in found.items()
        if values
    )


def _add(
    found: dict[tuple[str, str], tuple[list[str], str]],
    name: str,
    name_format: str,
    values: Iterable[str],
    friendly_name: str,
) -> None:
    key = (name, NAME_FORMATS.get(name_format, name_format))
    kept, friendly = found.setdefault(key, ([], friendly_name))
    for value in values:
        try:
            kept.append(check_text(value))
        except ValueError as error:
            raise AccessRefused(
                "attribute-unsendable",
                f"A value of yours for {name} has characters that cannot be sent.",
                got=ascii(value)[:200],
                expected="characters of XML 1.0",
                rule=str(error),
                fix="Type this value of the user again.",
            ) from None
    found[key] = (kept, friendly or friendly_name)


def _missing(mapping: AttributeMapping) -> AccessRefused:
    what = LABELS.get(mapping.source, mapping.source.removeprefix("user."))
    return AccessRefused(
        "attribute-missing",
        f"This application needs {mapping.label or mapping.name}, and your account has no {what}.",
        got=f"no {what}",
        expected=f"a value for {mapping.source}",
        rule=f"The attribute {mapping.name} is required.",
        fix=f"Fill in the {what} of this user, or make the attribute optional under Mappers.",
    )


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, (list, tuple)):
        return tuple(text for item in value for text in _texts(item))
    return (str(value),)
