"""Read SP metadata, choose a service provider from it, and fill an install form.

Nothing is written here. Errors are reported at the field that the metadata came from.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from marshmallow.fields import Boolean, Field

from ssoko.errors import HookFailed, InputError, MessageRefused
from ssoko.fetch import fetch
from ssoko.plugin import LogoutEndpoint, RequestedAttribute, VendorMetadata
from ssoko.plugin.fields import host_of
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.saml import names
from ssoko.saml.sp_metadata.parse import parse_sp_metadata
from ssoko.saml.sp_metadata.values import SpMetadata, UnusableSp
from ssoko.services.applications.metadata_source import MetadataSource
from ssoko.services.context import Services

HOOK = "settings_from_metadata"

_EXPIRED = "metadata-expired"
_OFFER = ", or send accept_expired to use this one"

#: Encryption methods by URI, as plugins know them.
_METHODS: dict[str, Literal["aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc"]] = {
    names.AES256_GCM: "aes256-gcm",
    names.AES128_GCM: "aes128-gcm",
    names.AES256_CBC: "aes256-cbc",
    names.AES128_CBC: "aes128-cbc",
}
#: The most entity IDs that an error lists.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class ParsedMetadata:
    """The usable service providers in some metadata, one per entity ID.

    :param unusable: the other entities, each with the reason.
    :param text: the XML as text.
    """

    profiles: tuple[SpMetadata, ...]
    source: MetadataSource
    unusable: tuple[UnusableSp, ...] = ()
    text: str = ""

    @property
    def must_choose(self) -> bool:
        """Whether an admin must choose: a list never installs one that nobody chose."""
        return len(self.profiles) + len(self.unusable) > 1

    def source_of(self, profile: SpMetadata) -> MetadataSource:
        """Return the source with the notes about one service provider."""
        return replace(self.source, warnings=profile.warnings, unused=profile.unused)


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
    accept_expired: bool = True,
) -> ParsedMetadata:
    """Read metadata that was uploaded (*file*) or pasted.

    :param xml: bytes of a file, in any usual encoding or packing; or text.
    :param signed_by: PEM certificate that the metadata must be signed with, if any.
    :param accept_expired: read metadata that has expired, with a warning.
    :raises InputError: at *field*.
    """
    source = MetadataSource(kind="file" if file else "text", name=name[:200], signed_by=signed_by)
    return _read(services, xml, source, field=field, accept_expired=accept_expired)


def from_url(services: Services, url: str, *, field: str, signed_by: str = "") -> ParsedMetadata:
    """Fetch and read metadata.

    :param signed_by: see :func:`from_xml`.
    :raises InputError: at *field*.
    """
    data = fetch(url, allow=services.config.metadata_fetch_allow, field=field)
    source = MetadataSource(kind="url", name=url, signed_by=signed_by)
    return _read(services, data, source, field=field, accept_expired=False)


def _read(
    services: Services,
    data: bytes | str,
    source: MetadataSource,
    *,
    field: str,
    accept_expired: bool,
) -> ParsedMetadata:
    now = services.clock()
    signed_by = (source.signed_by,) if source.signed_by else ()
    try:
        found = parse_sp_metadata(data, now=now, signed_by=signed_by, accept_expired=accept_expired)
    except MessageRefused as refusal:
        # A URL should have the current metadata; a file may be all that there is.
        offer = "" if source.kind == "url" else _OFFER
        raise InputError.of(field, explain(refusal, services.config.base_url, offer)) from None
    by_entity_id: dict[str, SpMetadata] = {}
    for profile in found.providers:
        first = by_entity_id.setdefault(profile.entity_id, profile)
        if first is not profile:
            again = f"The metadata has {profile.entity_id} more than once. The first one is used."
            by_entity_id[first.entity_id] = replace(
                first, warnings=tuple(dict.fromkeys((*first.warnings, again)))
            )
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return ParsedMetadata(
        tuple(by_entity_id.values()),
        replace(source, sha256=hashlib.sha256(raw).hexdigest(), read_at=now),
        found.unusable,
        found.text,
    )


def choose(metadata: ParsedMetadata, entity_id: str, *, field: str) -> SpMetadata:
    """Return the service provider with this entity ID; without one, the only one.

    :raises InputError: at *field*, listing the choices, or why this one cannot be used.
    """
    if not metadata.must_choose and not entity_id:
        return metadata.profiles[0]
    for profile in metadata.profiles:
        if profile.entity_id == entity_id:
            return profile
    refuse_unusable(metadata, entity_id, field=field)
    listed = ", ".join(profile.entity_id for profile in metadata.profiles[:_LISTED])
    more = len(metadata.profiles) - _LISTED
    text = f"Choose one of these service providers: {listed}" + f" and {more} more" * (more > 0)
    if metadata.unusable:
        reasons = " ".join(f"{one.entity_id}: {one.reason}" for one in metadata.unusable[:3])
        text = f"{text}. Not usable: {reasons}".rstrip(".")
    raise InputError.of(field, text)


def refuse_unusable(metadata: ParsedMetadata, entity_id: str, *, field: str) -> None:
    """Say why an entity of the metadata cannot be used, if it is one of the unusable ones.

    :raises InputError: at *field*.
    """
    for one in metadata.unusable:
        if one.entity_id == entity_id:
            raise InputError.of(field, f"{entity_id} cannot be used. {one.reason.rstrip('.')}")


def settings_from(
    services: Services,
    loaded: LoadedIntegration,
    profile: SpMetadata,
    *,
    field: str,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the settings that the plugin derives from a service provider, in form order.

    :param settings: the recorded settings, as loaded by the schema.
    :raises InputError: at *field*, when the metadata belongs to another vendor.
    :raises HookFailed: when the plugin fails.
    """
    _check_vendor(loaded, profile, field)
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


