"""Refresh an application from SP metadata: show the differences first, then apply them.

An import never disables signing or encryption, and never removes the last certificate. Such
differences are listed as not changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow.fields import Boolean, Field, List, Nested

from ssoko.errors import Conflict, InputError
from ssoko.plugin import ServiceProvider, fields
from ssoko.plugin.host.record import mappers_from_json, service_provider_from_json
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.saml.sp_metadata.values import SpMetadata
from ssoko.services.activity import log
from ssoko.services.applications import proposals, settings
from ssoko.services.applications.change import update_application
from ssoko.services.applications.differences import Difference, certificate_line, field_difference
from ssoko.services.applications.metadata_source import MetadataSource, Refreshed, read_signer
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata
from ssoko.services.applications.views import ApplicationView, find_row
from ssoko.services.context import Scope, Services
from ssoko.store.models.applications import Application, ApplicationMetadata
from ssoko.store.models.table import database

_KEPT_SWITCH = "An import never turns this off. You can turn it off under Settings"
_KEPT_CERTIFICATES = "An import never removes the last certificate"
#: The settings that protect a sign-in, as text.
_PROTECTION = {
    "sign_response": "signing the response",
    "sign_assertion": "signing the assertion",
    "require_signed_requests": "requiring signed requests",
    "encrypt_assertions": "encrypting assertions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """The changes that accepting some metadata would make.

    :param accepted: the settings that would change, as a form would send them.
    :param unmapped: names of attributes that the SP requests and no mapper provides.
    :param seen: ``updated_at`` of the application that was compared.
    """

    changes: tuple[Difference, ...]
    kept: tuple[Difference, ...]
    accepted: dict[str, Any]
    unmapped: tuple[str, ...]
    source: MetadataSource
    seen: int


def compare(scope: Scope, app_id: str, metadata: ParsedMetadata, *, field: str) -> Refresh:
    """Return what metadata would change about an application; nothing is written.

    :param field: the field for the error that the metadata is for another SP.
    :raises InputError: at *field*, or under ``""`` when the plugin is missing or accepts none.
    """
    row = find_row(scope.workspace_id, app_id)
    loaded = _loaded(scope.services, row)
    profile = _matching_profile(row, metadata, field)
    values = settings.stored_settings(scope.services, loaded, row.settings, application_id=row.id)
    offered = fill_form.settings_from(scope.services, loaded, profile, field=field, settings=values)
    changes, kept, accepted = _differences(scope.services, loaded, row, values, offered)
    mapped = {mapper.name for mapper in mappers_from_json(row.mappers)}
    return Refresh(
        changes=changes,
        kept=kept,
        accepted=accepted,
        unmapped=tuple(a.name for a in profile.requested_attributes if a.name not in mapped),
        source=metadata.source_of(profile),
        seen=row.updated_at,
    )


def accept(
    scope: Scope,
    app_id: str,
    *,
    offered: Mapping[str, Any],
    source: MetadataSource,
    seen: int,
) -> ApplicationView:
    """Apply the shown changes, and record where they came from.

    :param offered: ``accepted`` of the :class:`Refresh` that was shown, ``seen`` likewise.
    :raises Conflict: when the application was changed since.
    :raises InputError: when its settings or its plugin refuse the values.
    """
    with database.atomic():
        row = find_row(scope.workspace_id, app_id)
        if row.updated_at != seen:
            raise Conflict.of("", "Someone else changed this application. Compare again.")
        loaded = _loaded(scope.services, row)
        values = settings.stored_settings(
            scope.services, loaded, row.settings, application_id=row.id
        )
        changes, _, accepted = _differences(scope.services, loaded, row, values, offered)
        return update_application(
            scope,
            row.id,
            settings=accepted or None,
            refreshed=Refreshed(source=source, changed=tuple(change.words for change in changes)),
        )


def refresh_from_xml(
    scope: Scope,
    app_id: str,
    xml: str,
    *,
    field: str,
    changes: Mapping[str, Any],
    accept_expired: bool = False,
) -> ApplicationView:
    """Apply what metadata would change, and other changes of the same request, or nothing.

    The metadata must be signed as the last ones had to be.

    :param changes: arguments of ``update_application``; they take precedence over the metadata.
    :raises InputError: at *field*, or when settings or plugin refuse the values.
    """
    with database.atomic():
        row = find_row(scope.workspace_id, app_id)
        earlier = ApplicationMetadata.get_or_none(ApplicationMetadata.application == row.id)
        metadata = fill_form.from_xml(
            scope.services,
            xml,
            field=field,
            signed_by=earlier.signed_by if earlier else "",
            accept_expired=accept_expired,
        )
        compared = compare(scope, app_id, metadata, field=field)
        view = accept(
            scope,
            app_id,
            offered=compared.accepted,
            source=compared.source,
            seen=compared.seen,
        )
        return update_application(scope, app_id, **changes) if changes else view


def require_signer(scope: Scope, app_id: str, text: str, *, field: str) -> None:
    """Set the certificate that an application's next metadata must be signed with, or none.

    :param text: PEM or bare base64; empty accepts unsigned metadata from now on.
    :raises InputError: at *field*, also when the application never had metadata.
    """
    signer = read_signer(text, field=field)
    with database.atomic():
        row = find_row(scope.workspace_id, app_id)
        recorded: ApplicationMetadata | None = ApplicationMetadata.get_or_none(
            ApplicationMetadata.application == row.id
        )
        if recorded is None:
            raise InputError.of(field, "Compare with signed metadata first, and apply it")
        if recorded.signed_by == signer:
            return
        ApplicationMetadata.update(signed_by=signer).where(
            ApplicationMetadata.application == row.id
        ).execute()
        detail = {"changed": ["signature of the metadata"], "signed_by": describe_signer(signer)}
        log.record(scope, "application.changed", target=row, detail=detail)


def describe_signer(pem: str) -> str:
    """Return a certificate as one line of text."""
    return certificate_line(pem) if pem else "nobody"


def _loaded(services: Services, row: Application) -> LoadedIntegration:
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of(
            "", "The plugin of this application is not loaded. Sign-in continues to work."
        )
    if not fill_form.accepts_metadata(loaded):
        raise InputError.of(
            "", f"{loaded.integration.name} does not accept metadata. Use Settings."
        )
    return loaded


def _matching_profile(row: Application, metadata: ParsedMetadata, field: str) -> SpMetadata:
    for profile in metadata.profiles:
        if profile.entity_id == row.sp_entity_id:
            return profile
    fill_form.refuse_unusable(metadata, row.sp_entity_id, field=field)
    theirs = ", ".join(profile.entity_id for profile in metadata.profiles[:5])
    raise InputError.of(
        field,
        f"This is the metadata of {theirs}, but {row.name} has the entity ID "
        f"{row.sp_entity_id}. Use its metadata, or install the other service provider as a "
        "separate application",
    )


def _differences(
    services: Services,
    loaded: LoadedIntegration,
    row: Application,
    values: dict[str, Any],
    offered: Mapping[str, Any],
) -> tuple[tuple[Difference, ...], tuple[Difference, ...], dict[str, Any]]:
    """Return what changes, what is kept, and the settings that change."""
    form = loaded.form.fields
    recorded = {name: loaded.form.value(values, name) for name in form}
    # After the install, mappers are edited on the Mappers tab.
    proposed = {name: value for name, value in offered.items() if name in form}
    proposed = {name: value for name, value in proposed.items() if not _is_rows(form[name])}
    kept = {n: why for n, v in proposed.items() if (why := _protects(form[n], recorded.get(n), v))}
    trial = {name: value for name, value in proposed.items() if name not in kept}
    merged = settings.merge(services, loaded, row.settings, trial, application_id=row.id)
    new = settings.load(loaded, merged)
    _refuse_weaker(
        _proposed_before(services, loaded, row, values),
        proposals.propose(services, loaded, new).service_provider,
    )
    after = {name: loaded.form.value(new, name) for name in form}
    changed = [name for name in trial if recorded[name] != after[name]]
    return (
        tuple(field_difference(n, form[n], recorded[n], after[n]) for n in changed),
        tuple(
            field_difference(n, form[n], recorded[n], proposed[n], kept=why)
            for n, why in kept.items()
        ),
        {name: trial[name] for name in changed},
    )


def _is_rows(field: Field[Any]) -> bool:
    return isinstance(field, List) and isinstance(field.inner, Nested)


def _protects(field: Field[Any], recorded: Any, new: Any) -> str:
    """Return why a protecting setting stays unchanged, or an empty string."""
    if isinstance(field, Boolean) and recorded is True and not new:
        return _KEPT_SWITCH
    if isinstance(field, fields.Certificates) and recorded and not new:
        return _KEPT_CERTIFICATES
    return ""


def _proposed_before(
    services: Services, loaded: LoadedIntegration, row: Application, values: dict[str, Any]
) -> ServiceProvider:
    try:
        return proposals.propose(services, loaded, values).service_provider
    except InputError:
        # A newer plugin refuses the recorded settings; the recorded SP counts.
        return service_provider_from_json(row.service_provider)


def _refuse_weaker(before: ServiceProvider, after: ServiceProvider) -> None:
    """Refuse settings that would weaken the protection of sign-ins."""
    weaker = [w for n, w in _PROTECTION.items() if getattr(before, n) and not getattr(after, n)]
    if before.certificates and not after.certificates:
        weaker.append("the last certificate")
    if weaker:
        raise InputError.of(
            "",
            f"This metadata would disable {' and '.join(weaker)}. You can do that under Settings",
        )
