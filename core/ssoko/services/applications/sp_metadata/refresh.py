"""Refresh an application from its vendor's metadata: first a difference to look at, then a change.

An import never lowers what protects a sign-in: it turns no signature and no encryption off and
removes no last certificate. Such differences are listed as kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow.fields import Boolean, Field, List, Nested

from ssoko.errors import Conflict, InputError
from ssoko.plugin import ServiceProvider, fields
from ssoko.plugin.host.record import mappers_from_json, service_provider_from_json
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.saml.sp_metadata import SpMetadata
from ssoko.services.activity import log
from ssoko.services.applications import proposals, settings
from ssoko.services.applications.change import update_application
from ssoko.services.applications.differences import Difference, certificate_line, field_difference
from ssoko.services.applications.metadata_source import MetadataSource, Refreshed, read_signer
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.services.applications.sp_metadata.fill_form import Found
from ssoko.services.applications.views import ApplicationView, find_row
from ssoko.services.context import Scope, Services
from ssoko.store.models.applications import Application, ApplicationMetadata
from ssoko.store.models.table import database

_KEPT_SWITCH = "An import never turns this off. Turn it off under Settings if you mean it"
_KEPT_CERTIFICATES = "An import never removes the last certificate"
#: What protects a sign-in, in words.
_PROTECTION = {
    "sign_response": "signing the response",
    "sign_assertion": "signing the assertion",
    "require_signed_requests": "requiring signed requests",
    "encrypt_assertions": "encrypting assertions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What accepting some metadata would change.

    :param accepted: the settings that would change, as a form would send them.
    :param unmapped: names of attributes that the vendor asks for and no mapper gives.
    :param seen: ``updated_at`` of the application that was compared.
    """

    changes: tuple[Difference, ...]
    kept: tuple[Difference, ...]
    accepted: dict[str, Any]
    unmapped: tuple[str, ...]
    source: MetadataSource
    seen: int


