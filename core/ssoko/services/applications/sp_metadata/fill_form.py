"""Read SP metadata, choose a service provider from it, and fill an install form.

Nothing is written here. Errors are reported at the field that the metadata came from.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from marshmallow.fields import Boolean, Field

from ssoko.errors import HookFailed, InputError, MessageRefused
from ssoko.fetch import fetch
from ssoko.plugin import LogoutEndpoint, RequestedAttribute, VendorMetadata
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.saml import names
from ssoko.saml.sp_metadata import SpMetadata, parse_sp_metadata
from ssoko.services.applications.metadata_source import Kind, MetadataSource
from ssoko.services.context import Services

HOOK = "settings_from_metadata"

#: The most entity IDs that an error lists.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class ParsedMetadata:
    """The usable service providers in some metadata, one per entity ID."""

    profiles: tuple[SpMetadata, ...]
    source: MetadataSource


@dataclass(frozen=True, slots=True)
class Filled:
    """An install form filled from metadata.

    :param raw: its values, as if typed.
    :param marks: field to fingerprint, for the fields that the metadata filled.
    :param stayed: fields that were typed by an admin and stay unchanged.
    """

    raw: dict[str, Any]
    marks: dict[str, str]
    stayed: tuple[str, ...]


def accepts_metadata(loaded: LoadedIntegration) -> bool:
    """Return whether the plugin can fill its form from metadata."""
    return HOOK in loaded.hooks


def from_xml(
    services: Services,
    xml: str | bytes,
    *,
    name: str = "",
    file: bool = False,
    field: str,
    signed_by: str = "",
) -> ParsedMetadata:
    """Read metadata that was uploaded (*file*) or pasted.

    :param signed_by: PEM certificate that the metadata must be signed with, if any.
    :raises InputError: at *field*.
    """
    data = xml.encode("utf-8", "surrogatepass") if isinstance(xml, str) else xml
    kind: Kind = "file" if file else "text"
    return _read(services, data, kind=kind, name=name[:200], field=field, signed_by=signed_by)


def from_url(services: Services, url: str, *, field: str, signed_by: str = "") -> ParsedMetadata:
    """Fetch and read metadata.

    :param signed_by: see :func:`from_xml`.
    :raises InputError: at *field*.
    """
    data = fetch(url, allow=services.config.metadata_fetch_allow, field=field)
    return _read(services, data, kind="url", name=url, field=field, signed_by=signed_by)


def _read(
    services: Services, data: bytes, *, kind: Kind, name: str, field: str, signed_by: str
) -> ParsedMetadata:
    now = services.clock()
    try:
        profiles = parse_sp_metadata(data, now=now, signed_by=(signed_by,) if signed_by else ())
    except MessageRefused as refusal:
        raise InputError.of(field, _explain(refusal)) from None
    by_entity_id: dict[str, SpMetadata] = {}
    for profile in profiles:
        by_entity_id.setdefault(profile.entity_id, profile)
    source = MetadataSource(
        kind=kind,
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        read_at=now,
        signed_by=signed_by,
    )
    return ParsedMetadata(tuple(by_entity_id.values()), source)


def choose(metadata: ParsedMetadata, entity_id: str, *, field: str) -> SpMetadata:
    """Return the service provider with this entity ID; without one, the only one.

    :raises InputError: at *field*, listing the choices.
    """
    if len(metadata.profiles) == 1 and not entity_id:
        return metadata.profiles[0]
    for profile in metadata.profiles:
        if profile.entity_id == entity_id:
            return profile
    listed = ", ".join(profile.entity_id for profile in metadata.profiles[:_LISTED])
    more = len(metadata.profiles) - _LISTED
    raise InputError.of(
        field,
        f"Choose one of these service providers: {listed}" + (f" and {more} more" * (more > 0)),
    )


def settings_from(
    services: Services,
    loaded: LoadedIntegration,
    profile: SpMetadata,
    *,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the settings that the plugin derives from a service provider, in form order.

    :param settings: the recorded settings, as loaded by the schema.
    :raises HookFailed: when the plugin fails.
    """
    settings_found = services.registry.call(
        loaded.slug, HOOK, metadata=for_plugin(profile), settings=settings or {}
    )
    fields = loaded.form.fields
    settings_found = {loaded.form.name_of(str(n)): v for n, v in settings_found.items()}
    if unknown := sorted(set(map(str, settings_found)) - set(fields)):
        raise HookFailed(loaded.slug, HOOK, f"the form has no field {unknown[0]}")
    if secret := sorted(set(settings_found) & loaded.form.secret):
        raise HookFailed(loaded.slug, HOOK, f"metadata cannot fill {secret[0]}, which is secret")
    try:
        json.dumps(settings_found, allow_nan=False)
    except (TypeError, ValueError):
        raise HookFailed(loaded.slug, HOOK, "return only values that a form could send") from None
    return {name: settings_found[name] for name in fields if name in settings_found}


