"""Applications and their mappings."""

from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.services import applications, metadata_import
from ssoko.services.metadata_sources import MetadataSource, read_signer
from ssoko.services.settings import find_integration
from ssoko.web.api import render, schemas
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/applications", query=schemas.ApplicationQuery)
def list_all(call: Call) -> render.Json:
    """List the installed applications."""
    found = applications.list_applications(call.services, call.workspace.id, **call.query)
    return render.page(found, lambda one: render.application(call.services, one))


@endpoint("POST", "/applications", scope="admin", body=schemas.NewApplication, created=True)
def create(call: Call) -> Created:
    """Install an integration as an application, from settings, SP metadata or both."""
    sent = call.body
    try:
        settings, source = _settings(call)
        made = applications.install(
            call.services,
            call.workspace.id,
            call.actor,
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
    return Created(render.application(call.services, made), f"/applications/{made.id}")


def _settings(call: Call) -> tuple[dict[str, Any], MetadataSource | None]:
    sent = call.body
    if sent["sp_metadata"] is None:
        for field in ("sp_entity_id", "sp_metadata_certificate"):
            if sent[field]:
                raise InputError.of(field, "Send sp_metadata with it, or leave it out.")
        return sent["settings"], None
    return metadata_import.install_settings(
        call.services,
        find_integration(call.services, sent["integration"]),
        sent["settings"],
        sp_metadata=sent["sp_metadata"],
        sp_entity_id=sent["sp_entity_id"],
        signed_by=read_signer(sent["sp_metadata_certificate"], field="sp_metadata_certificate"),
    )


@endpoint("POST", "/applications/metadata", scope="admin", body=schemas.MetadataInput)
def read_metadata(call: Call) -> render.Json:
    """Read SP metadata, sent or fetched, and list the service providers in them."""
    xml, url = call.body["xml"], call.body["url"]
    if (xml is None) == (url is None):
        raise InputError.of("" if xml is None else "url", "Send xml or url, one of the two.")
    signed_by = read_signer(call.body["certificate"], field="certificate")
    if url is not None:
        found = metadata_import.from_url(
            call.services, url.strip(), field="url", signed_by=signed_by
        )
    else:
        found = metadata_import.from_xml(call.services, xml, field="xml", signed_by=signed_by)
    return render.whole(found.profiles, render.sp_profile)


@endpoint("GET", "/applications/<id:application>")
def show(call: Call, application: str) -> render.Json:
    """Read one application."""
    found = applications.get_application(call.services, call.workspace.id, application)
    return render.application(call.services, found)


@endpoint("PATCH", "/applications/<id:application>", scope="admin", body=schemas.ApplicationChange)
def change(call: Call, application: str) -> render.Json:
    """Change the name, the settings or whether people may sign in; only what is sent."""
    found = applications.get_application(call.services, call.workspace.id, application)
    changed = applications.update_application(
        call.services, call.workspace.id, call.actor, found.id, **call.body
    )
    return render.application(call.services, changed)


@endpoint("DELETE", "/applications/<id:application>", scope="admin")
def delete(call: Call, application: str) -> None:
    """Uninstall an application; nobody signs in to it from then on."""
    found = applications.get_application(call.services, call.workspace.id, application)
    applications.uninstall(call.services, call.workspace.id, call.actor, found.id)


@endpoint("GET", "/applications/<id:application>/mappings")
def mappings(call: Call, application: str) -> render.Json:
    """List the attributes of the assertion."""
    found = applications.get_application(call.services, call.workspace.id, application)
    return render.whole(found.mappings, render.mapping)


@endpoint(
    "PUT",
    "/applications/<id:application>/mappings",
    scope="admin",
    body=schemas.MappingInput,
    many=("mappings", "items", "attributes"),
)
def replace_mappings(call: Call, application: str) -> Any:
    """Replace the attributes of the assertion by these, in this order."""
    found = applications.get_application(call.services, call.workspace.id, application)
    saved = applications.set_mappings(
        call.services, call.workspace.id, call.actor, found.id, call.body
    )
    return render.whole(saved, render.mapping)
