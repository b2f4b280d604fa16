"""What is told of each plugin, and what a restart would change."""

from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest
import ssoko_zoom
from ssoko.plugin.host.on_disk import Claim, claims
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.host.tested import is_tested
from ssoko.services.plugins.inventory import Inventory, PluginView


def claim(slug: str = "zoom", version: str = "1.0", distribution: str = "ssoko-zoom") -> Claim:
    nowhere = PathDistribution(Path("/nowhere/at-all.dist-info"))
    point = EntryPoint(slug, "ssoko_zoom", "ssoko.integrations")
    return Claim(slug, distribution, version, nowhere, point)


def raising() -> object:
    raise ImportError("gone")


LOADED = PluginSource("zoom", lambda: ssoko_zoom, "ssoko-zoom", "1.0")
BROKEN = PluginSource("zoom", raising, "ssoko-zoom", "1.0")
OTHER = PluginSource("zoom", raising, "ssoko-other", "2.0")


def told(
    *sources: PluginSource,
    here: tuple[Claim, ...] = (),
    disabled: frozenset[str] = frozenset(),
    later: frozenset[str] | None = None,
    only: frozenset[str] | None = None,
) -> list[PluginView]:
    registry = Registry.load(sources, only=only, disabled=disabled)
    return list(Inventory(lambda: here).states(registry, later))


def restart(*sources: PluginSource, **more: object) -> list[tuple[str, str]]:
    return [(one.state, one.restart) for one in told(*sources, **more)]


ZOOM = frozenset({"zoom"})


@pytest.mark.parametrize(
    ("sources", "more", "said"),
    [
        ([LOADED], {"here": (claim(),)}, ("loaded", "")),
        ([LOADED], {}, ("loaded", "uninstalled, restart to remove")),
        ([LOADED], {"here": (claim(version="1.1"),)}, ("loaded", "1.1 found, restart to activate")),
        (
            [LOADED],
            {"here": (claim(distribution="ssoko-new"),)},
            ("loaded", "uninstalled, restart to remove"),
        ),
        (
            [LOADED],
            {"here": (claim(), claim(distribution="b"))},
            ("loaded", "ssoko-zoom 1.0 and b 1.0 both claim it; after a restart neither is loaded"),
        ),
        (
            [LOADED],
            {"here": (claim(),), "later": ZOOM},
            ("loaded", "disabled in ssoko.toml, restart to apply"),
        ),
        ([LOADED], {"here": (claim(),), "disabled": ZOOM}, ("disabled", "")),
        (
            [LOADED],
            {"here": (claim(),), "disabled": ZOOM, "later": frozenset()},
            ("disabled", "enabled, restart to activate"),
        ),
        ([LOADED], {"here": (claim(),), "only": frozenset()}, ("skipped", "")),
        ([LOADED], {"disabled": ZOOM}, ("disabled", "")),
        ([BROKEN], {"here": (claim(),)}, ("broken", "")),
        ([BROKEN], {}, ("broken", "uninstalled, restart to remove")),
        ([BROKEN], {"here": (claim(version="1.1"),)}, ("broken", "1.1 found, restart to activate")),
        ([], {"here": (claim(),)}, ("found", "restart to activate")),
        (
            [],
            {"here": (claim(),), "only": frozenset({"aws"})},
            ("found", "not named in SSOKO_PLUGINS; a restart leaves it out"),
        ),
        (
            [],
            {"here": (claim(),), "later": ZOOM},
            ("found", "disabled in ssoko.toml, a restart leaves it out"),
        ),
    ],
)  # fmt: skip
def test_what_a_restart_would_change_is_said(sources, more, said) -> None:
    assert restart(*sources, **more) == [said]


def test_when_one_of_two_claims_is_gone_a_restart_helps() -> None:
    assert restart(LOADED, OTHER, here=(claim(),)) == [
        ("broken", "uninstalled, restart to remove"),
        ("broken", "nobody else claims it any more, restart to activate"),
    ]


def test_a_plugin_that_is_read_gets_a_tier_and_a_source() -> None:
    (entry,) = [one for one in claims() if one.slug == "zoom"]
    source = PluginSource("zoom", entry.load, entry.distribution, entry.version)
    (zoom,) = told(source, here=(entry,))
    assert zoom.origin is not None
    assert zoom.tier == "gold"
    assert not zoom.short_of
    assert zoom.publisher == "Ssoko"
    assert zoom.tested is True


def test_no_tier_is_given_to_what_cannot_be_read() -> None:
    (zoom,) = told(LOADED, here=(claim(),))
    assert zoom.tier is None
    assert zoom.origin is not None
    assert zoom.origin.kind == "unknown"


@pytest.mark.parametrize(
    ("said", "good"), [("", None), (" , ", None), ("0.1", True), ("0.2, 0.1.3", True), ("9", False)]
)
def test_the_tested_range_is_held_against_this_version(said: str, good: bool | None) -> None:
    assert is_tested(said) is good
