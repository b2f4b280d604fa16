"""Read and write the plugin index, and report invalid entries."""

import json
from typing import Any

import pytest
from ssoko.errors import InputError
from ssoko.plugin import Integration
from ssoko.plugin.host.index import MAX_BYTES, IndexEntry, read_index, write_index

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'
DIGEST = "0123456789abcdef" * 4
WIKI = IndexEntry(
    slug="wiki",
    distribution="ssoko-wiki",
    version="1.2.0",
    about=Integration(
        name="Wiki Étoile",
        summary="Write pages together with your team",
        description="Pages.\n\nAnd more pages.",
        vendor="Acme",
        category="Collaboration",
        homepage="https://wiki.example/sso",
        publisher="Acme Labs",
        logo=SVG,
        monogram="Wk",
        aliases=("pages", "notes"),
        requirements=("A paid plan",),
        tested_with="0.1, 0.2",
        opt_in=True,
    ),
    requires_core=">=0.1,<0.2",
    sha256=DIGEST,
    tier="gold",
)
CHAT = IndexEntry(
    slug="chat",
    distribution="acme_chat",
    version="2.0",
    about=Integration(name="Chat", summary="Talk to each other"),
    sha256=DIGEST,
)


def test_index_round_trip():
    assert read_index(write_index([WIKI, CHAT])) == {"wiki": WIKI, "chat": CHAT}


def test_same_entries_give_the_same_bytes():
    data = write_index([WIKI, CHAT])
    assert data == write_index([CHAT, WIKI])
    document = json.loads(data)
    assert document["format"] == 1
    assert [one["slug"] for one in document["integrations"]] == ["chat", "wiki"]
    assert "Étoile".encode() in data


def test_invalid_entry_is_not_written():
    about = Integration(name="Chat", summary="Talk", homepage="http://localhost/chat")
    entry = IndexEntry(slug="chat", distribution="c", version="1", about=about, sha256=DIGEST)
    with pytest.raises(InputError) as caught:
        write_index([entry])
    assert caught.value.errors == {"chat.homepage": ["Enter a URL that starts with https://"]}


def written(**changes: Any) -> bytes:
    """Return a file with one entry in which some fields were changed; None removes one."""
    document = json.loads(write_index([WIKI]))
    entry = document["integrations"][0] | changes
    document["integrations"] = [{k: v for k, v in entry.items() if v is not None}]
    return json.dumps(document).encode()


def test_unknown_fields_are_ignored_and_optional_ones_can_be_missing():
    data = written(color="green", aliases=None, logo=None, tier=None, description=None)
    entry = read_index(data)["wiki"]
    assert (entry.tier, entry.about.aliases, entry.about.logo) == ("", (), "")
    assert entry.about.name == "Wiki Étoile"


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"name": None}, "wiki.name"),
        ({"name": 7}, "wiki.name"),
        ({"name": "x" * 61}, "wiki.name"),
        ({"name": " "}, "wiki.name"),
        ({"name": "Wi\nki"}, "wiki.name"),
        ({"name": "Wi\u202eki"}, "wiki.name"),
        ({"summary": "x" * 201}, "wiki.summary"),
        ({"description": "x" * 4001}, "wiki.description"),
        ({"description": ["x"]}, "wiki.description"),
        ({"slug": "Wiki"}, "integrations.0.slug"),
        ({"slug": "wiki\n"}, "integrations.0.slug"),
        ({"slug": None}, "integrations.0.slug"),
        ({"distribution": "ssoko-wiki; rm -rf /"}, "wiki.distribution"),
        ({"distribution": "--index-url=https://evil.example"}, "wiki.distribution"),
        ({"version": "1.0 --pre"}, "wiki.version"),
        ({"version": "newest"}, "wiki.version"),
        ({"requires_core": "a lot"}, "wiki.requires_core"),
        ({"sha256": "0" * 63}, "wiki.sha256"),
        ({"sha256": "G" * 64}, "wiki.sha256"),
        ({"tier": "platinum"}, "wiki.tier"),
        ({"homepage": "javascript:alert(1)"}, "wiki.homepage"),
        ({"homepage": "http://wiki.example"}, "wiki.homepage"),
        ({"homepage": "https://user@wiki.example"}, "wiki.homepage"),
        ({"logo": SVG.replace("<path", "<script/><path")}, "wiki.logo"),
        ({"logo": "x" * 40_000}, "wiki.logo"),
        ({"aliases": "pages"}, "wiki.aliases"),
        ({"aliases": ["x"] * 31}, "wiki.aliases"),
        ({"aliases": ["x\ny"]}, "wiki.aliases.0"),
        ({"requirements": [{}]}, "wiki.requirements.0"),
        ({"opt_in": "perhaps"}, "wiki.opt_in"),
        ({"opt_in": []}, "wiki.opt_in"),
    ],
    ids=str,
)
def test_invalid_entry_is_reported_with_its_field(changes, at):
    with pytest.raises(InputError) as caught:
        read_index(written(**changes))
    ((field, (message,)),) = caught.value.errors.items()
    assert field == at
    assert message[0].isupper()
    assert "nvalid" not in message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{",
        b"[" * 100_000,
        b'{"format": 2, "integrations": []}',
        b'{"integrations": []}',
        b'{"format": 1}',
        b'{"format": 1, "integrations": {}}',
        b'{"format": 1, "integrations": [7]}',
        b'{"format": 1, "integrations": [], "note": "\\ud800"}',
        b'{"format": 1, "integrations": []}' + b" " * MAX_BYTES,
        json.dumps({"format": 1, "integrations": [json.loads(written())["integrations"][0]] * 2}),
    ],
    ids=lambda data: str(data[:40]),
)
def test_other_files_are_refused(data):
    with pytest.raises(InputError):
        read_index(data.encode() if isinstance(data, str) else data)


def test_entry_compares_core_and_plugin_versions():
    assert WIKI.fits("0.1.0")
    assert WIKI.fits("0.1.1rc1")
    assert not WIKI.fits("0.2.0")
    assert CHAT.fits("9.9")
    assert WIKI.is_newer_than("Ssoko_Wiki", "1.1.9")
    assert WIKI.is_newer_than("ssoko-wiki", "1.2.0rc1")
    assert not WIKI.is_newer_than("ssoko-wiki", "1.2")
    assert not WIKI.is_newer_than("another-wiki", "1.0")
    assert not WIKI.is_newer_than("ssoko-wiki", "")
    assert WIKI.pip_command == "pip install ssoko-wiki==1.2.0"
