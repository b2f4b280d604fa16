"""``ssoko metadata`` shows what would be used of a file, and what would not."""

import base64
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ssoko.cli import cli

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
XML = (
    f'<md:EntityDescriptor xmlns:md="{MD}" entityID="urn:wiki"><md:SPSSODescriptor '
    'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    f'<md:AssertionConsumerService Binding="{POST}" Location="https://wiki.example/acs"/>'
    f'<md:AssertionConsumerService Binding="{POST}" Location="http://wiki.example/acs"/>'
    "</md:SPSSODescriptor></md:EntityDescriptor>"
)


@pytest.fixture
def site(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the data directory of a site."""
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    monkeypatch.setenv("SSOKO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SSOKO_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("SSOKO_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    return tmp_path


def run(site: Path, content: bytes, *options: str) -> Result:
    path = site / "sp.xml"
    path.write_bytes(content)
    return CliRunner().invoke(cli, ["metadata", str(path), *options])


def test_lines_say_what_is_used_and_what_is_not(site: Path) -> None:
    done = run(site, XML.encode("utf-16"))
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "urn:wiki",
        "  ACS URL: https://wiki.example/acs",
        "  Not used: ACS URL http://wiki.example/acs with HTTP-POST: Use https; http is accepted "
        "for this machine (localhost) only",
    ]


def test_json_is_that_of_the_api(site: Path) -> None:
    answer = json.loads(run(site, XML.encode(), "--json").stdout)
    assert answer["items"][0]["entity_id"] == "urn:wiki"
    assert answer["items"][0]["unused"][0]["what"].startswith("ACS URL http://")
    assert (answer["unusable"], answer["next"]) == ([], None)


def test_other_file_is_refused_with_what_it_is(site: Path) -> None:
    done = run(site, b"<!doctype html><title>Sign in</title>")
    assert done.exit_code == 1
    assert "HTML page with the title \u201cSign in\u201d" in done.stderr


def test_missing_signature_is_an_error_where_it_is_required(site: Path) -> None:
    certificate = site / "c.pem"
    certificate.write_text("nonsense")
    done = run(site, XML.encode(), "--certificate", str(certificate))
    assert done.exit_code == 1
    assert "BEGIN CERTIFICATE" in done.stderr
