"""Acme: REPLACE with what people sign in to."""

from ssoko.plugin import (
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    ServiceProvider,
    Settings,
    checks,
    fields,
    hookimpl,
)

__version__ = "0.1.0"


class InstallForm(fields.Form):
    """The values that an admin copies from Acme."""

    acs_url = fields.Text(
        required=True,
        validate=checks.check_url,
        label="ACS URL",
        help="REPLACE with Acme's name for it",
        placeholder="https://acme.example.com/saml/acs",
        where_to_find="REPLACE with the menu path at Acme",
    )
    entity_id = fields.Text(
        required=True,
        validate=checks.check_entity_id,
        label="Entity ID",
        help="REPLACE with Acme's name for it",
        placeholder="https://acme.example.com/saml/metadata",
        where_to_find="REPLACE with the menu path at Acme",
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Acme",
        summary="REPLACE with what users can do, in 20 to 80 characters",
        vendor="Acme",
        category="Other",
        publisher="REPLACE with your name",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="metadata",
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="login_endpoint", paste_into="REPLACE with Acme's name for it"),
        MetadataField(key="entity_id", paste_into="REPLACE with Acme's name for it"),
        MetadataField(key="certificate", paste_into="REPLACE with Acme's name for it"),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["entity_id"],
        acs_urls=(settings["acs_url"],),
        name_id_format=NameIdFormat.EMAIL,
        name_id_source="user.email",
    )


@hookimpl
def attribute_mappings() -> tuple[Mapping, ...]:
    return (
        Mapping(name="firstName", source="user.first_name", label="First name"),
        Mapping(name="lastName", source="user.last_name", label="Last name"),
    )
