"""Settings > Issuers: the identities that Ssoko presents to service providers."""

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.issuers import issuers
from ssoko.web.components.certificates import card_values, certificate_facts
from ssoko.web.components.forms import text_field
from ssoko.web.components.tabs import render_settings_tab
from ssoko.web.framework.downloads import attachment
from ssoko.web.framework.responses import Errors, ViewResponse, argument, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)


@admin_only
def index() -> ViewResponse:
    """List the issuers, with a form to create a shared one."""
    return _page({})


@admin_only
def create() -> ViewResponse:
    """Create an issuer that several applications can share."""
    try:
        issuer = issuers.create_issuer(
            current_scope(), name=posted("name"), entity_id=posted("entity_id")
        )
    except InputError as error:
        return _page(error.errors)
    return see("settings.issuer", f"Created {issuer.name}.", issuer_id=issuer.id)


@admin_only
def show(issuer_id: str) -> str:
    """Show an issuer's endpoints, its certificate and the next one."""
    issuer = issuers.get_issuer(current_scope(), issuer_id)
    now = current_services().clock()
    return render_settings_tab(
        "issuer",
        issuer=issuer,
        certificate=certificate_facts(issuer, now=now),
        **card_values(issuer.id),
    )


@admin_only
def certificate(issuer_id: str) -> Response:
    """Download the active signing certificate (X.509, PEM)."""
    issuer = issuers.get_issuer(current_scope(), issuer_id)
    return attachment(
        issuer.certificate, mimetype="application/x-pem-file", name=f"ssoko-{issuer.id}.pem"
    )


@admin_only
def metadata(issuer_id: str) -> Response:
    """Download the issuer's SAML metadata (XML)."""
    issuer = issuers.get_issuer(current_scope(), issuer_id)
    xml, _ = issuers.issuer_metadata(current_services(), issuer.id)
    return attachment(
        xml, mimetype="application/samlmetadata+xml", name=f"ssoko-{issuer.id}-metadata.xml"
    )


def _page(errors: Errors) -> ViewResponse:
    listed = issuers.list_issuers(current_scope(), cursor=argument("cursor") or None)
    name = text_field(
        "name",
        "Name",
        value=request.form.get("name", ""),
        errors=errors,
        required=True,
        autocomplete="off",
        help="Only admins see this name, such as Test systems",
    )
    entity_id = text_field(
        "entity_id",
        "Entity ID",
        value=request.form.get("entity_id", ""),
        errors=errors,
        optional=True,
        autocomplete="off",
        help="Only to replace another identity provider: service providers often keep its entity "
        "ID. It cannot be changed later",
    )
    page = render_settings_tab("issuers", errors=errors, fields=[name, entity_id], page=listed)
    return (page, 422) if errors else page
