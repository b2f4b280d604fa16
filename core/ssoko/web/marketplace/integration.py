"""The page of an integration, and its installation."""

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications import install, views
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides import guide
from ssoko.services.guides.progress import ticks_when
from ssoko.services.issuers import issuers
from ssoko.services.marketplace import catalog, proposed_values
from ssoko.services.marketplace.overview import suggest_name
from ssoko.services.plugins.tiles import GENERIC
from ssoko.web.components import metadata_form, plugin_form
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.metadata_form import FormValues
from ssoko.web.framework.responses import Errors, ViewResponse, has_entries, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
    signed_in,
)
from ssoko.web.marketplace import listing

blueprint = Blueprint("marketplace", __name__, url_prefix="/w/<workspace>")
blueprint.add_url_rule("/marketplace", view_func=listing.list_integrations)


def _find_loaded(slug: str) -> LoadedIntegration:
    loaded = current_services().registry.get(slug)
    if loaded is None:
        raise NotFound("This integration is not on this server.")
    return loaded


def _render_page(template: str, slug: str, **values: Any) -> str:
    loaded = _find_loaded(slug)
    index = current_services().index.read().entries
    card = catalog.find_card(current_services().registry, slug, index)
    page = views.list_applications(current_scope(), integration=slug, limit=20)
    return render_template(
        template,
        menu="marketplace",
        loaded=loaded,
        card=card,
        applications=page.items,
        **(listing.check_compatibility(card.offer) if card and card.offer else {}),
        tabs=[
            ("overview", "Overview", url_for("marketplace.show_integration", slug=slug)),
            (
                "installation",
                "Installation",
                url_for("marketplace.show_installation_guide", slug=slug),
            ),
        ],
        **values,
    )


@blueprint.get("/marketplace/<slug>")
@admin_only
def show_integration(slug: str) -> str:
    """Show what the integration does, needs and sends, or how to install its plugin."""
    if current_services().registry.get(slug) is None:
        return listing.render_absent(slug)
    loaded = _find_loaded(slug)
    return _render_page(
        "marketplace/overview.html",
        slug,
        title=loaded.integration.name,
        description=guide.render_markdown(loaded.integration.description),
        proposed_values=proposed_values.propose(current_services(), slug),
    )


@blueprint.get("/marketplace/<slug>/installation")
@admin_only
def show_installation_guide(slug: str) -> str:
    """Show the installation guide without the values of an application."""
    loaded = _find_loaded(slug)
    return _render_page(
        "marketplace/installation.html",
        slug,
        title=f"{loaded.integration.name}: Installation",
        guide=guide.render_guide(loaded.guide, guide.guide_values(None) | _page_urls()),
        ticks_when=ticks_when,
    )


def _page_urls() -> dict[str, str]:
    """Return the values of a guide that do not depend on an application."""
    return {
        "workspace_name": current_workspace().name,
        "marketplace_url": url_for("marketplace.list_integrations"),
        "applications_url": url_for("applications.list_applications"),
        "users_url": url_for("users.index"),
        "dashboard_url": url_for("portal.show"),
    }


@blueprint.get("/marketplace/<slug>/install")
@admin_only
def show_install_form(slug: str) -> str:
    """Show the install form with a name that no application has yet, or with kept entries."""
    loaded = _find_loaded(slug)
    if has_entries():
        return _render_install_page(
            slug,
            name=request.form.get("name", "").strip(),
            issuer=request.form.get("issuer", ""),
            values=metadata_form.read_values(plugin_form.read(loaded.form, request.form)),
        )
    name = suggest_name(current_workspace().id, loaded.integration.name)
    return _render_install_page(slug, name=name)


@blueprint.post("/marketplace/<slug>/install")
@admin_only
def install_application(slug: str) -> ViewResponse:
    """Install the integration, or fill the form from metadata, or show the form's errors."""
    loaded = _find_loaded(slug)
    name = request.form.get("name", "").strip()
    issuer = request.form.get("issuer", "")
    values = metadata_form.read_values(plugin_form.read(loaded.form, request.form))
    fill_only = metadata_form.FILL in request.form
    if fill_form.accepts_metadata(loaded):
        try:
            metadata = metadata_form.read(current_services())
            if metadata and metadata_form.must_choose(metadata):
                return _render_choice(slug, metadata)
            if metadata:
                values = metadata_form.fill(current_services(), loaded, values, metadata)
            elif fill_only:
                raise metadata_form.missing()
        except InputError as error:
            errors = plugin_form.errors_of(error)
            page = _render_install_page(
                slug, name=name, issuer=issuer, values=values, errors=errors
            )
            return page, 422
        if fill_only or values.expired:
            return _render_install_page(slug, name=name, issuer=issuer, values=values)
    return _install(slug, name, issuer, values)


