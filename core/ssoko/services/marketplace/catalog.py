"""The integrations on this server and in the index, with search and filters."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ssoko.plugin.host.index import IndexEntry
from ssoko.plugin.host.registry import Registry
from ssoko.plugin.host.tested import is_tested
from ssoko.plugin.values import CATEGORIES, Integration
from ssoko.text.matching import fold, score

Index = Mapping[str, IndexEntry]

_NO_INDEX: Index = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class IntegrationCard:
    """One integration in the catalog.

    :param monogram: letters to show in place of a logo.
    :param logo: SVG text, or empty.
    :param installed: number of its applications in the workspace.
    :param tested: whether it was tested with this version of Ssoko; None when it doesn't say.
    :param on_server: whether its plugin is loaded.
    :param offer: its entry in the index, if no plugin is loaded or the entry is newer.
    """

    slug: str
    name: str
    summary: str
    vendor: str
    category: str
    publisher: str
    monogram: str
    logo: str
    installed: int
    tested: bool | None
    aliases: tuple[str, ...]
    on_server: bool = True
    offer: IndexEntry | None = None

    @property
    def state(self) -> str:
        """``installed``, ``available``, or ``absent``: not on this server."""
        if not self.on_server:
            return "absent"
        return "installed" if self.installed else "available"


@dataclass(frozen=True, slots=True)
class VendorGroup:
    """The integrations of one vendor."""

    vendor: str
    cards: tuple[IntegrationCard, ...]


def search(
    registry: Registry,
    *,
    index: Index = _NO_INDEX,
    q: str = "",
    category: str = "",
    state: str = "",
    vendor: str = "",
    publisher: str = "",
    installed: Mapping[str, int] = MappingProxyType({}),
) -> tuple[IntegrationCard, ...]:
    """Return the matching cards, best match first; sorted by name when ``q`` is empty.

    Every word of ``q`` must match a word, a prefix or a part of one, or differ by a typing error.
    Case and accents are ignored. Of equal matches, integrations on the server come first.

    :param index: entries of the plugin index, by slug.
    :param state: ``installed``, ``available``, ``absent`` (not on this server), or empty for all.
    :param vendor: name of a vendor; case is ignored.
    :param installed: number of applications, by slug.
    """
    words = fold(q).split()[:10]
    hits = []
    for slug, about in _offered(registry, index).items():
        card = _card(registry, index, slug, about, installed.get(slug, 0))
        matches_filters = (
            category in ("", card.category)
            and fold(vendor) in ("", fold(card.vendor))
            and publisher in ("", card.publisher)
            and state in ("", card.state)
        )
        if not matches_filters:
            continue
        fields = _fields(slug, about) if words else {}
        scores = [score(word, fields) for word in words]
        if all(scores):
            key = (-sum(scores), not card.on_server, card.name.casefold(), card.slug)
            hits.append((key, card))
    return tuple(card for _, card in sorted(hits, key=lambda hit: hit[0]))


def group_by_vendor(cards: Iterable[IntegrationCard]) -> tuple[VendorGroup, ...]:
    """Group the cards by vendor.

    A group with several cards is sorted by the vendor's name, a single card by its own.
    """
    by_vendor: dict[str, list[IntegrationCard]] = {}
    for card in cards:
        by_vendor.setdefault(fold(card.vendor) or card.slug, []).append(card)

    def sort_key(group: VendorGroup) -> tuple[bool, str, str]:
        name = group.vendor if len(group.cards) > 1 else group.cards[0].name
        return (not any(c.on_server for c in group.cards), name.casefold(), group.cards[0].slug)

    groups = (VendorGroup(cards[0].vendor, tuple(cards)) for cards in by_vendor.values())
    return tuple(sorted(groups, key=sort_key))


def find_card(registry: Registry, slug: str, index: Index = _NO_INDEX) -> IntegrationCard | None:
    """Return the card of one integration, or None."""
    about = _offered(registry, index).get(slug)
    return _card(registry, index, slug, about, 0) if about else None


def count_categories(registry: Registry, index: Index = _NO_INDEX) -> tuple[tuple[str, int], ...]:
    """Return each category in use with the number of its integrations."""
    counts = Counter(_category(about) for about in _offered(registry, index).values())
    return tuple((name, counts[name]) for name in CATEGORIES if counts[name])


def count_vendors(registry: Registry, index: Index = _NO_INDEX) -> tuple[tuple[str, int], ...]:
    """Return each vendor of several integrations with their number."""
    return tuple(
        (name, count)
        for name, count in _count_names(registry, index, lambda about: about.vendor or about.name)
        if count > 1
    )


def count_publishers(registry: Registry, index: Index = _NO_INDEX) -> tuple[tuple[str, int], ...]:
    """Return each publisher with the number of its integrations; empty if there is only one."""
    publishers = _count_names(registry, index, lambda about: about.publisher)
    return publishers if len(publishers) > 1 else ()


def absent_entries(registry: Registry, index: Index) -> Index:
    """Return the index entries whose plugin is not on this server, loaded or not."""
    here = {problem.slug for problem in registry.problems}
    here |= {slug for slug, _ in registry.skipped} | registry.integrations.keys()
    return {slug: entry for slug, entry in index.items() if slug not in here}


def _offered(registry: Registry, index: Index) -> dict[str, Integration]:
    loaded = {slug: plugin.integration for slug, plugin in registry.integrations.items()}
    return loaded | {slug: entry.about for slug, entry in absent_entries(registry, index).items()}


def _count_names(
    registry: Registry, index: Index, of: Callable[[Integration], str]
) -> tuple[tuple[str, int], ...]:
    names: dict[str, list[str]] = {}
    for about in _offered(registry, index).values():
        if name := of(about):
            names.setdefault(fold(name), []).append(name)
    counts = [(spellings[0], len(spellings)) for spellings in names.values()]
    return tuple(sorted(counts, key=lambda pair: pair[0].casefold()))


def _card(
    registry: Registry, index: Index, slug: str, about: Integration, installed: int
) -> IntegrationCard:
    loaded = registry.get(slug)
    offer = index.get(slug)
    if loaded and offer and not offer.is_newer_than(loaded.distribution, loaded.version):
        offer = None
    return IntegrationCard(
        slug=slug,
        name=about.name,
        summary=about.summary,
        vendor=about.vendor or about.name,
        category=_category(about),
        publisher=about.publisher,
        monogram=about.monogram or _monogram(about.name),
        logo=about.logo,
        installed=installed,
        tested=is_tested(about.tested_with) if loaded else None,
        aliases=about.aliases,
        on_server=loaded is not None,
        offer=offer,
    )


def _category(about: Integration) -> str:
    return about.category if about.category in CATEGORIES else "Other"


def _monogram(name: str) -> str:
    words: list[str] = re.findall(r"\w+", name)
    if len(words) == 1 and words[0].isupper():
        return words[0][:3]
    return "".join(w[0].upper() for w in words[:2]) if len(words) > 1 else name.strip()[:2]


def _fields(slug: str, about: Integration) -> dict[str, list[str]]:
    return {
        "name": fold(f"{about.name} {slug}").split(),
        "alias": fold(" ".join(about.aliases)).split(),
        "vendor": fold(f"{about.vendor} {about.publisher}").split(),
        "summary": fold(about.summary).split(),
        "description": fold(about.description).split(),
    }
