"""What an integration will tell the vendor about a person, before it is installed."""

from dataclasses import dataclass

from marshmallow import Schema, ValidationError

from ssoko.errors import HookFailed, InputError
from ssoko.plugin import NameIdFormat, Site
from ssoko.plugin.sources import CONSTANT, CUSTOM, TRANSFORMS, parse_source
from ssoko.services.context import Services

_FORMATS = {
    NameIdFormat.EMAIL.value: "e-mail address format",
    NameIdFormat.PERSISTENT.value: "persistent format",
    NameIdFormat.TRANSIENT.value: "transient format",
    NameIdFormat.UNSPECIFIED.value: "unspecified format",
}

#: What pages call the sources of :mod:`ssoko.plugin.sources`.
SOURCES = {
    "user.email": "E-mail of the user",
    "user.username": "User name",
    "user.first_name": "First name",
    "user.last_name": "Last name",
    "user.display_name": "First and last name",
    "user.id": "Id of the user",
    "user.groups": "Groups of the user",
    "user.roles": "Roles of the user",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedValue:
    """One value that an assertion will carry, in words."""

    name: str
    format: str
    source: str
    required: bool


def propose(services: Services, slug: str) -> tuple[ProposedValue, ...]:
    """Return what the plugin proposes for its own example values; empty when it needs real ones."""
    loaded = services.registry.get(slug)
    if loaded is None:
        return ()
    base_url = services.config.base_url
    site = Site(base_url=base_url, plugin_url=f"{base_url}/plugins/{slug}")
    try:
        settings = loaded.form().load(_examples(loaded.form))
        provider = services.registry.call(slug, "service_provider", settings=settings, site=site)
        mappers = services.registry.call(slug, "attribute_mappings", settings=settings)
    except (HookFailed, InputError, ValidationError):
        return ()
    name_id = ProposedValue(
        name="NameID",
        format=_FORMATS.get(provider.name_id_format, provider.name_id_format),
        source=source_words(provider.name_id_source),
        required=True,
    )
    others = (
        ProposedValue(
            name=mapper.friendly_name or mapper.name,
            format="",
            source=source_words(mapper.source),
            required=mapper.required,
        )
        for mapper in mappers
    )
    return (name_id, *others)


def source_words(source: str) -> str:
    """Write where a value comes from in words.

    ``user.email|lower`` is "E-mail of the user, lower case".
    """
    try:
        parsed = parse_source(source)
    except ValidationError:
        return source
    changes = (
        f"{TRANSFORMS[name].label.lower()} {argument}".rstrip() for name, argument in parsed.steps
    )
    return ", ".join((_base_words(parsed.base), *changes))


def _base_words(base: str) -> str:
    if base.startswith(CUSTOM):
        return f"Attribute {base.removeprefix(CUSTOM)} of the user"
    if base.startswith(CONSTANT):
        return f"Always {base.removeprefix(CONSTANT)}"
    return SOURCES.get(base, base)


def _examples(form: type[Schema]) -> dict[str, object]:
    examples = {}
    for name, field in form().load_fields.items():
        placeholder = field.metadata.get("placeholder")
        if field.required and placeholder:
            examples[name] = placeholder
    return examples
