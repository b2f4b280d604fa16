"""The SAML metadata of a service provider, as plugins get it."""

from dataclasses import dataclass
from typing import Literal

from ssoko.plugin.typecheck import Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutEndpoint(Checked):
    """A single logout endpoint of the vendor; logout responses are sent to *response_url*."""

    binding: Literal["redirect", "post"]
    url: str
    response_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAttribute(Checked):
    """An attribute that the vendor requests.

    :param name_format: URI, or empty when the metadata has none.
    """

    name: str
    name_format: str = ""
    friendly_name: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorMetadata(Checked):
    """One service provider of a metadata file (OASIS metadata, 2.4.4), parsed and validated.

    :param acs_urls: for HTTP-POST, https or loopback, without duplicates, the default first.
    :param acs_indexes: pairs of index and ACS URL, each index once.
    :param certificates: PEM certificates of signing keys.
    :param encryption_certificates: PEM certificates of encryption keys. A key without a use is in
        both.
    :param encryption_methods: the methods that the vendor lists for encryption and Ssoko has, in
        the vendor's order; empty when it lists none.
    :param name_id_formats: URIs, in the vendor's order.
    :param display_name: name for users, or empty.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    acs_indexes: tuple[tuple[int, str], ...] = ()
    slo: tuple[LogoutEndpoint, ...] = ()
    certificates: tuple[str, ...] = ()
    encryption_certificates: tuple[str, ...] = ()
    encryption_methods: tuple[
        Literal["aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc"], ...
    ] = ()
    name_id_formats: tuple[str, ...] = ()
    want_assertions_signed: bool = False
    authn_requests_signed: bool = False
    requested_attributes: tuple[RequestedAttribute, ...] = ()
    display_name: str = ""
