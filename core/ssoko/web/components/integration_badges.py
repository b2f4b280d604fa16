"""The badges of an integration's card."""

import ssoko
from ssoko.plugin.host.tested import this_version
from ssoko.services.marketplace.catalog import IntegrationCard

#: Icon, label and kind; the kind is ``ok``, ``warn``, ``now`` or empty.
Badge = tuple[str, str, str]


def badges_of(card: IntegrationCard) -> tuple[Badge, ...]:
    """Return the badges of a card, three at most."""
    badges = []
    if card.installed:
        times = "" if card.installed == 1 else f" {card.installed} times"
        badges.append(("ok", f"Installed{times}", "ok"))
    fits = card.offer is None or card.offer.fits(ssoko.__version__)
    if not card.on_server:
        badges.append(("download", "Not on this server", ""))
        if not fits:
            badges.append(("warn", "Needs another Ssoko version", "warn"))
        return tuple(badges)
    if card.offer and fits:
        badges.append(("download", f"{card.offer.version} available", "now"))
    if card.tested is False:
        badges.append(("warn", f"Not tested with {this_version()}", "warn"))
    return tuple(badges)
