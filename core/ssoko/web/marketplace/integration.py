"""The marketplace: find an integration, read about it, install it."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

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
from ssoko.services.marketplace.catalog import GENERIC
from ssoko.services.marketplace.overview import suggest_name
from ssoko.web.components import metadata_form, plugin_form
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.metadata_form import Taken
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
    signed_in,
)
from ssoko.web.marketplace import listing

blueprint = Blueprint("marketplace", __name__, url_prefix="/w/<workspace>")


blueprint.add_url_rule("/marketplace", "index", listing.index)


def _loaded(slug: str) -> Any:
    found = current_services().registry.get(slug)
    if found is None:
        raise NotFound("No integration of this name is on this server.")
    return found


def _page(template: str, slug: str, **values: Any) -> str:
    loaded = _loaded(slug)
    index = current_services().index.read().entries
    card = catalog.one(current_services().registry, slug, index)
    same = views.list_applications(current_scope(), integration=slug, limit=20)
    return render_template(
        template,
        menu="marketplace",
        loaded=loaded,
        card=card,
        same=same.items,
        **(listing.fitting(card.offer) if card and card.offer else {}),
        tabs=[
            ("overview", "Overview", url_for("marketplace.overview", slug=slug)),
            ("installation", "Installation", url_for("marketplace.installation", slug=slug)),
        ],
        **values,
    )


@blueprint.get("/marketplace/<slug>")
@admin_only
def overview(slug: str) -> str:
    """Show what the integration does, needs and hands over, or how to put it on the server."""
    if current_services().registry.get(slug) is None:
        return listing.absent_page(slug)
    loaded = _loaded(slug)
    return _page(
        "marketplace/overview.html",
        slug,
        title=loaded.integration.name,
        description=guide.render_markdown(loaded.integration.description),
        proposal=proposed_values.propose(current_services(), slug),
    )


@blueprint.get("/marketplace/<slug>/installation")
@admin_only
def installation(slug: str) -> str:
    """Show the installation guide as it reads before there is an application."""
    loaded = _loaded(slug)
    return _page(
        "marketplace/installation.html",
        slug,
        title=f"{loaded.integration.name}: Installation",
        guide=guide.render_guide(loaded.guide, guide.guide_values(None) | _addresses()),
        ticks_when=ticks_when,
    )


def _addresses() -> dict[str, str]:
    """Return the values of a guide that are known before there is an application."""
    return {
        "workspace_name": current_workspace().name,
        "marketplace_url": url_for("marketplace.index"),
        "applications_url": url_for("applications.index"),
        "users_url": url_for("users.index"),
        "dashboard_url": url_for("portal.show"),
    }


@blueprint.get("/marketplace/<slug>/install")
@admin_only
def install_form(slug: str) -> str:
    """Show the install form, with a name that is still free."""
    return _install_page(
        slug, name=suggest_name(current_workspace().id, _loaded(slug).integration.name)
    )


@blueprint.post("/marketplace/<slug>/install")
@admin_only
def install_application(slug: str) -> Answer | str | tuple[str, int]:
    """Install the integration, fill the form from metadata, or show it with what to correct."""
    loaded = _loaded(slug)
    name = request.form.get("name", "").strip()
    issuer = request.form.get("issuer", "")
    taken = metadata_form.before(plugin_form.read(loaded.form, request.form))
    typed: dict[str, Any] = {"name": name, "issuer": issuer}
    fill_only = metadata_form.FILL in request.form
    if fill_form.accepts_metadata(loaded):
        try:
            found = metadata_form.read(current_services())
            if found and metadata_form.must_choose(found):
                return _choose_page(slug, found)
            if found:
                taken = metadata_form.fill(current_services(), loaded, taken, found)
            elif fill_only:
                raise metadata_form.missing()
        except InputError as error:
            errors = plugin_form.errors_of(error)
            return _install_page(slug, **typed, taken=taken, errors=errors), 422
        if fill_only:
            return _install_page(slug, **typed, taken=taken)
    return _install(slug, typed, taken)


def _install(slug: str, typed: dict[str, Any], taken: Taken) -> Answer | tuple[str, int]:
    again = "again" in request.form
    if not again and (twins := _twins(slug, dict(taken.raw))):
        return _install_page(slug, **typed, taken=taken, twins=twins), 409
    try:
        made = install.install(
            current_scope(),
            integration=slug,
            name=typed["name"],
            settings=taken.raw,
            issuer_id=typed["issuer"] or None,
            source=taken.source,
        )
    except InputError as error:
        status = 409 if isinstance(error, Conflict) else 422
        errors = plugin_form.errors_of(error)
        return _install_page(slug, **typed, taken=taken, errors=errors, again=again), status
    flash(f"{made.name} is installed. Follow its guide to finish.")
    return redirect(url_for("applications.guide", slug=made.slug), 303)


def _choose_page(slug: str, found: ParsedMetadata) -> str:
    return _page(
        "marketplace/choose.html",
        slug,
        title="Choose a service provider",
        found=found,
        carried=metadata_form.carried(found),
    )


def _twins(slug: str, raw: dict[str, Any]) -> tuple[ApplicationView, ...]:
    try:
        return install.find_duplicates(current_scope(), slug, raw)
    except InputError:
        # The install says what is wrong, with the name's errors beside it.
        return ()


def _install_page(
    slug: str,
    *,
    name: str,
    taken: Taken | None = None,
    issuer: str = "",
    errors: dict[str, list[str]] | None = None,
    twins: tuple[ApplicationView, ...] = (),
    again: bool = False,
) -> str:
    loaded = _loaded(slug)
    errors = errors or {}
    role = loaded.default_role.name.replace("{name}", name or loaded.integration.name)
    named = text_field(
        "name",
        "Name",
        value=name,
        errors=errors,
        required=True,
        autocomplete="off",
        help=f"Shown on the tile. Its role will be {role}",
    )
    raw = taken.raw if taken else None
    fields = plugin_form.draw(loaded.form, values=raw, errors=errors)
    return _page(
        "marketplace/install.html",
        slug,
        title=f"Install {loaded.integration.name}",
        named=named,
        fields=fields,
        metadata_fields=_metadata_fields(loaded, errors),
        taken=taken,
        to_fill=[field.label for field in fields if field.required and not field.value],
        issuer_field=_issuer_field(issuer, errors),
        errors=errors,
        twins=twins,
        again=again,
        role=role,
    )


def _metadata_fields(loaded: LoadedIntegration, errors: dict[str, list[str]]) -> list[FormField]:
    if not fill_form.accepts_metadata(loaded):
        return []
    about = loaded.integration
    vendor = "service provider's" if about.category == GENERIC else about.name
    where = f"{about.metadata_file.rstrip('.')}. " if about.metadata_file else ""
    return metadata_form.fields(
        errors,
        label=f"Upload the {vendor} metadata file instead",
        help=f"{where}It fills the fields below. What you typed yourself stays",
    )


def _issuer_field(chosen: str, errors: dict[str, list[str]]) -> FormField | None:
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
        choices=(("", "One of its own (recommended)"), *choices),
        help="A shared issuer has one entity ID and one certificate for several applications",
    )


@blueprint.get("/logo/<slug>.svg")
@signed_in
def logo(slug: str) -> Response:
    """Send the logo of a plugin or of the index; whatever is in it, it runs nothing."""
    services = current_services()
    card = catalog.one(services.registry, slug, services.index.read().entries)
    if card is None or not card.logo:
        raise NotFound("There is no logo of this name.")
    response = Response(card.logo, mimetype="image/svg+xml")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
    )
    response.cache_control.private = True
    response.cache_control.max_age = 3600
    return response
