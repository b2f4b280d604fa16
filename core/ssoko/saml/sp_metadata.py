"""Read the metadata of a service provider (SAML metadata, sections 2.3 and 2.4).

=====================================  ==========================================================
part                                   how it is handled
=====================================  ==========================================================
entityID                               required, at most 1024 characters; a longer one anywhere in
                                       the file is an error
validUntil                             must be in the future, on every level
SPSSODescriptor                        the first one with SAML 2.0; required, so metadata of an
                                       identity provider is refused
AssertionConsumerService               HTTP-POST with an https URL, or http to a loopback address;
                                       at least one
SingleLogoutService                    HTTP-Redirect and HTTP-POST with such a URL
KeyDescriptor                          certificates by use; without ``use``, for both uses
NameIDFormat, AuthnRequestsSigned,     read
WantAssertionsSigned
AttributeConsumingService              the requested attributes of the default one
UIInfo, Organization                   display name
Signature                              verified if the caller passes certificates; otherwise the
                                       admin is responsible for the file
everything else                        ignored
=====================================  ==========================================================
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.refusals import message_refused
from ssoko.saml.signing import certificate_key, certificate_pem
from ssoko.saml.verify import verify_enveloped
from ssoko.saml.xml import parse_instant, parse_number, parse_xml, text_of, validate

#: Bytes of a metadata file. Files of whole federations are larger and not supported.
MAX_METADATA = 2 * 1024 * 1024
MAX_ENTITY_ID = 1024
MAX_URL = 2048

_MD = f"{{{names.NS_MD}}}"
_X509 = f"{{{names.NS_DS}}}KeyInfo/{{{names.NS_DS}}}X509Data/{{{names.NS_DS}}}X509Certificate"
_FIX = "Download the current SAML 2.0 metadata of the service provider from the vendor."


class SloEndpoint(NamedTuple):
    """Where the SP receives logout requests; it receives logout responses at *response_url*."""

    binding: str
    url: str
    response_url: str


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
    :param acs_indexes: index and URL of each of them.
    :param signing_certificates: PEM; the SP can sign with any of them.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    acs_indexes: tuple[tuple[int, str], ...] = ()
    slo_urls: tuple[SloEndpoint, ...] = ()
    signing_certificates: tuple[str, ...] = ()
    encryption_certificates: tuple[str, ...] = ()
    name_id_formats: tuple[str, ...] = ()
    want_assertions_signed: bool = False
    authn_requests_signed: bool = False
    requested_attributes: tuple[RequestedAttribute, ...] = ()
    display_name: str = ""
    valid_until: int | None = None


def parse_sp_metadata(
    xml: bytes, *, now: int, signed_by: Sequence[str] = ()
) -> tuple[SpMetadata, ...]:
    """Return the usable service providers of a file in their order.

    :param now: epoch seconds.
    :param signed_by: PEM certificates; one of them must verify the signature of the file.
    :raises MessageRefused: code ``metadata-...``, ``signature-...`` or ``xml-...``; if no service
        provider is usable, the error of the first one.
    """
    root = parse_xml(xml, max_bytes=MAX_METADATA)
    if root.tag not in (f"{_MD}EntityDescriptor", f"{_MD}EntitiesDescriptor"):
        raise message_refused(
            "metadata-root",
            "This is not a SAML 2.0 metadata file.",
            received=root.tag,
            expected=f"{_MD}EntityDescriptor",
            fix=_FIX,
        )
    if signed_by:
        verify_enveloped(root, signed_by)
    for entity in root.iter(f"{_MD}EntityDescriptor"):
        # The schema has the same limit, but its error message does not help.
        if len(entity.get("entityID", "")) > MAX_ENTITY_ID:
            raise _wrong_entity_id(entity.get("entityID", ""))
    validate(root, "metadata")
    providers: list[SpMetadata] = []
    errors: list[MessageRefused] = []
    for entity in root.iter(f"{_MD}EntityDescriptor"):
        try:
            providers.append(_read_entity(entity, now))
        except MessageRefused as error:
            errors.append(error)
    if providers:
        return tuple(providers)
    raise errors[0]


def _read_entity(entity: etree._Element, now: int) -> SpMetadata:
    entity_id = entity.get("entityID", "").strip()
    if not entity_id:
        raise _wrong_entity_id(entity_id)
    role = _sp_role(entity, entity_id)
    valid_until = _check_dates(role, now)
    services = _acs_services(role)
    signing, encryption = _certificates(role)
    return SpMetadata(
        entity_id=entity_id,
        acs_urls=tuple(dict.fromkeys(url for _, url in services)),
        acs_indexes=tuple(services),
        slo_urls=tuple(_slo_endpoints(role)),
        signing_certificates=signing,
        encryption_certificates=encryption,
        name_id_formats=tuple(text_of(e) for e in role.iterfind(f"{_MD}NameIDFormat")),
        want_assertions_signed=_is_true(role.get("WantAssertionsSigned")),
        authn_requests_signed=_is_true(role.get("AuthnRequestsSigned")),
        requested_attributes=_requested_attributes(role),
        display_name=_display_name(entity, role),
        valid_until=valid_until,
    )


def _wrong_entity_id(entity_id: str) -> MessageRefused:
    return message_refused(
        "metadata-entity-id",
        "The metadata has no usable entity ID.",
        received=f"{len(entity_id)} characters" if entity_id else "an empty one",
        expected=f"1 to {MAX_ENTITY_ID} characters",
        source="SAML core, section 8.3.6",
        fix=_FIX,
    )


def _sp_role(entity: etree._Element, entity_id: str) -> etree._Element:
    for role in entity.iterfind(f"{_MD}SPSSODescriptor"):
        if names.PROTOCOL in role.get("protocolSupportEnumeration", "").split():
            return role
    is_idp = entity.find(f"{_MD}IDPSSODescriptor") is not None
    raise message_refused(
        "metadata-no-sp",
        "This is the metadata of an identity provider."
        if is_idp
        else "The metadata describes no SAML 2.0 service provider.",
        received=entity_id,
        expected="an SPSSODescriptor that supports SAML 2.0",
        fix="Upload the metadata of the application, not the metadata of an identity provider.",
    )


def _check_dates(role: etree._Element, now: int) -> int | None:
    """Return the earliest validUntil of the role and its ancestors; refuse one in the past."""
    dates = []
    for element in (role, *role.iterancestors()):
        text = element.get("validUntil")
        if text:
            dates.append((parse_instant(text), text))
    if not dates:
        return None
    earliest, text = min(dates)
    if earliest <= now:
        raise message_refused(
            "metadata-expired",
            "The metadata has expired.",
            received=text,
            expected="a validUntil in the future",
            source="SAML metadata, section 2.3.2",
            fix=_FIX,
        )
    return earliest


def _acs_services(role: etree._Element) -> list[tuple[int, str]]:
    services: list[tuple[int, int, str]] = []
    refused = []
    for position, element in enumerate(role.iterfind(f"{_MD}AssertionConsumerService")):
        binding, url = element.get("Binding"), element.get("Location", "").strip()
        if binding != names.BINDING_POST or not _is_safe_url(url):
            refused.append(f"{binding} {url}")
            continue
        default = element.get("isDefault")
        # Metadata, section 2.4.4: the one marked true, else the first not marked false.
        rank = 0 if _is_true(default) else 1 if default is None else 2
        services.append((rank * 10_000 + position, parse_number(element.get("index", "0")), url))
    if services:
        return [(index, url) for _, index, url in sorted(services)]
    raise message_refused(
        "metadata-no-acs",
        "The metadata has no usable ACS URL.",
        received="; ".join(refused),
        expected=f"an https URL with the binding {names.BINDING_POST}",
        source="SAML profiles, section 4.1.2",
        fix=_FIX,
    )


def _slo_endpoints(role: etree._Element) -> Iterator[SloEndpoint]:
    for element in role.iterfind(f"{_MD}SingleLogoutService"):
        binding, url = element.get("Binding", ""), element.get("Location", "").strip()
        response_url = element.get("ResponseLocation", url).strip()
        supported = binding in (names.BINDING_REDIRECT, names.BINDING_POST)
        if supported and _is_safe_url(url) and _is_safe_url(response_url):
            yield SloEndpoint(binding, url, response_url)


def _certificates(role: etree._Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    by_use: dict[str, list[str]] = {"signing": [], "encryption": []}
    for descriptor in role.iterfind(f"{_MD}KeyDescriptor"):
        use = descriptor.get("use")
        for element in descriptor.iterfind(_X509):
            pem = _certificate(text_of(element))
            for name in [use] if use else by_use:
                by_use[name].append(pem)
    signing, encryption = (tuple(dict.fromkeys(pems)) for pems in by_use.values())
    return signing, encryption


def _certificate(text: str) -> str:
    try:
        pem = certificate_pem(text)
        certificate_key(pem)
    except ValueError as error:
        raise message_refused(
            "metadata-certificate",
            "A certificate in the metadata cannot be used.",
            received=str(error),
            expected="an X.509 certificate with an EC key or an RSA key of at least 2048 bits",
            fix="Ask the vendor to replace the certificate.",
        ) from None
    return pem


def _requested_attributes(role: etree._Element) -> tuple[RequestedAttribute, ...]:
    services = role.findall(f"{_MD}AttributeConsumingService")
    if not services:
        return ()
    chosen = next((s for s in services if _is_true(s.get("isDefault"))), services[0])
    return tuple(
        RequestedAttribute(
            name=element.get("Name", ""),
            name_format=element.get("NameFormat"),
            friendly_name=element.get("FriendlyName"),
            required=_is_true(element.get("isRequired")),
        )
        for element in chosen.iterfind(f"{_MD}RequestedAttribute")
    )


def _display_name(entity: etree._Element, role: etree._Element) -> str:
    """Return the first display name, preferably in English."""
    candidates = [
        *role.iterfind(f"{_MD}Extensions/{{{names.NS_MDUI}}}UIInfo/{{{names.NS_MDUI}}}DisplayName"),
        *role.iterfind(f"{_MD}AttributeConsumingService/{_MD}ServiceName"),
        *entity.iterfind(f"{_MD}Organization/{_MD}OrganizationDisplayName"),
    ]
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    for element in sorted(candidates, key=lambda e: not e.get(lang, "en").startswith("en")):
        if text_of(element):
            return text_of(element)[:200]
    return ""


def _is_safe_url(url: str) -> bool:
    """Tell whether messages can be sent to a URL: https, or a loopback address."""
    if not _is_web_url(url):
        return False
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" or host == "localhost" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    if host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isprintable() and " " not in url and "\\" not in url and len(url) <= MAX_URL
    # The install form refuses these too: a username, and a fragment, which browsers drop.
    plain = plain and "@" not in parts.netloc and "#" not in url
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_true(value: str | None) -> bool:
    return value is not None and value.strip() in ("true", "1")
