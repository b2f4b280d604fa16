"""The parts of an update, and which of them weaken security."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ssoko.plugin import Mapping, ServiceProvider
from ssoko.plugin.host.record import mappers_to_json, service_provider_to_json
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.upgrades.parts import Part, parts_of

BEFORE = ServiceProvider(
    entity_id="urn:sp",
    acs_urls=("https://a.test/acs", "https://b.test/acs"),
    require_signed_requests=True,
    encrypt_assertions=True,
    certificates=("one", "two"),
    encryption_certificates=("three",),
)


def snapshot(provider: ServiceProvider, *mappers: Mapping) -> Snapshot:
    return Snapshot(
        service_provider=service_provider_to_json(provider),
        mappers=mappers_to_json(mappers),
        default_role={"name": "r", "description": ""},
        metadata_fields=[],
        guide="",
        vendor="V",
        monogram="V",
        adds_attributes=False,
    )


def parts(before: Snapshot, new: Snapshot) -> dict[str, Part]:
    row = SimpleNamespace(
        name="App",
        overrides={},
        service_provider=before.service_provider,
        mappers=before.mappers,
    )
    role = SimpleNamespace(name="r", description="")
    return {part.name: part for part in parts_of(row, role, before, new, {})}


@pytest.mark.parametrize(
    "change",
    [
        {"sign_response": False},
        {"sign_assertion": False},
        {"require_signed_requests": False},
        {"encrypt_assertions": False},
        {"encryption_method": "aes256-cbc"},
        {"certificates": ("one", "two", "strange")},
        {"certificates": ()},
        {"encryption_certificates": ("strange",)},
        {"encryption_certificates": ()},
        {"acs_urls": ("https://a.test/acs", "https://b.test/acs", "https://c.test/acs")},
        {"acs_urls": ("https://c.test/acs",)},
        {"acs_indexes": ((1, "https://c.test/acs"),)},
        {"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
        {"name_id_source": "user.username"},
    ],
    ids=str,
)
def test_weaker_security_is_a_separate_part(change: dict[str, Any]) -> None:
    found = parts(snapshot(BEFORE), snapshot(replace(BEFORE, **change)))
    assert list(found) == ["protection"]
    assert found["protection"].careful
    assert all(one.caution for one in found["protection"].changes)


@pytest.mark.parametrize(
    "change",
    [
        {"certificates": ("two",)},
        {"acs_urls": ("https://b.test/acs",)},
        {"acs_indexes": ((1, "https://b.test/acs"),)},
        {"encryption_method": "aes128-gcm"},
        {"lifetime": 120},
        {"slo_url": "https://a.test/slo"},
        {"relay_state": "home"},
    ],
    ids=str,
)
def test_other_parts_are_preselected(change: dict[str, Any]) -> None:
    found = parts(snapshot(BEFORE), snapshot(replace(BEFORE, **change)))
    assert list(found) == ["service_provider"]
    assert not found["service_provider"].careful


def test_more_protection_gives_nothing_up() -> None:
    weak = replace(BEFORE, require_signed_requests=False, sign_response=False, certificates=())
    found = parts(snapshot(weak), snapshot(replace(BEFORE, encrypt_assertions=True)))
    assert list(found) == ["service_provider"]


def test_another_entity_id_of_the_other_side_stays_out() -> None:
    found = parts(snapshot(BEFORE), snapshot(replace(BEFORE, entity_id="urn:other")))
    (one,) = found["service_provider"].stays
    assert (one.name, found["service_provider"].changes) == ("entity_id", ())


def test_newly_required_mapper_is_not_preselected() -> None:
    mail = Mapping(name="mail", source="user.email")
    found = parts(snapshot(BEFORE, mail), snapshot(BEFORE, replace(mail, required=True)))
    assert found["mappers"].careful
    assert "would be refused" in found["mappers"].changes[0].caution


def test_order_of_mappers_is_a_difference() -> None:
    one, other = (Mapping(name=name, source="user.id") for name in ("a", "b"))
    found = parts(snapshot(BEFORE, one, other), snapshot(BEFORE, other, one))
    assert found["mappers"].changes[0].words == "Order: a, b → b, a"
