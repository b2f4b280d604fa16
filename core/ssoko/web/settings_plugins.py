"""Settings > Plugins: what this process loaded, what it could not, and what it skipped."""

from collections import Counter

from ssoko.services import applications
from ssoko.web.session import admin_only, current_services, current_workspace
from ssoko.web.settings_page import render_tab


@admin_only
def index() -> str:
    """Show every plugin with its state and how many applications use it here."""
    registry = current_services().registry
    used = applications_by_integration()
    known = set(registry.integrations)
    return render_tab(
        "plugins",
        loaded=tuple(registry.integrations.values()),
        problems=registry.problems,
        skipped=registry.skipped,
        used=used,
        missing={slug: count for slug, count in used.items() if slug not in known},
    )


def applications_by_integration() -> Counter[str]:
    """Count this workspace's applications by the integration they were installed from."""
    used: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        page = applications.list_applications(
            current_services(), current_workspace().id, limit=200, cursor=cursor
        )
        used.update(application.integration for application in page.items)
        if page.next is None:
            return used
        cursor = page.next
