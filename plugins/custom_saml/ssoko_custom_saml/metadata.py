"""Turn a service provider's metadata into values of the install form."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError
from ssoko.plugin import LogoutEndpoint, NameIdFormat, RequestedAttribute, VendorMetadata, checks

from ssoko_custom_saml.form import ENCRYPTION_METHODS

#: Last part of an attribute's usual names, in lowercase, to the source of its value.
_SOURCES = {
    "mail": "user.email",
    "email": "user.email",
    "emailaddress": "user.email",
    "urn:oid:0.9.2342.19200300.100.1.3": "user.email",
    "uid": "user.username",
    "username": "user.username",
    "urn:oid:0.9.2342.19200300.100.1.1": "user.username",
    "givenname": "user.first_name",
    "firstname": "user.first_name",
    "first_name": "user.first_name",
    "urn:oid:2.5.4.42": "user.first_name",
    "sn": "user.last_name",
    "surname": "user.last_name",
    "lastname": "user.last_name",
    "last_name": "user.last_name",
    "urn:oid:2.5.4.4": "user.last_name",
    "cn": "user.display_name",
    "name": "user.display_name",
    "displayname": "user.display_name",
    "urn:oid:2.5.4.3": "user.display_name",
    "urn:oid:2.16.840.1.113730.3.1.241": "user.display_name",
    "groups": "user.groups",
    "memberof": "user.groups",
    "roles": "user.roles",
}
_USUAL_FORMATS = (
    NameIdFormat.UNSPECIFIED,
    NameIdFormat.EMAIL,
    NameIdFormat.PERSISTENT,
    NameIdFormat.TRANSIENT,
)
_NAME_FORMATS = {
    "urn:oasis:names:tc:SAML:2.0:attrname-format:basic": "basic",
    "urn:oasis:names:tc:SAML:2.0:attrname-format:uri": "uri",
    "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified": "unspecified",
}


def read(metadata: VendorMetadata, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the metadata, and an empty value where it has none."""
    slo = _logout(metadata.slo, settings.get("logout_binding", "redirect"))
    values: dict[str, Any] = {
        "entity_id": metadata.entity_id,
        "acs_urls": list(metadata.acs_urls),
        "sign_assertion": metadata.want_assertions_signed,
        "require_signed_requests": metadata.authn_requests_signed and bool(metadata.certificates),
        "certificates": list(metadata.certificates),
        "encryption_certificates": list(metadata.encryption_certificates),
        "logout_url": slo.url if slo else "",
        "logout_response_url": slo.response_url if slo and slo.response_url != slo.url else "",
        "acs_indexes": _indexes(metadata),
        "attributes": _attributes(metadata.requested_attributes),
    }
    if method := _encryption_method(metadata.encryption_methods, settings):
        values["encryption_method"] = method
    if slo:
        values["logout_binding"] = slo.binding
    if name_id_format := _name_id_format(metadata.name_id_formats, settings):
        values["name_id_format"] = name_id_format
    return values


def _name_id_format(offered: tuple[str, ...], settings: Mapping[str, Any]) -> str:
    """Return the recorded format if the vendor offers it, or the vendor's first one.

    A vendor that offers several formats, among them ``unspecified``, chooses one with each request.
    """
    valid = [uri for uri in offered if _is_format(uri)]
    if settings.get("name_id_format") in valid:
        return str(settings["name_id_format"])
    usual = [uri for uri in valid if uri in _USUAL_FORMATS]
    if len(usual) > 2 and NameIdFormat.UNSPECIFIED in usual:
        return NameIdFormat.UNSPECIFIED.value
    return next(iter((*usual, *valid)), "")


def _is_format(uri: str) -> bool:
    try:
        checks.check_name_id_format(uri)
    except ValidationError:
        return False
    return True


def _encryption_method(offered: tuple[str, ...], settings: Mapping[str, Any]) -> str:
    """Return the strongest method that the vendor offers.

    A refresh never replaces GCM, which protects encrypted assertions, by CBC.
    """
    recorded = settings.get("encryption_method", "")
    best = next((method for method in ENCRYPTION_METHODS if method in offered), "")
    if settings.get("encrypt_assertions") and best.endswith("cbc") and recorded.endswith("gcm"):
        return str(recorded)
    return str(recorded) if recorded in offered and settings.get("encrypt_assertions") else best


def _logout(endpoints: tuple[LogoutEndpoint, ...], binding: str) -> LogoutEndpoint | None:
    same = [endpoint for endpoint in endpoints if endpoint.binding == binding]
    return (*same, *endpoints, None)[0]


def _indexes(metadata: VendorMetadata) -> list[str]:
    # The default: numbered from 0 in the order of the ACS URLs.
    if metadata.acs_indexes == tuple(enumerate(metadata.acs_urls)):
        return []
    return [f"{index} {url}" for index, url in metadata.acs_indexes]


def _attributes(requested: tuple[RequestedAttribute, ...]) -> list[dict[str, str]]:
    """Return a row for each attribute, without duplicates and without invalid names."""
    rows: dict[str, dict[str, str]] = {}
    for attribute in requested:
        rows.setdefault(attribute.name, _attribute(attribute))
    return [row for row in rows.values() if _is_valid(row)]


def _attribute(requested: RequestedAttribute) -> dict[str, str]:
    return {
        "name": requested.name,
        "name_format": _NAME_FORMATS.get(requested.name_format, requested.name_format)
        or "unspecified",
        "source": _source(requested),
    }


def _source(requested: RequestedAttribute) -> str:
    """Return the likely source, or a user attribute of the same name."""
    last = requested.name.rpartition("/")[2]
    for name in (requested.friendly_name, requested.name, last):
        if source := _SOURCES.get(name.lower()):
            return source
    key = (requested.friendly_name or last).replace(" ", "_").strip(".")
    return f"user.attributes.{key[:64]}"


def _is_valid(row: dict[str, str]) -> bool:
    try:
        checks.check_attribute_name(row["name"])
        checks.check_name_format(row["name_format"])
        checks.check_source(row["source"])
    except ValidationError:
        return False
    return True
