"""The plugin index over the API: included on request only."""

from dataclasses import replace

import pytest
from ssoko.plugin import Integration
from ssoko.plugin.host.index import IndexEntry, write_index
from ssoko.services.plugins.index import PluginIndex

from ..conftest import Api


def entry(slug: str, version: str) -> IndexEntry:
    return IndexEntry(
        slug=slug,
        distribution=f"ssoko-{slug}",
        version=version,
        about=Integration(name=slug.capitalize(), summary="Something to sign in to"),
        requires_core=">=0.1",
        sha256="ab" * 32,
    )


@pytest.fixture
def with_index(api: Api, tmp_path) -> Api:
    path = tmp_path / "index.json"
    path.write_bytes(write_index([entry("wiki", "99"), entry("chat", "1.5")]))
    app = api.client.application
    app.extensions["ssoko"] = replace(app.extensions["ssoko"], index=PluginIndex(path))
    return api


def test_the_index_is_left_out_unless_it_is_asked_for(with_index: Api) -> None:
    (wiki,) = with_index.items("/integrations")
    assert (wiki["slug"], wiki["on_server"], wiki["offer"]) == ("wiki", True, None)


def test_an_entry_of_the_index_says_what_to_install(with_index: Api) -> None:
    wiki, chat = with_index.items("/integrations?include=index")
    assert (wiki["on_server"], wiki["offer"]["version"]) == (True, "99")
    assert chat["on_server"] is False
    assert chat["offer"] == {
        "distribution": "ssoko-chat",
        "version": "1.5",
        "requires_core": ">=0.1",
        "tested_with": "",
        "sha256": "ab" * 32,
        "tier": None,
    }
    assert [one["slug"] for one in with_index.items("/integrations?include=index&vendor=CHAT")] == [
        "chat"
    ]


def test_what_else_to_include_is_refused(with_index: Api) -> None:
    answer = with_index("GET", "/integrations?include=everything")
    assert answer.status_code == 422
    assert answer.json["errors"] == {"include": ["Send index, or omit it."]}
