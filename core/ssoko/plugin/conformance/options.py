"""The pytest plugin: ``--ssoko-plugin``, and fixtures for an author's own tests.

pytest loads this module in every run, so Ssoko is imported only when a fixture is used.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ssoko.plugin.conformance.site import ConformanceSite


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("ssoko", "Ssoko plugins")
    group.addoption("--ssoko-plugin", metavar="SLUG", help="the installed plugin to test")
    group.addoption(
        "--ssoko-settings",
        metavar="FILE",
        help="JSON with values of its install form, instead of the placeholders",
    )


@pytest.fixture(scope="session")
def ssoko_slug(request: pytest.FixtureRequest) -> str:
    """Slug of the plugin under test; override this fixture, or use ``--ssoko-plugin``."""
    slug = request.config.getoption("--ssoko-plugin")
    if not slug:
        raise pytest.UsageError("choose the plugin to test: --ssoko-plugin SLUG")
    return str(slug)


@pytest.fixture(scope="session")
def ssoko_source(ssoko_slug: str) -> Any:
    """The entry point of the installed plugin."""
    from ssoko.plugin.host.registry import installed_sources

    sources = installed_sources()
    matching = [source for source in sources if source.slug == ssoko_slug]
    if len(matching) != 1:
        slugs = ", ".join(sorted({source.slug for source in sources})) or "none"
        raise pytest.UsageError(
            f"{len(matching)} installed plugins have the slug {ssoko_slug}. Installed: {slugs}"
        )
    return matching[0]


@pytest.fixture(scope="session")
def ssoko_settings(request: pytest.FixtureRequest, ssoko_source: Any) -> dict[str, Any]:
    """Values of the install form: those of ``--ssoko-settings``, or the placeholders."""
    from ssoko.plugin.host.registry import Registry
    from ssoko.plugin.tools.rules.sample import sample_settings

    if path := request.config.getoption("--ssoko-settings"):
        settings: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
        return settings
    loaded = Registry.load([ssoko_source], opt_in=frozenset({ssoko_source.slug}))
    entry = loaded.get(ssoko_source.slug)
    return sample_settings(entry.form) if entry else {}


@pytest.fixture
def ssoko_site(tmp_path: Path, ssoko_source: Any) -> "Iterator[ConformanceSite]":
    """A complete Ssoko with a temporary database, the plugin and one user."""
    from ssoko.plugin.conformance.site import open_site

    with open_site(tmp_path, ssoko_source) as site:
        yield site
