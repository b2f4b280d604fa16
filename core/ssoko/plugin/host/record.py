"""The record of an application, the proposals of its plugin, to and from JSON.

Sign-in reads only the record, so reading it does not need the plugin. Unknown fields are ignored,
because a newer version may have written them.
"""

import json
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ssoko.plugin import Mapping, MetadataField, ServiceProvider
from ssoko.saml import names

#: Short names of the NameFormat URIs in mappers.
NAME_FORMATS = {
    "basic": names.ATTRNAME_BASIC,
    "uri": names.ATTRNAME_URI,
    "unspecified": names.ATTRNAME_UNSPECIFIED,
}


@dataclass(frozen=True, slots=True)
class Record:
    """The recorded values that sign-in needs."""

    service_provider: ServiceProvider
    mappers: tuple[Mapping, ...]
    settings: MappingType[str, Any]


def service_provider_to_json(sp: ServiceProvider) -> dict[str, Any]:
    """Return the SP as JSON values, so that records can be compared."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(sp)))
    return plain


def service_provider_from_json(raw: MappingType[str, Any]) -> ServiceProvider:
    """Return the recorded SP."""
    values = _known_fields(ServiceProvider, raw)
    for name in ("acs_urls", "certificates", "encryption_certificates"):
        values[name] = tuple(values.get(name, ()))
    values["acs_indexes"] = tuple((int(i), str(url)) for i, url in values.get("acs_indexes", ()))
    return ServiceProvider(**values)


def mappers_to_json(mappers: Sequence[Mapping]) -> list[dict[str, Any]]:
    """Return the mappers as JSON values, in their order."""
    return [asdict(mapper) for mapper in mappers]


def mappers_from_json(raw: Sequence[MappingType[str, Any]]) -> tuple[Mapping, ...]:
    """Return the recorded mappers."""
    return tuple(Mapping(**_known_fields(Mapping, item)) for item in raw)


def metadata_fields_to_json(metadata_fields: Sequence[MetadataField]) -> list[dict[str, Any]]:
    """Return the metadata fields as JSON values, in their order."""
    return [asdict(field) for field in metadata_fields]


def metadata_fields_from_json(raw: Sequence[MappingType[str, Any]]) -> tuple[MetadataField, ...]:
    """Return the recorded metadata fields."""
    return tuple(MetadataField(**_known_fields(MetadataField, item)) for item in raw)


def from_column(value: Any) -> Any:
    """Return the value of a JSON column read by SQL: text on SQLite, parsed on PostgreSQL."""
    return json.loads(value) if isinstance(value, (str, bytes)) else value


def _known_fields(kind: type, raw: MappingType[str, Any]) -> dict[str, Any]:
    names_of = {field.name for field in fields(kind)}
    return {name: value for name, value in raw.items() if name in names_of}