def _check_vendor(loaded: LoadedIntegration, profile: SpMetadata, field: str) -> None:
    pattern, name = loaded.integration.metadata_hosts, loaded.integration.name
    if not pattern:
        return
    urls = (profile.entity_id, *profile.acs_urls)
    if any(re.fullmatch(pattern, host_of(url)) or re.fullmatch(pattern, url) for url in urls):
        return
    raise InputError.of(
        field,
        f"This is the metadata of {profile.entity_id}, not of {name}. Use the metadata of {name}, "
        "or install the other application separately",
    )


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
    accept_expired: bool = False,
) -> tuple[dict[str, Any], MetadataSource]:
    """Return the settings from metadata and from *given* together; *given* wins.

    :raises InputError: at ``sp_metadata`` or ``sp_entity_id``.
    """
    if not accepts_metadata(loaded):
        raise InputError.of(
            "sp_metadata",
            f"{loaded.integration.name} does not accept metadata. Send its settings instead.",
        )
    metadata = from_xml(
        services,
        sp_metadata,
        field="sp_metadata",
        signed_by=signed_by,
        accept_expired=accept_expired,
    )
    profile = choose(metadata, sp_entity_id, field="sp_entity_id")
    offered = settings_from(services, loaded, profile, field="sp_metadata")
    return fill(loaded, {}, offered).raw | dict(given), metadata.source_of(profile)


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
        encryption_methods=tuple(_METHODS[uri] for uri in profile.encryption_methods),
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


def explain(refusal: MessageRefused, base_url: str, offer: str = "") -> str:
    """Explain a refused metadata file to an admin who does not know XML.

    :param offer: added for metadata that has expired.
    """
    words = {
        "xml-dtd": "The metadata has a document type declaration (DOCTYPE), which is used for "
        "attacks. Ask the vendor for a file without one",
        "xml-malformed": "The metadata is not well-formed XML. Download or copy all of it again",
        "xml-encoding": "The metadata contains characters that are not valid. Copy it again",
        "xml-duplicate-id": "Two parts of the metadata have the same ID, which hides what is "
        "signed. Ask the vendor for a corrected file",
        "xml-too-complex": "The metadata has too many elements or nests them too deeply. Use only "
        "the part with the service provider",
        "signature-missing": "The metadata must be signed, and is not. Use the vendor's signed "
        "metadata file",
        "signature-wrong": "The metadata is not signed with the required certificate, "
        "or was changed after it was signed",
    }
    if refusal.code == "metadata-no-sp" and refusal.received.startswith(base_url):
        return (
            f"This is Ssoko's own metadata: {refusal.received}. Upload it at the service provider, "
            "and the metadata of the service provider here"
        )
    text = words.get(refusal.code)
    if text is None:
        fix = refusal.fix.rstrip(".")
        return f"{str(refusal).rstrip('.')}. {fix}{offer if refusal.code == _EXPIRED else ''}"
    got = refusal.received if refusal.code.startswith("xml-") else ""
    got = got.partition(" (<string>")[0]
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
