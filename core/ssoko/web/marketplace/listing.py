"""The list of the marketplace, and the page of what is in it but not on this server."""

from collections import Counter

from flask import render_template, request

import ssoko
from ssoko.errors import NotFound
from ssoko.plugin.host.index import IndexEntry
from ssoko.services.guides import guide
from ssoko.services.marketplace import catalog
from ssoko.services.marketplace.catalog import Shelf
from ssoko.services.marketplace.overview import installed_counts
from ssoko.web.framework.session import admin_only, current_services, current_workspace

#: Places in the grid; the products of a vendor take one together.
PAGE_SIZE = 24
#: Where a search that found nothing leads to.
CUSTOM = "custom-saml"
FILTERS = ("category", "state", "vendor", "publisher")
STATES = (
    ("", "All"),
    ("installed", "Installed"),
    ("available", "Available"),
    ("absent", "Not on this server"),
)


@admin_only
def index() -> str:
    """Show what can be installed, narrowed by words, category, state, vendor and publisher."""
    services = current_services()
    registry, offered = services.registry, services.index.read().entries
    asked = {name: request.args.get(name, "").strip()[:200] for name in ("q", *FILTERS)}
    if asked["state"] not in dict(STATES):
        asked["state"] = ""
    installed = installed_counts(current_workspace().id)
    everything = catalog.search(registry, index=offered, installed=installed)
    narrowed = any(asked.values())
    found = everything
    if narrowed:
        found = catalog.search(registry, index=offered, installed=installed, **asked)
    places = tuple(Shelf(c.vendor, (c,)) for c in found) if narrowed else catalog.shelves(found)
    return render_template(
        "marketplace/index.html",
        title="SSO Integrations",
        menu="marketplace",
        total=len(found),
        asked=asked,
        states=_states(everything, bool(offered)),
        categories=catalog.categories(registry, offered),
        vendors=catalog.vendors(registry, offered),
        publishers=catalog.publishers(registry, offered),
        all_count=len(everything),
        problems=registry.problems,
        custom=registry.get(CUSTOM),
        **_pages(places),
    )


def _pages(places: tuple[Shelf, ...]) -> dict[str, object]:
    """Cut one page out of the grid; ``first`` and ``last`` count cards, not places."""
    pages = max(1, -(-len(places) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    start = (page - 1) * PAGE_SIZE
    shown = places[start : start + PAGE_SIZE]
    before = sum(len(shelf.cards) for shelf in places[:start])
    return {
        "shelves": shown,
        "first": before + 1,
        "last": before + sum(len(shelf.cards) for shelf in shown),
        "page": page,
        "pages": pages,
    }


def _states(
    cards: tuple[catalog.IntegrationCard, ...], with_index: bool
) -> list[tuple[str, str, int]]:
    counts = Counter(card.state for card in cards) + Counter({"": len(cards)})
    return [(key, word, counts[key]) for key, word in STATES if with_index or key != "absent"]


def absent_page(slug: str) -> str:
    """Show what the index says of an integration, and how an operator puts it on the server.

    :raises NotFound: when the index does not have it either.
    """
    services = current_services()
    offered = services.index.read().entries
    entry = catalog.absent(services.registry, offered).get(slug)
    card = catalog.one(services.registry, slug, offered)
    if entry is None or card is None:
        raise NotFound("No integration of this name is on this server or in its index.")
    return render_template(
        "marketplace/absent.html",
        title=card.name,
        menu="marketplace",
        card=card,
        entry=entry,
        description=guide.render_markdown(entry.about.description),
        **fitting(entry),
    )


def fitting(entry: IndexEntry) -> dict[str, object]:
    """Return whether an entry fits the Ssoko that runs, for a template to say so."""
    return {"fits": entry.fits(ssoko.__version__), "core": ssoko.__version__}