def fill(
    loaded: LoadedIntegration,
    typed: Mapping[str, Any],
    offered: Mapping[str, Any],
    *,
    marks: Mapping[str, str] | None = None,
) -> Filled:
    """Fill a form from metadata, except for fields that an admin typed.

    A field counts as typed unless it is empty, has its default, or has the value of earlier
    metadata. A switch is turned on, never off.

    :param marks: of the previous fill.
    """
    fields = loaded.form.fields
    earlier = marks or {}
    raw = {name: v for name, v in typed.items() if _mark(v) != earlier.get(name)}
    filled: dict[str, str] = {}
    stayed = []
    for name, value in offered.items():
        if _is_empty(value) or (isinstance(fields[name], Boolean) and not value):
            continue
        if name in raw and not _is_default(fields[name], raw[name]):
            if _mark(raw[name]) != _mark(value):
                stayed.append(name)
            continue
        raw[name] = value
        filled[name] = _mark(value)
    return Filled(raw, filled, tuple(stayed))


def install_settings(
    services: Services,
    loaded: LoadedIntegration,
    given: Mapping[str, Any],
    *,
    sp_metadata: str,
    sp_entity_id: str = "",
    signed_by: str = "",
) -> tuple[dict[str, Any], MetadataSource]:
    """Return the settings from metadata and from *given* together; *given* wins.

    :raises InputError: at ``sp_metadata`` or ``sp_entity_id``.
    """
    if not accepts_metadata(loaded):
        raise InputError.of(
            "sp_metadata",
            f"{loaded.integration.name} does not accept metadata. Send its settings instead.",
        )
    metadata = from_xml(services, sp_metadata, field="sp_metadata", signed_by=signed_by)
    profile = choose(metadata, sp_entity_id, field="sp_entity_id")
    offered = settings_from(services, loaded, profile)
    return fill(loaded, {}, offered).raw | dict(given), metadata.source


def for_plugin(profile: SpMetadata) -> VendorMetadata:
    """Return a service provider in the form that plugins receive."""
    bindings: dict[str, Literal["redirect", "post"]] = {
        names.BINDING_REDIRECT: "redirect",
        names.BINDING_POST: "post",
    }
    indexes: dict[int, str] = {}
    for index, url in profile.acs_indexes:
        indexes.setdefault(index, url)
    return VendorMetadata(
        entity_id=profile.entity_id,
        acs_urls=profile.acs_urls,
        acs_indexes=tuple(indexes.items()),
        slo=tuple(
            LogoutEndpoint(
                binding=bindings[endpoint.binding],
                url=endpoint.url,
                response_url=endpoint.response_url,
            )
            for endpoint in profile.slo_urls
        ),
        certificates=tuple(pem.strip() for pem in profile.signing_certificates),
        encryption_certificates=tuple(pem.strip() for pem in profile.encryption_certificates),
        name_id_formats=profile.name_id_formats,
        want_assertions_signed=profile.want_assertions_signed,
        authn_requests_signed=profile.authn_requests_signed,
        requested_attributes=tuple(
            RequestedAttribute(
                name=attribute.name,
                name_format=attribute.name_format or "",
                friendly_name=attribute.friendly_name or "",
                required=attribute.required,
            )
            for attribute in profile.requested_attributes
        ),
        display_name=profile.display_name,
    )


def _explain(refusal: MessageRefused) -> str:
    """Explain a refused metadata file to an admin who does not know XML."""
    words = {
        "xml-too-large": "The metadata is larger than 2 MB. Use only the part that you need",
        "xml-dtd": "The metadata has a document type declaration (DOCTYPE), which is used for "
        "attacks. Ask the vendor for a file without one",
        "xml-encoding": "This is not XML in UTF-8. Use the vendor's metadata file",
        "xml-malformed": "This is not XML. Use the vendor's metadata file",
        "xml-schema": "The metadata does not follow the SAML 2.0 schema. Ask the vendor for a "
        "corrected file",
        "signature-missing": "The metadata must be signed, and is not. Use the vendor's signed "
        "metadata file",
        "signature-wrong": "The metadata is not signed with the required certificate, "
        "or was changed after it was signed",
    }
    text = words.get(refusal.code)
    if text is None:
        return f"{str(refusal).rstrip('.')}. {refusal.fix.rstrip('.')}"
    got = refusal.received if refusal.code in {"xml-schema", "xml-malformed"} else ""
    return f"{text} ({got[:200]})" if got else text


def _mark(value: Any) -> str:
    """Return a fingerprint that ignores spaces around a value."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = [item.strip() if isinstance(item, str) else item for item in value]
    elif isinstance(value, str):
        value = value.replace("\r\n", "\n").strip()
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == ()


def _is_default(field: Field[Any], value: Any) -> bool:
    if _is_empty(value):
        return True
    default = field.load_default
    default = default() if callable(default) else default
    return value == default or (isinstance(default, str) and str(value) == default)
