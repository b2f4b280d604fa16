"""The values that an integration will send to the vendor, before it is installed."""

from dataclasses import dataclass

from ssoko.errors import HookFailed, InputError
from ssoko.plugin import NameIdFormat, Site
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.sources import describe_source
from ssoko.services.context import Services

_FORMATS = {
    NameIdFormat.EMAIL.value: "email address format",
    NameIdFormat.PERSISTENT.value: "persistent format",
    NameIdFormat.TRANSIENT.value: "transient format",
    NameIdFormat.UNSPECIFIED.value: "unspecified format",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedValue:
    """One value of an assertion: its name, its format and its source in words."""

    name: str
    format: str
    source: str
    required: bool


def propose(services: Services, slug: str) -> tuple[ProposedValue, ...]:
    """Return the values for the plugin's example settings; empty if it needs real settings."""
    loaded = services.registry.get(slug)
    if loaded is None:
        return ()
    base_url = services.config.base_url
    site = Site(base_url=base_url, plugin_url=f"{base_url}/plugins/{slug}")
    try:
        settings = loaded.form.load(_examples(loaded.form))
        provider = services.registry.call(slug, "service_provider", settings=settings, site=site)
        mappers = services.registry.call(slug, "attribute_mappings", settings=settings)
    except (HookFailed, InputError):
        return ()
    name_id = ProposedValue(
        name="NameID",
        format=_FORMATS.get(provider.name_id_format, provider.name_id_format),
        source=describe_source(provider.name_id_source),
        required=True,
    )
    others = (
        ProposedValue(
            name=mapper.friendly_name or mapper.name,
            format="",
            source=describe_source(mapper.source),
            required=mapper.required,
        )
        for mapper in mappers
    )
    return (name_id, *others)


def _examples(form: InstallForm) -> dict[str, object]:
    examples = {}
    for name, field in form.fields.items():
        placeholder = field.metadata.get("placeholder")
        if field.required and placeholder:
            examples[name] = placeholder
    return examples