def compare(scope: Scope, app_id: str, found: Found, *, field: str) -> Refresh:
    """Tell what metadata would change about an application; nothing is written.

    :param field: where to say that the metadata are of somebody else.
    :raises InputError: at *field*, or under ``""`` when the plugin is missing or reads none.
    """
    row = find_row(scope.workspace_id, app_id)
    loaded = _loaded(scope.services, row)
    profile = _of_the_same(row, found, field)
    values = settings.stored_settings(scope.services, loaded, row.settings, application_id=row.id)
    offered = fill_form.settings_from(scope.services, loaded, profile, settings=values)
    changes, kept, accepted = _differences(scope.services, loaded, row, values, offered)
    have = {mapper.name for mapper in mappers_from_json(row.mappers)}
    return Refresh(
        changes=changes,
        kept=kept,
        accepted=accepted,
        unmapped=tuple(a.name for a in profile.requested_attributes if a.name not in have),
        source=found.source,
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
    """Record what was shown, and where it came from.

    :param offered: ``accepted`` of the :class:`Refresh` that was shown, ``seen`` likewise.
    :raises Conflict: when the application was changed since.
    :raises InputError: when its settings or its plugin refuse the values.
    """
    with database.atomic():
        row = find_row(scope.workspace_id, app_id)
        if row.updated_at != seen:
            raise Conflict.of("", "Somebody changed this application meanwhile; compare again.")
        loaded = _loaded(scope.services, row)
        values = settings.stored_settings(
            scope.services, loaded, row.settings, application_id=row.id
        )
        changes, _, accepted = _differences(scope.services, loaded, row, values, offered)
        return update_application(
            scope,
            row.id,
            settings=accepted or None,
            refreshed=Refreshed(source=source, changed=tuple(one.words for one in changes)),
        )


def require_signer(scope: Scope, app_id: str, text: str, *, field: str) -> None:
    """Name the certificate that an application's next metadata must be signed with, or none.

    :param text: PEM or bare base64; empty takes metadata without a signature from then on.
    :raises InputError: at *field*, also when the application never had metadata.
    """
    signer = read_signer(text, field=field)
    with database.atomic():
        row = find_row(scope.workspace_id, app_id)
        found: ApplicationMetadata | None = ApplicationMetadata.get_or_none(
            ApplicationMetadata.application == row.id
        )
        if found is None:
            raise InputError.of(field, "Compare with signed metadata first, and accept them")
        if found.signed_by == signer:
            return
        ApplicationMetadata.update(signed_by=signer).where(
            ApplicationMetadata.application == row.id
        ).execute()
        detail = {"changed": ["signature of the metadata"], "signed_by": described(signer)}
        log.record(scope, "application.changed", target=row, detail=detail)


def described(pem: str) -> str:
    """Return a certificate in one line to read; nothing for none."""
    return certificate_line(pem) if pem else "nobody"


def _loaded(services: Services, row: Application) -> LoadedIntegration:
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of("", "The plugin of this application is not loaded; sign-in goes on.")
    if not fill_form.takes_metadata(loaded):
        raise InputError.of("", f"{loaded.integration.name} takes no metadata; use Settings.")
    return loaded


def _of_the_same(row: Application, found: Found, field: str) -> SpMetadata:
    for profile in found.profiles:
        if profile.entity_id == row.sp_entity_id:
            return profile
    theirs = ", ".join(profile.entity_id for profile in found.profiles[:5])
    raise InputError.of(
        field,
        f"These are the metadata of {theirs}, and {row.name} is {row.sp_entity_id}. Take the "
        "metadata of that one, or install the other as an application of its own",
    )


def _differences(
    services: Services,
    loaded: LoadedIntegration,
    row: Application,
    values: dict[str, Any],
    offered: Mapping[str, Any],
) -> tuple[tuple[Difference, ...], tuple[Difference, ...], dict[str, Any]]:
    """Return what changes, what is kept, and the settings that change."""
    form = loaded.form().load_fields
    # Rows belong to the Mappers tab once an application is installed.
    wanted = {name: value for name, value in offered.items() if name in form}
    wanted = {name: value for name, value in wanted.items() if not _is_rows(form[name])}
    kept = {n: why for n, v in wanted.items() if (why := _protects(form[n], values.get(n), v))}
    trial = {name: value for name, value in wanted.items() if name not in kept}
    merged = settings.merge(services, loaded, row.settings, trial, application_id=row.id)
    new = settings.load(loaded, merged)
    _refuse_weaker(
        _proposed_before(services, loaded, row, values),
        proposals.propose(services, loaded, new).service_provider,
    )
    changed = [name for name in trial if values.get(name) != new.get(name)]
    return (
        tuple(field_difference(n, form[n], values.get(n), new.get(n)) for n in changed),
        tuple(
            field_difference(n, form[n], values.get(n), wanted[n], kept=why)
            for n, why in kept.items()
        ),
        {name: trial[name] for name in changed},
    )


def _is_rows(field: Field[Any]) -> bool:
    return isinstance(field, List) and isinstance(field.inner, Nested)


def _protects(field: Field[Any], recorded: Any, new: Any) -> str:
    """Return why a setting that protects stays as it is recorded, if it does."""
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
        # A newer plugin refuses what an older one took; what is recorded is what counts.
        return service_provider_from_json(row.service_provider)


def _refuse_weaker(before: ServiceProvider, after: ServiceProvider) -> None:
    """Refuse settings of whatever kind that would lower what protects a sign-in."""
    weaker = [w for n, w in _PROTECTION.items() if getattr(before, n) and not getattr(after, n)]
    if before.certificates and not after.certificates:
        weaker.append("the last certificate")
    if weaker:
        raise InputError.of(
            "", f"These metadata would end {' and '.join(weaker)}. Use Settings if you mean it"
        )
