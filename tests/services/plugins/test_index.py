"""The plugin index of a running site: read again after it changes; errors are reported."""

import hashlib
import os

import pytest
from ssoko.plugin import Integration
from ssoko.plugin.host.index import IndexEntry, write_index
from ssoko.services.plugins.index import PluginIndex


def index_of(*slugs: str) -> bytes:
    return write_index(
        IndexEntry(
            slug=slug,
            distribution=f"ssoko-{slug}",
            version="1.0",
            about=Integration(name=slug.capitalize(), summary="Something to sign in to"),
            sha256=hashlib.sha256(slug.encode()).hexdigest(),
        )
        for slug in slugs
    )


def test_without_path_the_index_is_empty_without_problem():
    state = PluginIndex().read()
    assert (state.entries, state.problem) == ({}, "")


def test_index_file_is_read_again_only_after_a_change(tmp_path):
    path = tmp_path / "index.json"
    path.write_bytes(index_of("wiki"))
    index = PluginIndex(path)
    first = index.read()
    assert list(first.entries) == ["wiki"]
    assert index.read() is first
    fresh = tmp_path / "fresh"
    fresh.write_bytes(index_of("chat"))
    fresh.replace(path)
    assert list(index.read().entries) == ["chat"]


def test_broken_index_is_a_problem_and_logs_one_warning_until_fixed(tmp_path, caplog):
    path = tmp_path / "index.json"
    path.write_text('{"format": 7}')
    index = PluginIndex(path)
    for _ in range(3):
        state = index.read()
    assert state.entries == {}
    assert state.problem.startswith("format: This version of Ssoko reads format 1")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(path) in caplog.text
    path.write_bytes(index_of("wiki"))
    assert index.read().problem == ""
    assert list(index.read().entries) == ["wiki"]


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "unreadable"])
def test_unreadable_index_path_is_a_problem(tmp_path, kind):
    path = tmp_path / "index.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "unreadable":
        path.symlink_to(path)
    state = PluginIndex(path).read()
    assert state.entries == {}
    assert state.problem
    assert str(path) not in state.problem
