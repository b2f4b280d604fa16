"""The record of an application: what its plugin proposed, as JSON and back.

Sign-in reads the record alone, so what is read here must not depend on a plugin. Fields that this
version does not know are passed over: a newer one may have written them.
"""

import json
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ssoko.plugin import Mapping, MetadataField, ServiceProvider
from ssoko.saml import names

#: The words that mappers may use for the NameFormat URIs.
NAME_FORMATS = {
    "basic": names.ATTRNAME_BASIC,
    "uri": names.ATTRNAME_URI,
    "unspecified": names.ATTRNAME_UNSPECIFIED,
}


@dataclass(frozen=True, slots=True)
class Record:
    """What sign-in needs of an application beyond its row."""

    service_provider: ServiceProvider
    mappers: tuple[Mapping, ...]
    settings: MappingType[str, Any]


def service_provider_to_json(sp: ServiceProvider) -> dict[str, Any]:
    """Return the SP as JSON can hold it, lists and all, so that records can be compared."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(sp)))
    return plain


def service_provider_from_json(raw: MappingType[str, Any]) -> ServiceProvider:
    """Return the SP that was recorded."""
    known = _known(ServiceProvider, raw)
    for name in ("acs_urls", "certificates", "encryption_certificates"):
        known[name] = tuple(known.get(name, ()))
    known["acs_indexes"] = tuple((int(i), str(url)) for i, url in known.get("acs_indexes", ()))
    return ServiceProvider(**known)


def mappers_to_json(mappers: Sequence[Mapping]) -> list[dict[str, Any]]:
    """Return the mappers as JSON can hold them, in their order."""
    return [asdict(mapper) for mapper in mappers]


def mappers_from_json(raw: Sequence[MappingType[str, Any]]) -> tuple[Mapping, ...]:
    """Return the mappers that were recorded."""
    return tuple(Mapping(**_known(Mapping, item)) for item in raw)


def metadata_fields_to_json(metadata_fields: Sequence[MetadataField]) -> list[dict[str, Any]]:
    """Return the metadata fields as JSON can hold them, in their order."""
    return [asdict(field) for field in metadata_fields]


def metadata_fields_from_json(raw: Sequence[MappingType[str, Any]]) -> tuple[MetadataField, ...]:
    """Return the metadata fields that were recorded."""
    return tuple(MetadataField(**_known(MetadataField, item)) for item in raw)


def from_column(value: Any) -> Any:
    """Return the value of a JSON column read by SQL: text on SQLite, parsed on PostgreSQL."""
    return json.loads(value) if isinstance(value, (str, bytes)) else value


def _known(kind: type, raw: MappingType[str, Any]) -> dict[str, Any]:
    wanted = {field.name for field in fields(kind)}
    return {name: value for name, value in raw.items() if name in wanted}
