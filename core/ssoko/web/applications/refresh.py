"""Refresh an application from the vendor's metadata: show the differences, then save them."""

from typing import Any

from flask import current_app, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ssoko.errors import Conflict, InputError
from ssoko.services.applications import metadata_source
from ssoko.services.applications.sp_metadata import fill_form, refresh
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata
from ssoko.services.applications.views import ApplicationView
from ssoko.web.applications.page import find_application, vendor_name
from ssoko.web.components import metadata_form, plugin_form
from ssoko.web.framework.responses import Errors, ViewResponse, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)

#: The button that fetches the stored metadata URL again.
_FETCH_AGAIN = "metadata.again"
#: The button that no longer requires a signature.
_ALLOW_UNSIGNED = "metadata.unsigned"
#: Seconds until a comparison must be made again before it can be accepted.
_COMPARISON_LIFETIME = 3600


@admin_only
def refresh_application(slug: str) -> ViewResponse:
    """Ask for metadata and show what it would change; nothing is saved."""
    application = find_application(slug)
    if request.method != "POST":
        return _render_form(application, {})
    try:
        metadata = _read_metadata(application)
        compared = refresh.compare(
            current_scope(),
            application.id,
            metadata,
            field=metadata_form.URL if metadata.source.kind == "url" else metadata_form.FILE,
        )
    except InputError as error:
        return _render_form(application, plugin_form.errors_of(error))
    return render_template(
        "applications/refresh_compare.html",
        application=application,
        vendor=vendor_name(application),
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
def accept_refresh(slug: str) -> ViewResponse:
    """Save the differences that were shown."""
    application = find_application(slug)
    comparison = _read_comparison(application)
    try:
        if comparison is None:
            raise Conflict.of("", "This comparison has expired. Compare again.")
        refresh.accept(
            current_scope(),
            application.id,
            offered=comparison["accepted"],
            source=_source(comparison),
            seen=comparison["seen"],
        )
    except InputError as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _render_form(application, plugin_form.errors_of(error), status=status)
    source = comparison["source"]["name"] or "the vendor's metadata"
    message = f"Refreshed {application.name} from {source}."
    return see("applications.edit_settings", message, slug=application.slug)


@admin_only
def require_signer(slug: str) -> ViewResponse:
    """Set the certificate that later metadata must be signed with, or allow unsigned metadata."""
    application = find_application(slug)
    text = "" if _ALLOW_UNSIGNED in request.form else posted(metadata_form.SIGNER)
    try:
        if not text and _ALLOW_UNSIGNED not in request.form:
            raise InputError.of(
                metadata_form.SIGNER, "Paste the certificate, or choose Allow unsigned metadata"
            )
        refresh.require_signer(
            current_scope(),
            application.id,
            text,
            field=metadata_form.SIGNER,
        )
    except InputError as error:
        return _render_form(application, plugin_form.errors_of(error))
    message = (
        "Metadata must now be signed with this certificate."
        if text
        else "Unsigned metadata is now accepted."
    )
    return see("applications.refresh_application", message, slug=application.slug)


def _read_metadata(application: ApplicationView) -> ParsedMetadata:
    services = current_services()
    source = application.metadata_source
    signed_by = source.signed_by if source else ""
    if _FETCH_AGAIN in request.form and source and source.kind == "url":
        return fill_form.from_url(
            services, source.name, field=metadata_form.URL, signed_by=signed_by
        )
    metadata = metadata_form.read(services, signed_by=signed_by)
    if metadata is None:
        raise metadata_form.missing()
    return metadata


def _render_form(
    application: ApplicationView, errors: Errors, *, status: int = 422
) -> ViewResponse:
    loaded = current_services().registry.get(application.integration)
    source = application.metadata_source
    page = render_template(
        "applications/refresh.html",
        application=application,
        reads_metadata=loaded is not None and fill_form.accepts_metadata(loaded),
        source=source,
        signer=refresh.describe_signer(source.signed_by) if source and source.signed_by else "",
        fetch_again=_FETCH_AGAIN,
        allow_unsigned=_ALLOW_UNSIGNED,
        errors=errors,
        fields=metadata_form.fields(
            errors,
            label="Metadata file",
            help=loaded.integration.metadata_file if loaded else "",
        ),
    )
    return (page, status) if errors else page


def _source(comparison: dict[str, Any]) -> metadata_source.MetadataSource:
    source = metadata_source.source_from_json(comparison["source"])
    if source is None:
        raise Conflict.of("", "This comparison has expired. Compare again.")
    return source


def _serializer() -> URLSafeTimedSerializer:
    # Signed, so that only what was shown can be saved.
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="metadata-refresh")


def _read_comparison(application: ApplicationView) -> dict[str, Any] | None:
    try:
        comparison: dict[str, Any] = _serializer().loads(
            posted("shown"), max_age=_COMPARISON_LIFETIME
        )
    except BadSignature:
        return None
    return comparison if comparison["application"] == application.id else None
