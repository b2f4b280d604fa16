"""The marketplace: integrations on this server and in the index, found by words and filters."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import ssoko
from ssoko.plugin.host.index import IndexEntry
from ssoko.plugin.host.registry import LoadedIntegration, Registry
from ssoko.plugin.host.tested import is_tested, this_version
from ssoko.plugin.values import CATEGORIES, Integration
from ssoko.text.matching import fold, score

#: Icon, word, kind of a badge; see :class:`IntegrationCard`.
Badge = tuple[str, str, str]
Index = Mapping[str, IndexEntry]

_NO_INDEX: Index = MappingProxyType({})

#: Integrations of this category have no vendor of their own.
GENERIC = "Generic"


@dataclass(frozen=True, slots=True)
class IntegrationCard:
    """One integration, as a card shows it.

    :param tint: 1 to 6, always the same for a slug.
    :param logo: SVG text, or empty for the monogram.
    :param installed: how many applications of it the workspace has.
    :param badges: (icon, word, kind), kind ``ok``, ``warn``, ``bad`` or empty; three at most.
    :param on_server: its plugin is loaded.
    :param offer: what the index has, where that is all there is or newer than the plugin here.
    """

    slug: str
    name: str
    summary: str
    vendor: str
    category: str
    publisher: str
    monogram: str
    tint: int
    logo: str
    installed: int
    badges: tuple[Badge, ...]
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
class Shelf:
    """One place in the grid: a card, or the products of a vendor that has several."""

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
    """Return the cards that fit, the best first; by name when nothing is searched for.

    Every word of ``q`` must be found: whole, as a beginning, inside a word, or with a slip of the
    keyboard; accents and case do not matter. What is on the server comes before what is not
    where both fit as well.

    :param index: what could be put on the server, by slug.
    :param state: ``installed``, ``available``, ``absent`` (not on this server), or empty for all.
    :param vendor: name of a vendor, in any case.
    :param installed: number of applications by slug.
    """
    words = fold(q).split()[:10]
    found = []
    for slug, about in _offered(registry, index).items():
        card = _card(registry, index, slug, about, installed.get(slug, 0))
        wanted = (
            category in ("", card.category)
            and fold(vendor) in ("", fold(card.vendor))
            and publisher in ("", card.publisher)
            and state in ("", card.state)
        )
        if not wanted:
            continue
        fields = _fields(slug, about) if words else {}
        scores = [score(word, fields) for word in words]
        if all(scores):
            key = (-sum(scores), not card.on_server, card.name.casefold(), card.slug)
            found.append((key, card))
    return tuple(card for _, card in sorted(found, key=lambda hit: hit[0]))


def shelves(cards: Iterable[IntegrationCard]) -> tuple[Shelf, ...]:
    """Put the products of each vendor that has several together, at the place of its name."""
    by_vendor: dict[str, list[IntegrationCard]] = {}
    for card in cards:
        by_vendor.setdefault(fold(card.vendor) or card.slug, []).append(card)

    def place(shelf: Shelf) -> tuple[bool, str, str]:
        several = len(shelf.cards) > 1
        name = shelf.vendor if several else shelf.cards[0].name
        return (not any(c.on_server for c in shelf.cards), name.casefold(), shelf.cards[0].slug)

    made = (Shelf(cards[0].vendor, tuple(cards)) for cards in by_vendor.values())
    return tuple(sorted(made, key=place))


def one(registry: Registry, slug: str, index: Index = _NO_INDEX) -> IntegrationCard | None:
    """Return the card of one integration, or None when there is no such one."""
    about = _offered(registry, index).get(slug)
    return _card(registry, index, slug, about, 0) if about else None


def categories(registry: Registry, index: Index = _NO_INDEX) -> tuple[tuple[str, int], ...]:
    """Return each category that has an integration, with their number."""
    counted = Counter(_category(about) for about in _offered(registry, index).values())
    return tuple((name, counted[name]) for name in CATEGORIES if counted[name])


def vendors(registry: Registry, index: Index = _NO_INDEX) -> tuple[tuple[str, int], ...]:
    """Return each vendor that has several integrations, with their number."""
    return tuple(
        (name, count)
        for name, count in _counted(registry, index, lambda about: about.vendor or about.name)
        if count > 1
    )


def publishers(registry: Registry, index: Index = _NO_INDEX) -> tuple[tuple[str, int], ...]:
    """Return each publisher with the number of its integrations; none when there is but one."""
    found = _counted(registry, index, lambda about: about.publisher)
    return found if len(found) > 1 else ()


def absent(registry: Registry, index: Index) -> Index:
    """Return what the index has of integrations that are not on this server in any state."""
    here = {problem.slug for problem in registry.problems}
    here |= {slug for slug, _ in registry.skipped} | registry.integrations.keys()
    return {slug: entry for slug, entry in index.items() if slug not in here}


def _offered(registry: Registry, index: Index) -> dict[str, Integration]:
    here = {slug: loaded.integration for slug, loaded in registry.integrations.items()}
    return here | {slug: entry.about for slug, entry in absent(registry, index).items()}


def _counted(
    registry: Registry, index: Index, of: Callable[[Integration], str]
) -> tuple[tuple[str, int], ...]:
    names: dict[str, list[str]] = {}
    for about in _offered(registry, index).values():
        if name := of(about):
            names.setdefault(fold(name), []).append(name)
    counted = [(spellings[0], len(spellings)) for spellings in names.values()]
    return tuple(sorted(counted, key=lambda pair: pair[0].casefold()))


def _card(
    registry: Registry, index: Index, slug: str, about: Integration, installed: int
) -> IntegrationCard:
    loaded = registry.get(slug)
    offer = index.get(slug)
    if loaded and offer and not offer.is_newer_than(loaded.distribution, loaded.version):
        offer = None
    card = IntegrationCard(
        slug=slug,
        name=about.name,
        summary=about.summary,
        vendor=about.vendor or about.name,
        category=_category(about),
        publisher=about.publisher,
        monogram=about.monogram or _monogram(about.name),
        tint=hashlib.sha256(slug.encode()).digest()[0] % 6 + 1,
        logo=about.logo,
        installed=installed,
        badges=(),
        aliases=about.aliases,
        on_server=loaded is not None,
        offer=offer,
    )
    return replace(card, badges=_badges(card, about, loaded))


def _badges(
    card: IntegrationCard, about: Integration, loaded: LoadedIntegration | None
) -> tuple[Badge, ...]:
    badges = []
    if card.installed:
        times = "" if card.installed == 1 else f" {card.installed} times"
        badges.append(("ok", f"Installed{times}", "ok"))
    fits = card.offer is None or card.offer.fits(ssoko.__version__)
    if loaded is None:
        badges.append(("download", "Not on this server", ""))
        if not fits:
            badges.append(("warn", "For another Ssoko", "warn"))
        return tuple(badges)
    if card.offer and fits:
        badges.append(("download", f"{card.offer.version} available", "now"))
    if is_tested(about.tested_with) is False:
        badges.append(("warn", f"Not tested with {this_version()}", "warn"))
    return tuple(badges)


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
