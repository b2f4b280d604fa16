"""The list of integrations, and the page of an integration that is only in the index."""

from collections import Counter

from flask import render_template, request

import ssoko
from ssoko.errors import NotFound
from ssoko.plugin.host.index import IndexEntry
from ssoko.services.guides import guide
from ssoko.services.marketplace import catalog
from ssoko.services.marketplace.catalog import VendorGroup
from ssoko.services.marketplace.overview import installed_counts
from ssoko.web.components.integration_badges import badges_of
from ssoko.web.framework.session import admin_only, current_services, current_workspace

#: Tiles in the grid; the integrations of a vendor share one.
PAGE_SIZE = 24
#: The integration that is suggested when a search has no results.
CUSTOM = "custom-saml"
FILTERS = ("category", "state", "vendor", "publisher")
STATES = (
    ("", "All"),
    ("installed", "Installed"),
    ("available", "Available"),
    ("absent", "Not on this server"),
)


@admin_only
def list_integrations() -> str:
    """List the integrations, filtered by search text, category, state, vendor and publisher."""
    services = current_services()
    registry, index = services.registry, services.index.read().entries
    filters = {name: request.args.get(name, "").strip()[:200] for name in ("q", *FILTERS)}
    if filters["state"] not in dict(STATES):
        filters["state"] = ""
    installed = installed_counts(current_workspace().id)
    all_cards = catalog.search(registry, index=index, installed=installed)
    if any(filters.values()):
        cards = catalog.search(registry, index=index, installed=installed, **filters)
        groups = tuple(VendorGroup(card.vendor, (card,)) for card in cards)
    else:
        cards = all_cards
        groups = catalog.group_by_vendor(cards)
    return render_template(
        "marketplace/index.html",
        title="SSO Integrations",
        menu="marketplace",
        total=len(cards),
        filters=filters,
        states=_count_states(all_cards, bool(index)),
        categories=catalog.count_categories(registry, index),
        vendors=catalog.count_vendors(registry, index),
        publishers=catalog.count_publishers(registry, index),
        all_count=len(all_cards),
        badges_of=badges_of,
        problems=registry.problems,
        custom=registry.get(CUSTOM),
        **_cut_page(groups),
    )


def _cut_page(groups: tuple[VendorGroup, ...]) -> dict[str, object]:
    """Return one page of the grid; ``first`` and ``last`` count cards, not groups."""
    pages = max(1, -(-len(groups) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    start = (page - 1) * PAGE_SIZE
    on_page = groups[start : start + PAGE_SIZE]
    before = sum(len(group.cards) for group in groups[:start])
    return {
        "groups": on_page,
        "first": before + 1,
        "last": before + sum(len(group.cards) for group in on_page),
        "page": page,
        "pages": pages,
    }


def _count_states(
    cards: tuple[catalog.IntegrationCard, ...], with_index: bool
) -> list[tuple[str, str, int]]:
    counts = Counter(card.state for card in cards) + Counter({"": len(cards)})
    return [(key, label, counts[key]) for key, label in STATES if with_index or key != "absent"]


def render_absent(slug: str) -> str:
    """Render the index entry of an integration, and how an operator installs its plugin.

    :raises NotFound: when the index does not have it either.
    """
    services = current_services()
    index = services.index.read().entries
    entry = catalog.absent_entries(services.registry, index).get(slug)
    card = catalog.find_card(services.registry, slug, index)
    if entry is None or card is None:
        raise NotFound("This integration is neither on this server nor in its plugin index.")
    return render_template(
        "marketplace/absent.html",
        title=card.name,
        menu="marketplace",
        card=card,
        entry=entry,
        description=guide.render_markdown(entry.about.description),
        **check_compatibility(entry),
    )


def check_compatibility(entry: IndexEntry) -> dict[str, object]:
    """Return, for a template, whether an entry works with this version of Ssoko."""
    return {"fits": entry.fits(ssoko.__version__), "core": ssoko.__version__}
