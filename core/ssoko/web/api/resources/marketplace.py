"""The integrations of the marketplace and the plugins that provide them."""

from dataclasses import replace

from ssoko.errors import NotFound
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.schemas.marketplace import IntegrationCardSchema, IntegrationSchema
from ssoko.schemas.output import complete, page_of
from ssoko.schemas.plugins import PluginSchema
from ssoko.services.marketplace import catalog
from ssoko.services.marketplace.catalog import IntegrationCard
from ssoko.services.marketplace.overview import installed_counts
from ssoko.services.plugins.inventory import PluginView
from ssoko.store.paging import Page
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, endpoint


@endpoint(
    "GET",
    "/integrations",
    query=inputs.IntegrationQuery,
    returns=page_of(IntegrationCardSchema),
)
def list_all(call: Call) -> Page[IntegrationCard]:
    """List the integrations of the marketplace. The search tolerates typos.

    With ``include=index`` the list also has integrations of the plugin index that are not on this
    server.
    """
    query = dict(call.query)
    index = call.services.index.read().entries if query.pop("include") else {}
    return complete(
        catalog.search(
            call.services.registry,
            index=index,
            installed=installed_counts(call.workspace.id),
            **query,
        )
    )


@endpoint("GET", "/integrations/<id:slug>", returns=IntegrationSchema)
def show(call: Call, slug: str) -> LoadedIntegration:
    """Return an integration, with its install form as JSON Schema."""
    loaded = call.services.registry.get(slug)
    if loaded is None:
        raise NotFound(f"There is no integration {slug} in the marketplace.")
    return loaded


@endpoint("GET", "/plugins", query=inputs.PartQuery, returns=page_of(PluginSchema))
def plugins(call: Call) -> Page[PluginView]:
    """List the plugins of the server with their origin, their state and what a restart changes."""
    counts = installed_counts(call.workspace.id)
    views = call.services.inventory.list_for_admins(call.services.registry, call.services.config)
    return complete(replace(view, applications=counts.get(view.slug, 0)) for view in views)
