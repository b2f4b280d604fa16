"""The state of each plugin, and what a restart would change."""

from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest
import ssoko_zoom
from ssoko.plugin.host.on_disk import Claim, claims
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.host.tested import is_tested
from ssoko.services.plugins.inventory import (
    Inventory,
    PluginView,
    without_server_details,
)


def claim(slug: str = "zoom", version: str = "1.0", distribution: str = "ssoko-zoom") -> Claim:
    nowhere = PathDistribution(Path("/nowhere/at-all.dist-info"))
    point = EntryPoint(slug, "ssoko_zoom", "ssoko.integrations")
    return Claim(slug, distribution, version, nowhere, point)


def raising() -> object:
    raise ImportError("gone")


LOADED = PluginSource("zoom", lambda: ssoko_zoom, "ssoko-zoom", "1.0")
BROKEN = PluginSource("zoom", raising, "ssoko-zoom", "1.0")
OTHER = PluginSource("zoom", raising, "ssoko-other", "2.0")


def list_states(
    *sources: PluginSource,
    here: tuple[Claim, ...] = (),
    disabled: frozenset[str] = frozenset(),
    later: frozenset[str] | None = None,
    only: frozenset[str] | None = None,
) -> list[PluginView]:
    registry = Registry.load(sources, only=only, disabled=disabled)
    return list(Inventory(lambda: here).states(registry, later))


def restart(*sources: PluginSource, **more: object) -> list[tuple[str, str]]:
    return [
        (entry_point.state, entry_point.restart) for entry_point in list_states(*sources, **more)
    ]


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
            (
                "loaded",
                "provided by both ssoko-zoom 1.0 and b 1.0; neither is loaded after a restart",
            ),
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
            ("found", "not named in SSOKO_PLUGINS; not loaded after a restart"),
        ),
        (
            [],
            {"here": (claim(),), "later": ZOOM},
            ("found", "disabled in ssoko.toml, not loaded after a restart"),
        ),
    ],
)  # fmt: skip
def test_restart_text_tells_what_changes(sources, more, said) -> None:
    assert restart(*sources, **more) == [said]


def test_restart_activates_a_plugin_that_is_no_longer_duplicate() -> None:
    assert restart(LOADED, OTHER, here=(claim(),)) == [
        ("broken", "uninstalled, restart to remove"),
        ("broken", "provided by one distribution now, restart to activate"),
    ]


def test_loaded_plugin_has_tier_and_source() -> None:
    (entry,) = [entry_point for entry_point in claims() if entry_point.slug == "zoom"]
    source = PluginSource("zoom", entry.load, entry.distribution, entry.version)
    (zoom,) = list_states(source, here=(entry,))
    assert zoom.origin is not None
    assert zoom.tier == "gold"
    assert not zoom.short_of
    assert zoom.publisher == "Ssoko"
    assert zoom.tested is True


def test_unreadable_plugin_has_no_tier() -> None:
    (zoom,) = list_states(LOADED, here=(claim(),))
    assert zoom.tier is None
    assert zoom.origin is not None
    assert zoom.origin.kind == "unknown"


@pytest.mark.parametrize(
    ("said", "good"), [("", None), (" , ", None), ("0.1", True), ("0.2, 0.1.3", True), ("9", False)]
)
def test_tested_range_is_compared_with_this_version(said: str, good: bool | None) -> None:
    assert is_tested(said) is good


def test_admins_of_a_workspace_see_no_traceback():
    (plugin,) = list_states(BROKEN)
    assert plugin.traceback
    seen = without_server_details(plugin)
    assert (seen.traceback, seen.stage, seen.state) == ("", plugin.stage, plugin.state)
