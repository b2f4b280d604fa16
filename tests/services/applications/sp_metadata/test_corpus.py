"""Each shape of metadata has its expected result: taken, taken with notes, or refused."""

from pathlib import Path

import pytest
from ssoko.errors import MessageRefused
from ssoko.saml.sp_metadata.parse import parse_sp_metadata
from ssoko.services.applications.sp_metadata.fill_form import explain
from ssoko.text.certificates import read_pem

from .corpus import SHAPES
from .shapes import ACS, ENTITY

#: 28 Nov 2026.
NOW = 1_795_824_000

#: Name to the lines of its result; see :func:`result`.
EXPECTED = {
    lines[0]: lines[1:]
    for block in (Path(__file__).parent / "expected.txt").read_text("utf-8").split("\n\n")
    if (lines := block.strip().splitlines())
}


def result(document: bytes | str) -> list[str]:
    """Return what becomes of metadata: the values that are not the usual ones, and all notes."""
    try:
        found = parse_sp_metadata(document, now=NOW, accept_expired=True)
    except MessageRefused as refusal:
        return [f"refused: {explain(refusal, 'https://sso.example')}"]
    lines = []
    for sp in found.providers:
        lines.append("taken" if sp.entity_id == ENTITY else f"taken: {sp.entity_id}")
        values = {
            "name": sp.display_name,
            "ACS URLs": "" if sp.acs_urls == (ACS,) else _short(sp.acs_urls),
            "indexes": _short(str(index) for index, _ in sp.acs_indexes if index),
            "logout": _short(end.binding.rpartition(":")[2] for end in sp.slo_urls),
            "signing": _short(read_pem(pem).words for pem in sp.signing_certificates),
            "encryption": _short(read_pem(pem).words for pem in sp.encryption_certificates),
            "methods": _short(uri.rpartition("#")[2] for uri in sp.encryption_methods),
            "NameID": _short(sp.name_id_formats),
            "attributes": _short(one.name for one in sp.requested_attributes),
            "signed requests": "yes" if sp.authn_requests_signed else "",
            "expired": "yes" if sp.expired else "",
        }
        lines += [f"  {name}: {value}" for name, value in values.items() if value]
        lines += [f"  ! {warning}" for warning in sp.warnings]
        lines += [f"  - {part.what}: {part.why}" for part in sp.unused]
    return lines + [f"unusable: {one.entity_id}: {one.reason}" for one in found.unusable]


def _short(texts: object) -> str:
    listed = list(texts)  # type: ignore[call-overload]
    more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
    return ", ".join(listed[:4]) + more


@pytest.mark.parametrize("name", SHAPES)
def test_shape_has_its_expected_result(name: str) -> None:
    assert result(SHAPES[name]) == EXPECTED[name]


def test_every_expected_result_has_a_shape() -> None:
    assert list(EXPECTED) == list(SHAPES)
    assert len(SHAPES) >= 80


@pytest.mark.parametrize("name", ["ZIP of one file", "gzip", "UTF-16 LE with a byte order mark"])
def test_damaged_file_is_refused_without_a_fault(name: str) -> None:
    document = SHAPES[name]
    assert isinstance(document, bytes)
    for at in range(0, len(document), 3):
        for damaged in (document[:at], document[:at] + b"\xff\x00" + document[at + 2 :]):
            assert result(damaged)
