"""The JSON of service providers and their metadata."""

from dataclasses import fields

from ssoko.plugin import Mapping, ServiceProvider
from ssoko.plugin.host.record import service_provider_to_json
from ssoko.saml import names
from ssoko.saml.sp_metadata.values import SloEndpoint, SpMetadata
from ssoko.schemas.applications import MapperSchema, ServiceProviderSchema, SpMetadataSchema

METADATA = SpMetadata(
    entity_id="https://sp.test/",
    acs_urls=("https://sp.test/acs", "https://sp.test/other"),
    acs_indexes=((0, "https://sp.test/acs"), (7, "https://sp.test/other")),
    slo_urls=(SloEndpoint(names.BINDING_POST, "https://sp.test/slo", "https://sp.test/done"),),
    signing_certificates=("PEM 1",),
    encryption_certificates=("PEM 2",),
    valid_until=0,
)


def test_a_service_provider_is_shown_as_it_is_recorded() -> None:
    sp = ServiceProvider(
        entity_id="sp", acs_urls=("https://sp.test/acs",), acs_indexes=((3, "https://sp.test/acs"),)
    )
    shown = ServiceProviderSchema().dump(sp)
    assert shown == service_provider_to_json(sp) | {"acs_indexes": [(3, "https://sp.test/acs")]}


def test_a_mapper_has_all_fields_of_a_mapping() -> None:
    assert set(MapperSchema().fields) == {field.name for field in fields(Mapping)}


def test_metadata_has_indexes_endpoints_and_certificates_as_objects() -> None:
    shown = SpMetadataSchema().dump(METADATA)
    assert shown["acs_indexes"][1] == {"index": 7, "url": "https://sp.test/other"}
    assert shown["certificates"] == {"signing": ["PEM 1"], "encryption": ["PEM 2"]}
    assert shown["slo"] == [
        {"binding": "post", "url": "https://sp.test/slo", "response_url": "https://sp.test/done"}
    ]
    assert shown["valid_until"] == "1970-01-01T00:00:00Z"
