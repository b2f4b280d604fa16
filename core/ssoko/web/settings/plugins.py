"""Settings > Plugins: what each plugin is, where it came from, and what a restart would change."""

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

#: Words for where a distribution came from.
SOURCES = {
    "index": "Package index",
    "local": "Local",
    "editable": "Editable",
    "modified": "Modified",
    "unknown": "Unknown",
}

#: What a plugin of a tier may become.
NEXT_TIERS = {None: "Bronze", "bronze": "Silver", "silver": "Gold", "gold": "Gold"}


@admin_only
def index() -> str:
    """Show every plugin with its state and the applications that use it here."""
    services = current_services()
    found = services.inventory.list_plugins(services.registry, services.config)
    used = applications_by_integration()
    return render_settings_tab(
        "plugins",
        loaded=[one for one in found if one.state == "loaded"],
        broken=[one for one in found if one.state == "broken"],
        left_out=[one for one in found if one.state in {"disabled", "skipped"}],
        waiting=[one for one in found if one.restart],
        used=used,
        missing={
            slug: using
            for slug, using in used.items()
            if slug not in current_services().registry.integrations
        },
        sources=SOURCES,
        next_tiers=NEXT_TIERS,
        # A command is for a shell: it is not written with a name that somebody made up for one.
        typable={one.slug for one in found if re.fullmatch("[a-z0-9-]+", one.slug)},
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
