"""What can be installed: integrations, and the plugins that bring them."""

from ssoko.errors import NotFound
from ssoko.schemas import dump
from ssoko.services.marketplace import catalog
from ssoko.services.marketplace.overview import installed_counts
from ssoko.web.api import form_schema, inputs
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "/integrations", query=inputs.IntegrationQuery)
def list_all(call: Call) -> dump.Json:
    """List the integrations of the marketplace; q forgives typing errors.

    With ``include=index`` also those that are in the index and not on this server.
    """
    asked = dict(call.query)
    index = call.services.index.read().entries if asked.pop("include") else {}
    found = catalog.search(
        call.services.registry, index=index, installed=installed_counts(call.workspace.id), **asked
    )
    return dump.whole(found, dump.card)


@endpoint("GET", "/integrations/<id:slug>")
def show(call: Call, slug: str) -> dump.Json:
    """Read one integration, with its install form as JSON Schema."""
    loaded = call.services.registry.get(slug)
    if loaded is None:
        raise NotFound(f"There is no integration {slug} in the marketplace.")
    return dump.integration(loaded) | {"form": form_schema.describe(loaded.form)}


@endpoint("GET", "/plugins")
def plugins(call: Call) -> dump.Json:
    """List the plugins: what each is, where it came from, its state, and what a restart changes."""
    used = installed_counts(call.workspace.id)
    return dump.whole(
        call.services.inventory.list_plugins(call.services.registry, call.services.config),
        lambda one: dump.plugin(one, used.get(one.slug, 0)),
    )