def _install(slug: str, name: str, issuer: str, values: FormValues) -> ViewResponse:
    again = "again" in request.form
    if not again and (duplicates := _find_duplicates(slug, dict(values.raw))):
        page = _render_install_page(
            slug, name=name, issuer=issuer, values=values, duplicates=duplicates
        )
        return page, 409
    try:
        application = install.install(
            current_scope(),
            integration=slug,
            name=name,
            settings=values.raw,
            issuer_id=issuer or None,
            source=values.source,
        )
    except InputError as error:
        page = _render_install_page(
            slug,
            name=name,
            issuer=issuer,
            values=values,
            errors=plugin_form.errors_of(error),
            again=again,
        )
        return page, 409 if isinstance(error, Conflict) else 422
    message = " ".join(
        (
            f"Installed {application.name}. Follow its guide to finish the setup.",
            *plugin_form.cleaning_sentences(_find_loaded(slug), values.raw),
            *(
                ["Its tab Settings lists what of the metadata is not used."]
                if _notes(values)
                else []
            ),
        )
    )
    return see("applications.show_guide", message, slug=application.slug)


def _notes(values: FormValues) -> bool:
    return values.source is not None and bool(values.source.notes)


def _render_choice(slug: str, metadata: ParsedMetadata) -> str:
    return _render_page(
        "marketplace/choose.html",
        slug,
        title="Choose a service provider",
        metadata=metadata,
        posted_again=metadata_form.posted_again(metadata),
    )


def _find_duplicates(slug: str, raw: dict[str, Any]) -> tuple[ApplicationView, ...]:
    try:
        return install.find_duplicates(current_scope(), slug, raw)
    except InputError:
        # Installing reports these errors together with those of the name.
        return ()


def _render_install_page(
    slug: str,
    *,
    name: str,
    values: FormValues | None = None,
    issuer: str = "",
    errors: Errors | None = None,
    duplicates: tuple[ApplicationView, ...] = (),
    again: bool = False,
) -> str:
    loaded = _find_loaded(slug)
    errors = errors or {}
    role = loaded.default_role.name.replace("{name}", name or loaded.integration.name)
    name_field = text_field(
        "name",
        "Name",
        value=name,
        errors=errors,
        required=True,
        autocomplete="off",
        help=f"Shown on the tile. The role is named {role}",
    )
    raw = values.raw if values else None
    fields = plugin_form.render_fields(loaded.form, values=raw, errors=errors)
    return _render_page(
        "marketplace/install.html",
        slug,
        title=f"Install {loaded.integration.name}",
        name_field=name_field,
        fields=fields,
        metadata_fields=_metadata_fields(loaded, errors),
        values=values,
        empty_fields=[field.label for field in fields if field.required and not field.value],
        issuer_field=_issuer_field(issuer, errors),
        errors=errors,
        duplicates=duplicates,
        again=again,
        role=role,
    )


def _metadata_fields(loaded: LoadedIntegration, errors: Errors) -> list[FormField]:
    if not fill_form.accepts_metadata(loaded):
        return []
    integration = loaded.integration
    owner = "service provider's" if integration.category == GENERIC else integration.name
    where = f"{integration.metadata_file.rstrip('.')}. " if integration.metadata_file else ""
    return metadata_form.fields(
        errors,
        label=f"Upload the {owner} metadata file instead",
        help=f"{where}It fills in the fields below. Fields you already filled in are kept",
    )


def _issuer_field(chosen: str, errors: Errors) -> FormField | None:
    shared = issuers.list_issuers(current_scope(), shared=True, limit=200).items
    choices = [(view.id, view.name) for view in shared]
    if not choices:
        return None
    return text_field(
        "issuer",
        "Issuer",
        kind="select",
        value=chosen,
        errors=errors,
        choices=(("", "Its own issuer (recommended)"), *choices),
        help="Applications with a shared issuer have the same entity ID and certificate",
    )


@blueprint.get("/logo/<slug>.svg")
@signed_in
def send_logo(slug: str) -> Response:
    """Send the logo of an integration, with a policy that blocks scripts in the SVG."""
    services = current_services()
    card = catalog.find_card(services.registry, slug, services.index.read().entries)
    if card is None or not card.logo:
        raise NotFound("This integration has no logo.")
    response = Response(card.logo, mimetype="image/svg+xml")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
    )
    response.cache_control.private = True
    response.cache_control.max_age = 3600
    return response
