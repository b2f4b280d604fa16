"""The pytest plugin: ``--ssoko-plugin``, and fixtures for an author's own tests.

pytest loads this module in every run, so it imports nothing of Ssoko before a fixture is used.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ssoko.plugin.conformance.site import SiteFixture


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("ssoko", "plugins of Ssoko")
    group.addoption("--ssoko-plugin", metavar="SLUG", help="the installed plugin to test")
    group.addoption(
        "--ssoko-settings",
        metavar="FILE",
        help="JSON with answers to its install form, in place of the placeholders",
    )


@pytest.fixture(scope="session")
def ssoko_slug(request: pytest.FixtureRequest) -> str:
    """Slug of the plugin under test; overwrite it, or give ``--ssoko-plugin``."""
    slug = request.config.getoption("--ssoko-plugin")
    if not slug:
        raise pytest.UsageError("name the plugin to test: --ssoko-plugin SLUG")
    return str(slug)


@pytest.fixture(scope="session")
def ssoko_source(ssoko_slug: str) -> Any:
    """Where the installed plugin comes from."""
    from ssoko.plugin.host.registry import installed_sources

    sources = installed_sources()
    found = [source for source in sources if source.slug == ssoko_slug]
    if len(found) != 1:
        there = ", ".join(sorted({source.slug for source in sources})) or "none"
        raise pytest.UsageError(
            f"{len(found)} installed plugins have the slug {ssoko_slug}; there are: {there}"
        )
    return found[0]


@pytest.fixture(scope="session")
def ssoko_settings(request: pytest.FixtureRequest, ssoko_source: Any) -> dict[str, Any]:
    """Answers to the install form: those of ``--ssoko-settings``, or made of placeholders."""
    from ssoko.plugin.host.registry import Registry
    from ssoko.plugin.tools.rules.sample import sample_settings

    if path := request.config.getoption("--ssoko-settings"):
        given: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
        return given
    loaded = Registry.load([ssoko_source], opt_in=frozenset({ssoko_source.slug}))
    entry = loaded.get(ssoko_source.slug)
    return sample_settings(entry.form) if entry else {}


@pytest.fixture
def ssoko_site(tmp_path: Path, ssoko_source: Any) -> "Iterator[SiteFixture]":
    """A whole Ssoko over a temporary database, with the plugin in it and one person."""
    from ssoko.plugin.conformance.site import open_site

    with open_site(tmp_path, ssoko_source) as site:
        yield site
