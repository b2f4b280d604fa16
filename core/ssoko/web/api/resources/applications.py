"""Applications and their mappers."""

from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.schemas import dump
from ssoko.services.applications import change as applications_change
from ssoko.services.applications import install, views
from ssoko.services.applications import mappers as applications_mappers
from ssoko.services.applications.metadata_source import MetadataSource, read_signer
from ssoko.services.applications.settings import find_integration
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/applications", query=inputs.ApplicationQuery)
def list_all(call: Call) -> dump.Json:
    """List the installed applications."""
    found = views.list_applications(call.scope, **call.query)
    return dump.page(found, lambda one: dump.application(call.services, one))


@endpoint("POST", "/applications", scope="admin", body=inputs.NewApplication, created=True)
def create(call: Call) -> Created:
    """Install an integration as an application, from settings, SP metadata or both."""
    sent = call.body
    try:
        settings, source = _settings(call)
        made = install.install(
            call.scope,
            integration=sent["integration"],
            name=sent["name"],
            settings=settings,
            issuer_id=sent["issuer"],
            source=source,
        )
    except NotFound as error:
        # The address is right; what the body points to is not there.
        field = "issuer" if call.services.registry.get(sent["integration"]) else "integration"
        raise InputError.of(field, str(error)) from None
    return Created(dump.application(call.services, made), f"/applications/{made.id}")


def _settings(call: Call) -> tuple[dict[str, Any], MetadataSource | None]:
    sent = call.body
    if sent["sp_metadata"] is None:
        for field in ("sp_entity_id", "sp_metadata_certificate"):
            if sent[field]:
                raise InputError.of(field, "Send sp_metadata with it, or leave it out.")
        return sent["settings"], None
    return fill_form.install_settings(
        call.services,
        find_integration(call.services, sent["integration"]),
        sent["settings"],
        sp_metadata=sent["sp_metadata"],
        sp_entity_id=sent["sp_entity_id"],
        signed_by=read_signer(sent["sp_metadata_certificate"], field="sp_metadata_certificate"),
    )


@endpoint("POST", "/applications/metadata", scope="admin", body=inputs.MetadataInput)
def read_metadata(call: Call) -> dump.Json:
    """Read SP metadata, sent or fetched, and list the service providers in them."""
    xml, url = call.body["xml"], call.body["url"]
    if (xml is None) == (url is None):
        raise InputError.of("" if xml is None else "url", "Send xml or url, one of the two.")
    signed_by = read_signer(call.body["certificate"], field="certificate")
    if url is not None:
        found = fill_form.from_url(call.services, url.strip(), field="url", signed_by=signed_by)
    else:
        found = fill_form.from_xml(call.services, xml, field="xml", signed_by=signed_by)
    return dump.whole(found.profiles, dump.sp_profile)


@endpoint("GET", "/applications/<id:application>")
def show(call: Call, application: str) -> dump.Json:
    """Read one application."""
    found = views.get_application(call.scope, application)
    return dump.application(call.services, found)


@endpoint("PATCH", "/applications/<id:application>", scope="admin", body=inputs.ApplicationChange)
def change(call: Call, application: str) -> dump.Json:
    """Change the name, the settings or whether people may sign in; only what is sent."""
    found = views.get_application(call.scope, application)
    changed = applications_change.update_application(call.scope, found.id, **call.body)
    return dump.application(call.services, changed)


@endpoint("DELETE", "/applications/<id:application>", scope="admin")
def delete(call: Call, application: str) -> None:
    """Uninstall an application; nobody signs in to it from then on."""
    found = views.get_application(call.scope, application)
    applications_change.uninstall(call.scope, found.id)


@endpoint("GET", "/applications/<id:application>/mappers")
def mappers(call: Call, application: str) -> dump.Json:
    """List the attributes of the assertion."""
    found = views.get_application(call.scope, application)
    return dump.whole(found.mappers, dump.mapper)


@endpoint(
    "PUT",
    "/applications/<id:application>/mappers",
    scope="admin",
    body=inputs.MapperInput,
    many=("mappers", "items", "attributes"),
)
def replace_mappers(call: Call, application: str) -> Any:
    """Replace the attributes of the assertion by these, in this order."""
    found = views.get_application(call.scope, application)
    saved = applications_mappers.set_mappers(call.scope, found.id, call.body)
    return dump.whole(saved, dump.mapper)
