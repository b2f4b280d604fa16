"""Settings > Plugins: the state and source of each plugin, and what a restart changes."""

import re
from collections import defaultdict

from ssoko.services.applications import views
from ssoko.services.applications.views import ApplicationView
from ssoko.web.components.tabs import render_settings_tab
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)

#: Labels of the sources that a distribution is installed from.
SOURCES = {
    "index": "Package index",
    "local": "Local",
    "editable": "Editable",
    "modified": "Modified",
    "unknown": "Unknown",
}

#: Quality tier to the next higher one.
NEXT_TIERS = {None: "Bronze", "bronze": "Silver", "silver": "Gold", "gold": "Gold"}


@admin_only
def index() -> str:
    """List the plugins with their state and the applications of this workspace that use them."""
    services = current_services()
    plugins = services.inventory.list_for_admins(services.registry, services.config)
    used = applications_by_integration()
    return render_settings_tab(
        "plugins",
        loaded=[plugin for plugin in plugins if plugin.state == "loaded"],
        broken=[plugin for plugin in plugins if plugin.state == "broken"],
        disabled=[plugin for plugin in plugins if plugin.state in {"disabled", "skipped"}],
        waiting=[plugin for plugin in plugins if plugin.restart],
        used=used,
        missing={
            slug: using
            for slug, using in used.items()
            if slug not in current_services().registry.integrations
        },
        sources=SOURCES,
        next_tiers=NEXT_TIERS,
        # Admins paste the commands into a shell, so an entry point name must be harmless there.
        shell_safe={plugin.slug for plugin in plugins if re.fullmatch("[a-z0-9-]+", plugin.slug)},
    )


def applications_by_integration() -> dict[str, list[ApplicationView]]:
    """Return this workspace's applications by the integration they were installed from."""
    used: dict[str, list[ApplicationView]] = defaultdict(list)
    cursor: str | None = None
    while True:
        page = views.list_applications(current_scope(), limit=200, cursor=cursor)
        for application in page.items:
            used[application.integration].append(application)
        if page.next is None:
            return used
        cursor = page.next
