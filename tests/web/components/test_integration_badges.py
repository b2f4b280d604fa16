"""The badges of an integration's card."""

from dataclasses import replace

import pytest
from ssoko.plugin import Integration
from ssoko.plugin.host.index import IndexEntry
from ssoko.services.marketplace.catalog import IntegrationCard
from ssoko.web.components.integration_badges import badges_of

CARD = IntegrationCard(
    slug="zoom",
    name="Zoom",
    summary="Meetings",
    vendor="Zoom",
    category="Collaboration",
    publisher="",
    monogram="Zo",
    logo="",
    installed=0,
    tested=None,
    aliases=(),
)


def offer(core: str = "") -> IndexEntry:
    return IndexEntry(
        slug="zoom",
        distribution="ssoko-zoom",
        version="0.3",
        about=Integration(name="Zoom", summary="Meetings"),
        requires_core=core,
        sha256="0" * 64,
    )


@pytest.mark.parametrize(
    ("values", "badges"),
    [
        ({}, ()),
        ({"installed": 1}, (("ok", "Installed", "ok"),)),
        ({"installed": 2}, (("ok", "Installed 2 times", "ok"),)),
        ({"tested": True}, ()),
        ({"tested": False}, (("warn", "Not tested with 0.1", "warn"),)),
        ({"offer": offer()}, (("download", "0.3 available", "now"),)),
        ({"offer": offer(">=7")}, ()),
        ({"on_server": False, "offer": offer()}, (("download", "Not on this server", ""),)),
        (
            {"on_server": False, "offer": offer(">=7")},
            (
                ("download", "Not on this server", ""),
                ("warn", "Needs another Ssoko version", "warn"),
            ),
        ),
    ],
)
def test_badges_show_state_newer_version_and_compatibility(values, badges):
    assert badges_of(replace(CARD, **values)) == badges
