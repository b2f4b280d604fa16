"""The marketplace: the integrations that the registry holds, found by words, category and state."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import ssoko
from ssoko.plugin.registry import LoadedIntegration, Registry
from ssoko.plugin.values import CATEGORIES

#: How much a match counts, by where it is.
_WEIGHTS = (("name", 16), ("alias", 8), ("vendor", 4), ("summary", 2), ("description", 1))
#: Icon, word, kind of a badge; see :class:`IntegrationCard`.
Badge = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class IntegrationCard:
    """One integration, as a card shows it.

    :param tint: 1 to 6, always the same for a slug.
    :param logo: SVG text, or empty for the monogram.
    :param installed: how many applications of it the workspace has.
    :param badges: (icon, word, kind), kind ``ok``, ``warn``, ``bad`` or empty; three at most.
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


def search(
    registry: Registry,
    *,
    q: str = "",
    category: str = "",
    state: str = "",
    installed: Mapping[str, int] = MappingProxyType({}),
) -> tuple[IntegrationCard, ...]:
    """Return the cards that fit, the best first; by name when nothing is searched for.

    Every word of ``q`` must be found: whole, as a beginning, inside a word, or with a slip of the
    keyboard; accents and case do not matter.

    :param state: ``installed``, ``available`` or empty for both.
    :param installed: number of applications by slug.
    """
    words = fold(q).split()[:10]
    found = []
    for entry in registry.integrations.values():
        card = _card(entry, installed.get(entry.slug, 0))
        if category and card.category != category:
            continue
        if state and (state == "installed") != bool(card.installed):
            continue
        fields = _fields(entry)
        scores = [_score(word, fields) for word in words]
        if all(scores):
            found.append((-sum(scores), card.name.casefold(), card.slug, card))
    return tuple(card for *_, card in sorted(found, key=lambda hit: hit[:3]))


def categories(registry: Registry) -> tuple[tuple[str, int], ...]:
    """Return each category that has an integration, with their number."""
    counted = Counter(_category(entry) for entry in registry.integrations.values())
    return tuple((name, counted[name]) for name in CATEGORIES if counted[name])


def fold(text: str) -> str:
    """Return a text for comparing: no accents, no case, words apart by single spaces."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return " ".join(re.findall(r"\w+", bare))


def _card(entry: LoadedIntegration, installed: int) -> IntegrationCard:
    about = entry.integration
    return IntegrationCard(
        slug=entry.slug,
        name=about.name,
        summary=about.summary,
        vendor=about.vendor or about.name,
        category=_category(entry),
        publisher=about.publisher,
        monogram=about.monogram or _monogram(about.name),
        tint=hashlib.sha256(entry.slug.encode()).digest()[0] % 6 + 1,
        logo=about.logo,
        installed=installed,
        badges=_badges(entry, installed),
        aliases=about.aliases,
    )


def _badges(entry: LoadedIntegration, installed: int) -> tuple[Badge, ...]:
    badges = []
    if installed:
        badges.append(
            ("ok", "Installed" if installed == 1 else f"Installed {installed} times", "ok")
        )
    ours = ".".join(ssoko.__version__.split(".")[:2])
    tested = {version.strip() for version in entry.integration.tested_with.split(",")} - {""}
    if tested and ours not in tested:
        badges.append(("warn", f"Not tested with {ours}", "warn"))
    return tuple(badges)


def _category(entry: LoadedIntegration) -> str:
    category = entry.integration.category
    return category if category in CATEGORIES else "Other"


def _monogram(name: str) -> str:
    words: list[str] = re.findall(r"\w+", name)
    if len(words) == 1 and words[0].isupper():
        return words[0][:3]
    return "".join(w[0].upper() for w in words[:2]) if len(words) > 1 else name.strip()[:2]


def _fields(entry: LoadedIntegration) -> dict[str, list[str]]:
    about = entry.integration
    return {
        "name": fold(f"{about.name} {entry.slug}").split(),
        "alias": fold(" ".join(about.aliases)).split(),
        "vendor": fold(f"{about.vendor} {about.publisher}").split(),
        "summary": fold(about.summary).split(),
        "description": fold(about.description).split(),
    }


def _score(word: str, fields: Mapping[str, list[str]]) -> int:
    """Return how well one word is found: the place counts first, then how whole the match is."""
    best = 0
    for name, weight in _WEIGHTS:
        for candidate in fields[name]:
            best = max(best, weight * _closeness(word, candidate))
    return best


def _closeness(word: str, candidate: str) -> int:
    if word == candidate:
        return 8
    if candidate.startswith(word):
        return 6
    if len(word) >= 3 and word in candidate:
        return 4
    slips = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
    near = candidate[: len(word) + 1]
    return 2 if slips and min(_distance(word, candidate), _distance(word, near)) <= slips else 0


def _distance(a: str, b: str) -> int:
    """Count the letters to change, add, drop or swap with a neighbour to get from a to b."""
    if abs(len(a) - len(b)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(b, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
