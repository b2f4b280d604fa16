"""Take a service provider's metadata: read them, choose from them, fill an install form.

Nothing is written here. What is wrong with the metadata is said at the field that they came in.
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
from ssoko.services.applications.settings import secret_fields
from ssoko.services.context import Services

HOOK = "settings_from_metadata"

#: Entity IDs that an error lists, when it has to list them.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Found:
    """The usable service providers of some metadata, each entity ID once."""

    profiles: tuple[SpMetadata, ...]
    source: MetadataSource


@dataclass(frozen=True, slots=True)
class Filled:
    """An install form after metadata were put into it.

    :param raw: its values, as if they were typed.
    :param marks: field to fingerprint, for those that the metadata filled.
    :param stayed: fields that were typed by hand, so the metadata left them alone.
    """

    raw: dict[str, Any]
    marks: dict[str, str]
    stayed: tuple[str, ...]


def takes_metadata(loaded: LoadedIntegration) -> bool:
    """Tell whether the plugin can make settings of metadata."""
    return HOOK in loaded.hooks


def from_xml(
    services: Services,
    xml: str | bytes,
    *,
    name: str = "",
    file: bool = False,
    field: str,
    signed_by: str = "",
) -> Found:
    """Read metadata that were uploaded (*file*) or pasted.

    :param signed_by: PEM certificate of whom they must be signed by, if anybody.
    :raises InputError: at *field*, in plain words.
    """
    data = xml.encode("utf-8", "surrogatepass") if isinstance(xml, str) else xml
    kind: Kind = "file" if file else "text"
    return _read(services, data, kind=kind, name=name[:200], field=field, signed_by=signed_by)


def from_url(services: Services, url: str, *, field: str, signed_by: str = "") -> Found:
    """Fetch metadata and read them.

    :param signed_by: see :func:`from_xml`.
    :raises InputError: at *field*, in plain words.
    """
    data = fetch(url, allow=services.config.metadata_fetch_allow, field=field)
    return _read(services, data, kind="url", name=url, field=field, signed_by=signed_by)


def _read(
    services: Services, data: bytes, *, kind: Kind, name: str, field: str, signed_by: str
) -> Found:
    now = services.clock()
    try:
        found = parse_sp_metadata(data, now=now, signed_by=(signed_by,) if signed_by else ())
    except MessageRefused as refusal:
        raise InputError.of(field, _plain(refusal)) from None
    once: dict[str, SpMetadata] = {}
    for profile in found:
        once.setdefault(profile.entity_id, profile)
    source = MetadataSource(
        kind=kind,
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        read_at=now,
        signed_by=signed_by,
    )
    return Found(tuple(once.values()), source)


def choose(found: Found, entity_id: str, *, field: str) -> SpMetadata:
    """Return the service provider of this entity ID; without one, the only one there is.

    :raises InputError: at *field*, listing what there is to choose from.
    """
    if len(found.profiles) == 1 and not entity_id:
        return found.profiles[0]
    for profile in found.profiles:
        if profile.entity_id == entity_id:
            return profile
    listed = ", ".join(profile.entity_id for profile in found.profiles[:_LISTED])
    more = len(found.profiles) - _LISTED
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
    """Return what the plugin makes of a service provider, in the order of its form.

    :param settings: what is recorded, as the schema loaded it.
    :raises HookFailed: when the plugin is at fault.
    """
    answer = services.registry.call(
        loaded.slug, HOOK, metadata=for_plugin(profile), settings=settings or {}
    )
    fields = loaded.form().load_fields
    if unknown := sorted(set(map(str, answer)) - set(fields)):
        raise HookFailed(loaded.slug, HOOK, f"the form has no field {unknown[0]}")
    if secret := sorted(set(answer) & secret_fields(loaded)):
        raise HookFailed(loaded.slug, HOOK, f"metadata cannot fill {secret[0]}, which is secret")
    try:
        json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError):
        raise HookFailed(loaded.slug, HOOK, "answer with what a form could send") from None
    return {name: answer[name] for name in fields if name in answer}


def fill(
    loaded: LoadedIntegration,
    typed: Mapping[str, Any],
    offered: Mapping[str, Any],
    *,
    marks: Mapping[str, str] | None = None,
) -> Filled:
    """Put what metadata offer into a form, where nobody typed something else by hand.

    A field was typed by hand when it holds neither nothing, nor its default, nor what earlier
    metadata put there. A switch is turned on, never off.

    :param marks: from the fill before.
    """
    fields = loaded.form().load_fields
    earlier = marks or {}
    raw = {name: v for name, v in typed.items() if _mark(v) != earlier.get(name)}
    filled: dict[str, str] = {}
    stayed = []
    for name, value in offered.items():
        if _is_nothing(value) or (isinstance(fields[name], Boolean) and not value):
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
    """Return the settings that metadata and those *given* make together; the given ones win.

    :raises InputError: at ``sp_metadata`` or ``sp_entity_id``.
    """
    if not takes_metadata(loaded):
        raise InputError.of(
            "sp_metadata",
            f"{loaded.integration.name} takes no metadata; send its settings instead.",
        )
    found = from_xml(services, sp_metadata, field="sp_metadata", signed_by=signed_by)
    profile = choose(found, sp_entity_id, field="sp_entity_id")
    offered = settings_from(services, loaded, profile)
    return fill(loaded, {}, offered).raw | dict(given), found.source


def for_plugin(profile: SpMetadata) -> VendorMetadata:
    """Return a service provider as plugins are given it."""
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
                binding=bindings[one.binding], url=one.url, response_url=one.response_url
            )
            for one in profile.slo_urls
        ),
        certificates=tuple(pem.strip() for pem in profile.signing_certificates),
        encryption_certificates=tuple(pem.strip() for pem in profile.encryption_certificates),
        name_id_formats=profile.name_id_formats,
        want_assertions_signed=profile.want_assertions_signed,
        authn_requests_signed=profile.authn_requests_signed,
        requested_attributes=tuple(
            RequestedAttribute(
                name=one.name,
                name_format=one.name_format or "",
                friendly_name=one.friendly_name or "",
                required=one.required,
            )
            for one in profile.requested_attributes
        ),
        display_name=profile.display_name,
    )


def _plain(refusal: MessageRefused) -> str:
    """Say what is wrong with a file to somebody who has never seen one from inside."""
    words = {
        "xml-too-large": "The metadata are larger than 2 MB; take the part that you need",
        "xml-dtd": "The metadata contain a document type declaration (DOCTYPE), which is a way "
        "to attack whoever reads it; ask the vendor for a file without one",
        "xml-encoding": "This is no XML in UTF-8; take the metadata file that the vendor offers",
        "xml-malformed": "This is no XML; take the metadata file that the vendor offers",
        "xml-schema": "The metadata do not follow the SAML 2.0 schema; ask the vendor for a "
        "file that does",
        "signature-missing": "The metadata are not signed, and they must be; take the signed "
        "file that the vendor offers",
        "signature-wrong": "The metadata are not signed with the certificate that they must be "
        "signed with, or were changed on their way",
    }
    said = words.get(refusal.code)
    if said is None:
        return f"{str(refusal).rstrip('.')}. {refusal.fix.rstrip('.')}"
    got = refusal.got if refusal.code in {"xml-schema", "xml-malformed"} else ""
    return f"{said} ({got[:200]})" if got else said


def _mark(value: Any) -> str:
    """Return a fingerprint that does not mind spaces around a value."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = [one.strip() if isinstance(one, str) else one for one in value]
    elif isinstance(value, str):
        value = value.replace("\r\n", "\n").strip()
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == ()


def _is_default(field: Field[Any], value: Any) -> bool:
    if _is_nothing(value):
        return True
    default = field.load_default
    default = default() if callable(default) else default
    return value == default or (isinstance(default, str) and str(value) == default)
