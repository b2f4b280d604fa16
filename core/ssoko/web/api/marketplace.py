"""What can be installed: integrations, and the plugins that bring them."""

from ssoko.errors import NotFound
from ssoko.services import marketplace
from ssoko.services.overview import installed_counts
from ssoko.services.plugin_states import list_plugins
from ssoko.web.api import form_schema, render, schemas
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "/integrations", query=schemas.IntegrationQuery)
def list_all(call: Call) -> render.Json:
    """List the integrations of the marketplace; q forgives typing errors."""
    found = marketplace.search(call.services.registry, **call.query)
    return render.whole(found, render.card)


@endpoint("GET", "/integrations/<id:slug>")
def show(call: Call, slug: str) -> render.Json:
    """Read one integration, with its install form as JSON Schema."""
    loaded = call.services.registry.get(slug)
    if loaded is None:
        raise NotFound(f"There is no integration {slug} in the marketplace.")
    return render.integration(loaded) | {"form": form_schema.describe(loaded.form)}


@endpoint("GET", "/plugins")
def plugins(call: Call) -> render.Json:
    """List the plugins: what each is, where it came from, its state, and what a restart changes."""
    used = installed_counts(call.workspace.id)
    return render.whole(
        list_plugins(call.services), lambda one: render.plugin(one, used.get(one.slug, 0))
    )
