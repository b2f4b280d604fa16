"""Applications and their mappers."""

from dataclasses import replace
from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.plugin import Mapping, Problem
from ssoko.schemas.applications import ApplicationSchema, MapperSchema, SpMetadataListSchema
from ssoko.schemas.output import complete, page_of
from ssoko.services.applications import change as applications_change
from ssoko.services.applications import install, views
from ssoko.services.applications import mappers as applications_mappers
from ssoko.services.applications.metadata_source import MetadataSource, read_signer
from ssoko.services.applications.settings import cleaning_notes, find_integration
from ssoko.services.applications.sp_metadata import fill_form, refresh
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata
from ssoko.services.applications.views import ApplicationView
from ssoko.store.paging import Page
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/applications", query=inputs.ApplicationQuery, returns=page_of(ApplicationSchema))
def list_all(call: Call) -> Page[ApplicationView]:
    """List the installed applications by name."""
    return views.list_applications(call.scope, **call.query)


@endpoint(
    "POST",
    "/applications",
    scope="admin",
    body=inputs.NewApplication,
    returns=ApplicationSchema,
    created=True,
    errors=(409, 502),
)
def create(call: Call) -> Created:
    """Install an integration with settings, SP metadata or both."""
    body = call.body
    try:
        settings, source = _settings(call)
        application = install.install(
            call.scope,
            integration=body["integration"],
            name=body["name"],
            settings=settings,
            issuer_id=body["issuer"],
            source=source,
        )
    except NotFound as error:
        # The URL is right. The body names an integration or issuer that does not exist.
        field = "issuer" if call.services.registry.get(body["integration"]) else "integration"
        raise InputError.of(field, str(error)) from None
    application = _with_warnings(
        application, _cleaned(call, application, body["settings"]), _of_metadata(application)
    )
    return Created(application, f"/applications/{application.id}")


def _with_warnings(view: ApplicationView, *more: tuple[Problem, ...]) -> ApplicationView:
    return replace(view, warnings=sum(more, view.warnings))


def _cleaned(call: Call, view: ApplicationView, sent: Any) -> tuple[Problem, ...]:
    """Return what was removed from sent settings."""
    loaded = call.services.registry.get(view.integration)
    return cleaning_notes(loaded, sent) if loaded else ()


def _of_metadata(view: ApplicationView) -> tuple[Problem, ...]:
    """Return what to know about the metadata, and what of it is not used."""
    notes = view.metadata_source.notes if view.metadata_source else ()
    return tuple(Problem("sp_metadata", text, "warning") for text in notes)


def _settings(call: Call) -> tuple[dict[str, Any], MetadataSource | None]:
    body = call.body
    if body["sp_metadata"] is None:
        for field in ("sp_entity_id", "sp_metadata_certificate", "accept_expired"):
            if body[field]:
                raise InputError.of(field, "Send sp_metadata too, or omit this field.")
        return body["settings"], None
    return fill_form.install_settings(
        call.services,
        find_integration(call.services, body["integration"]),
        body["settings"],
        sp_metadata=body["sp_metadata"],
        sp_entity_id=body["sp_entity_id"],
        signed_by=read_signer(body["sp_metadata_certificate"], field="sp_metadata_certificate"),
        accept_expired=body["accept_expired"],
    )


@endpoint(
    "POST",
    "/applications/metadata",
    scope="admin",
    body=inputs.MetadataInput,
    returns=SpMetadataListSchema,
)
def read_metadata(call: Call) -> ParsedMetadata:
    """List the service providers in SP metadata, sent as XML or by URL. Nothing is stored."""
    xml, url = call.body["xml"], call.body["url"]
    if (xml is None) == (url is None):
        raise InputError.of("" if xml is None else "url", "Send either xml or url.")
    signed_by = read_signer(call.body["certificate"], field="certificate")
    if url is not None:
        return fill_form.from_url(call.services, url.strip(), field="url", signed_by=signed_by)
    return fill_form.from_xml(
        call.services,
        xml,
        field="xml",
        signed_by=signed_by,
        accept_expired=call.body["accept_expired"],
    )


@endpoint("GET", "/applications/<id:application>", returns=ApplicationSchema)
def show(call: Call, application: str) -> ApplicationView:
    """Return an application."""
    return views.get_application(call.scope, application)


@endpoint(
    "PATCH",
    "/applications/<id:application>",
    scope="admin",
    body=inputs.ApplicationChange,
    returns=ApplicationSchema,
    errors=(409, 502),
)
def change(call: Call, application: str) -> ApplicationView:
    """Change the name, settings, SAML settings or state of an application."""
    view = views.get_application(call.scope, application)
    changes = dict(call.body)
    xml, accept_expired = changes.pop("sp_metadata", None), changes.pop("accept_expired", False)
    if xml is None:
        changed = applications_change.update_application(call.scope, view.id, **changes)
        return _with_warnings(changed, _cleaned(call, changed, changes.get("settings")))
    changed = refresh.refresh_from_xml(
        call.scope,
        view.id,
        xml,
        field="sp_metadata",
        changes=changes,
        accept_expired=accept_expired,
    )
    return _with_warnings(
        changed, _cleaned(call, changed, changes.get("settings")), _of_metadata(changed)
    )


@endpoint("DELETE", "/applications/<id:application>", scope="admin")
def delete(call: Call, application: str) -> None:
    """Uninstall an application. Users can no longer sign in to it."""
    view = views.get_application(call.scope, application)
    applications_change.uninstall(call.scope, view.id)


@endpoint(
    "GET",
    "/applications/<id:application>/mappers",
    query=inputs.PartQuery,
    returns=page_of(MapperSchema),
)
def mappers(call: Call, application: str) -> Page[Mapping]:
    """List the mappers of an application."""
    return complete(views.get_application(call.scope, application).mappers)


@endpoint(
    "PUT",
    "/applications/<id:application>/mappers",
    scope="admin",
    body=inputs.MapperInput,
    many=("mappers", "items", "attributes"),
    returns=page_of(MapperSchema),
)
def replace_mappers(call: Call, application: str) -> Page[Mapping]:
    """Replace all mappers of an application, in this order."""
    view = views.get_application(call.scope, application)
    return complete(applications_mappers.set_mappers(call.scope, view.id, call.body))
