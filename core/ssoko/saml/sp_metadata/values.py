"""What a metadata file says, as values."""

from dataclasses import dataclass
from typing import NamedTuple


class SloEndpoint(NamedTuple):
    """Where the SP receives logout requests; it receives logout responses at *response_url*."""

    binding: str
    url: str
    response_url: str


class Unused(NamedTuple):
    """A part of the metadata that is not used, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class RequestedAttribute:
    """An attribute that the SP requests."""

    name: str
    name_format: str | None = None
    friendly_name: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class SpMetadata:
    """The metadata of one service provider.

    :param acs_urls: unique HTTP-POST URLs, the default first.
    :param acs_indexes: index and URL of each that has an index, each index once.
    :param signing_certificates: PEM; the SP can sign with any of them.
    :param encryption_methods: URIs of the content encryption methods that the SP lists with its
        encryption keys, in its order.
    :param valid_until: epoch seconds; in the past only where the caller accepts that.
    :param warnings: what an admin has to know, one sentence each.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    acs_indexes: tuple[tuple[int, str], ...] = ()
    slo_urls: tuple[SloEndpoint, ...] = ()
    signing_certificates: tuple[str, ...] = ()
    encryption_certificates: tuple[str, ...] = ()
    encryption_methods: tuple[str, ...] = ()
    name_id_formats: tuple[str, ...] = ()
    want_assertions_signed: bool = False
    authn_requests_signed: bool = False
    requested_attributes: tuple[RequestedAttribute, ...] = ()
    display_name: str = ""
    valid_until: int | None = None
    expired: bool = False
    warnings: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()


class UnusableSp(NamedTuple):
    """An entity of a file that cannot be used as a service provider, and why."""

    entity_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SpMetadataFile:
    """The entities of a file, in their order.

    :param providers: at least one.
    :param text: the XML as text, without its declaration.
    """

    providers: tuple[SpMetadata, ...]
    unusable: tuple[UnusableSp, ...]
    text: str
