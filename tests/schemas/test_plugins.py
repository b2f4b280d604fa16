"""The JSON of plugins."""

from dataclasses import replace

from ssoko.plugin.host.origin import Origin
from ssoko.schemas.plugins import PluginSchema
from ssoko.services.plugins.inventory import PluginView

PLUGIN = PluginView(
    slug="wiki",
    state="loaded",
    origin=Origin("modified", "/srv/wiki", tuple(f"{n}.py" for n in range(9))),
    short_of=(("icon", "Add a logo"),),
    seconds=0.12345,
    applications=2,
)


def test_a_plugin_shows_where_it_came_from_and_some_changed_files() -> None:
    shown = PluginSchema().dump(PLUGIN)
    assert (shown["source"], shown["source_url"]) == ("modified", "/srv/wiki")
    assert shown["changed_files"] == ["0.py", "1.py", "2.py", "3.py", "4.py"]


def test_a_plugin_that_is_not_installed_has_no_source() -> None:
    shown = PluginSchema().dump(replace(PLUGIN, origin=None))
    assert (shown["source"], shown["source_url"], shown["changed_files"]) == (None, "", [])


def test_a_plugin_shows_what_is_missing_for_the_next_tier() -> None:
    shown = PluginSchema().dump(PLUGIN)
    assert shown["tier_short_of"] == [{"rule": "icon", "message": "Add a logo"}]
    assert (shown["tier"], shown["load_seconds"], shown["applications"]) == (None, 0.123, 2)
