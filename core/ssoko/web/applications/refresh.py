"""Refresh an application from the vendor's metadata: show the difference, then record it."""

from typing import Any

from flask import current_app, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ssoko.errors import Conflict, InputError
from ssoko.services.applications import metadata_source
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.services.applications.sp_metadata import refresh as sp_metadata_refresh
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata
from ssoko.services.applications.views import ApplicationView
from ssoko.web.applications.page import find, vendor_of
from ssoko.web.components import metadata_form, plugin_form
from ssoko.web.framework.responses import Answer, Errors, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)

#: The button that fetches the remembered address again.
_AGAIN = "metadata.again"
#: The button that ends the search for a signature.
_STOP = "metadata.unsigned"
#: Seconds that a difference may be looked at before it is accepted.
_PATIENCE = 3600


@admin_only
def refresh(slug: str) -> Answer:
    """Ask for metadata, and show what they would change; nothing is written."""
    application = find(slug)
    if request.method != "POST":
        return _ask(application, {})
    try:
        found = _read(application)
        compared = sp_metadata_refresh.compare(
            current_scope(),
            application.id,
            found,
            field=metadata_form.URL if found.source.kind == "url" else metadata_form.FILE,
        )
    except InputError as error:
        return _ask(application, plugin_form.errors_of(error))
    return render_template(
        "applications/refresh_compare.html",
        application=application,
        vendor=vendor_of(application),
        compared=compared,
        token=_serializer().dumps(
            {
                "application": application.id,
                "accepted": compared.accepted,
                "source": metadata_source.source_to_json(compared.source),
                "seen": compared.seen,
            }
        ),
    )


@admin_only
def accept_refresh(slug: str) -> Answer:
    """Record the difference that was shown."""
    application = find(slug)
    shown = _shown(application)
    try:
        if shown is None:
            raise Conflict.of("", "This comparison is too old; compare again.")
        sp_metadata_refresh.accept(
            current_scope(),
            application.id,
            offered=shown["accepted"],
            source=metadata_source.MetadataSource(**shown["source"]),
            seen=shown["seen"],
        )
    except InputError as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _ask(application, plugin_form.errors_of(error), status=status)
    message = f"{application.name} is refreshed from {shown['source']['name'] or 'its metadata'}."
    return see("applications.settings", message, slug=application.slug)


@admin_only
def require_signer(slug: str) -> Answer:
    """Name another certificate that the next metadata must be signed with, or none."""
    application = find(slug)
    text = "" if _STOP in request.form else posted(metadata_form.SIGNER)
    try:
        if not text and _STOP not in request.form:
            raise InputError.of(metadata_form.SIGNER, "Paste the certificate, or press Stop")
        sp_metadata_refresh.require_signer(
            current_scope(),
            application.id,
            text,
            field=metadata_form.SIGNER,
        )
    except InputError as error:
        return _ask(application, plugin_form.errors_of(error))
    message = (
        "From now on only metadata signed with that certificate are taken."
        if text
        else "From now on metadata are taken without a signature."
    )
    return see("applications.refresh", message, slug=application.slug)


def _read(application: ApplicationView) -> ParsedMetadata:
    services = current_services()
    source = application.metadata_source
    signed_by = source.signed_by if source else ""
    if _AGAIN in request.form and source and source.kind == "url":
        return fill_form.from_url(
            services, source.name, field=metadata_form.URL, signed_by=signed_by
        )
    found = metadata_form.read(services, signed_by=signed_by)
    if found is None:
        raise metadata_form.missing()
    return found


def _ask(application: ApplicationView, errors: Errors, *, status: int = 422) -> Answer:
    loaded = current_services().registry.get(application.integration)
    source = application.metadata_source
    page = render_template(
        "applications/refresh.html",
        application=application,
        takes=loaded is not None and fill_form.accepts_metadata(loaded),
        source=source,
        signer=sp_metadata_refresh.describe_signer(source.signed_by)
        if source and source.signed_by
        else "",
        again=_AGAIN,
        stop=_STOP,
        errors=errors,
        fields=metadata_form.fields(
            errors,
            label="Metadata file",
            help=loaded.integration.metadata_file if loaded else "",
        ),
    )
    return (page, status) if errors else page


def _serializer() -> URLSafeTimedSerializer:
    # Signed, so that what is recorded is what was shown.
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="metadata-refresh")


def _shown(application: ApplicationView) -> dict[str, Any] | None:
    try:
        shown: dict[str, Any] = _serializer().loads(posted("shown"), max_age=_PATIENCE)
    except BadSignature:
        return None
    return shown if shown["application"] == application.id else None
