"""Read the role of a service provider: SPSSODescriptor (SAML metadata, section 2.4.4).

=====================================  ==========================================================
part                                   how it is handled
=====================================  ==========================================================
AssertionConsumerService               HTTP-POST with an https URL, or http to a loopback address;
                                       at least one
SingleLogoutService                    HTTP-Redirect and HTTP-POST with such a URL
KeyDescriptor                          certificates by use, read for their key; without ``use``,
                                       for both uses; of a chain only the one that issues no other
EncryptionMethod                       content encryption methods; of key transport, RSA-OAEP
NameIDFormat                           every URI
AuthnRequestsSigned,                   read
WantAssertionsSigned
AttributeConsumingService              the requested attributes of the default one
everything else                        listed as not used, except for names and descriptions
=====================================  ==========================================================
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from ssoko.saml import names
from ssoko.saml.encryption import KEY_BITS
from ssoko.saml.refusals import message_refused
from ssoko.saml.sp_metadata.values import RequestedAttribute, SloEndpoint, Unused
from ssoko.saml.xml import text_of
from ssoko.text.certificates import (
    Certificate,
    CertificateError,
    find_certificates,
    is_rsa,
    without_issuers,
)
from ssoko.text.urls import url_problem

MAX_ACS = 100
MAX_CERTIFICATES = 10

#: The fix for a file that the vendor has to correct.
DOWNLOAD = "Download the current SAML 2.0 metadata of the service provider from the vendor."

MD = f"{{{names.NS_MD}}}"
_DS = f"{{{names.NS_DS}}}"
_BINDINGS = {
    binding.casefold(): binding for binding in (names.BINDING_POST, names.BINDING_REDIRECT)
}
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,240}")
_OAEP = (names.RSA_OAEP, "http://www.w3.org/2009/xmlenc11#rsa-oaep")
_KEY_TRANSPORT = re.compile(r"#(rsa-|kw-|dh)")
_WEAK = (names.AES128_CBC, names.AES256_CBC)
_NOT_USED = {
    "ArtifactResolutionService": "Ssoko sends responses by HTTP-POST only",
    "ManageNameIDService": "Ssoko does not change NameIDs after a sign-in",
}
#: Children of a role that are read, or that only inform people.
_READ = {
    "AssertionConsumerService",
    "SingleLogoutService",
    "KeyDescriptor",
    "NameIDFormat",
    "AttributeConsumingService",
    "Extensions",
    "Signature",
    "Organization",
    "ContactPerson",
}


@dataclass(slots=True)
class Notes:
    """What an admin has to know, and what is not used."""

    warnings: list[str] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)

    def skip(self, what: str, why: str) -> None:
        """Note a part that is not used."""
        self.unused.append(Unused(what[:300], why.rstrip(".")[:300]))

    def extend(self, other: "Notes") -> None:
        """Add the notes of *other*."""
        self.warnings += other.warnings
        self.unused += other.unused


@dataclass(frozen=True, slots=True)
class RoleValues:
    """The values of a role; see :class:`ssoko.saml.sp_metadata.values.SpMetadata`."""

    acs_urls: tuple[str, ...]
    acs_indexes: tuple[tuple[int, str], ...]
    slo_urls: tuple[SloEndpoint, ...]
    signing: tuple[str, ...]
    encryption: tuple[str, ...]
    encryption_methods: tuple[str, ...]
    name_id_formats: tuple[str, ...]
    requested_attributes: tuple[RequestedAttribute, ...]


def read_role(role: etree._Element, notes: Notes) -> RoleValues:
    """Return the values of a role.

    :raises MessageRefused: code ``metadata-no-acs``.
    """
    acs_urls, acs_indexes = _acs_services(role, notes)
    slo_urls = tuple(_slo_endpoints(role, notes))
    signing, encryption = _certificates(role, notes)
    methods = _encryption_methods(role, bool(encryption), notes)
    only_encryption = any(
        element.get("use", "").strip().lower() == "encryption"
        for element in role.iterfind(f"{MD}KeyDescriptor")
    )
    if encryption and only_encryption:
        notes.warnings.append(
            "The service provider has an encryption certificate. Assertions are encrypted only if "
            "you turn that on."
        )
    if is_true(role.get("AuthnRequestsSigned")) and not signing:
        notes.warnings.append(
            "The service provider signs its requests, but the metadata has no usable certificate "
            "to verify them. Signed requests are not required."
        )
    for child in role:
        name = local_name(child)
        if name not in _READ:
            notes.skip(name, _NOT_USED.get(name, "Ssoko has no use for it"))
    _note_extensions(role, notes)
    return RoleValues(
        acs_urls=acs_urls,
        acs_indexes=acs_indexes,
        slo_urls=slo_urls,
        signing=signing,
        encryption=encryption,
        encryption_methods=methods,
        name_id_formats=tuple(dict.fromkeys(_name_id_formats(role, notes))),
        requested_attributes=_requested_attributes(role, notes),
    )


def local_name(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return etree.QName(element).localname


def is_true(value: str | None) -> bool:
    """Read a boolean; .NET and PowerShell write ``True``."""
    return value is not None and value.strip().lower() in ("true", "1")


def _note_extensions(role: etree._Element, notes: Notes) -> None:
    for element in role.iterfind(f"{MD}Extensions/*"):
        name = local_name(element)
        if name == "DiscoveryResponse":
            notes.skip(name, "the service provider uses Ssoko without asking which one to use")
        elif name == "RequestInitiator":
            notes.skip(name, "enter its URL as Launch URL if the tile must open it")


# ---------------------------------------------------------------------------
# Endpoints
# ---------------------------------------------------------------------------


def _endpoint(element: etree._Element) -> tuple[str, str]:
    """Return binding and URL of an endpoint."""
    binding = element.get("Binding", "").strip()
    return _BINDINGS.get(binding.casefold(), binding), element.get("Location", "").strip()


def _short(binding: str) -> str:
    return binding.rpartition(":")[2] or "no binding"


def _acs_services(
    role: etree._Element, notes: Notes
) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """Return the ACS URLs, the default first, and the indexes."""
    services: list[tuple[int, int | None, str]] = []
    refused: list[tuple[str, str]] = []
    for position, element in enumerate(role.iterfind(f"{MD}AssertionConsumerService")):
        binding, url = _endpoint(element)
        why = _acs_problem(binding, url)
        if why:
            refused.append((f"ACS URL {url or '(empty)'} with {_short(binding)}", why))
            continue
        default = element.get("isDefault")
        # Metadata, section 2.4.4: the one marked true, else the first not marked false.
        rank = 0 if is_true(default) else 1 if default is None else 2
        services.append((rank * 10_000 + position, _acs_index(element, url, notes), url))
    if not services:
        found = "; ".join(f"{what}: {why}" for what, why in refused[:5])
        raise message_refused(
            "metadata-no-acs",
            f"The metadata has no usable ACS URL. {found or 'It has none'}.",
            received=found,
            expected=f"an https URL with the binding {names.BINDING_POST}",
            source="SAML profiles, section 4.1.2",
            fix=DOWNLOAD,
        )
    for what, why in refused:
        notes.skip(what, why)
    services.sort(key=lambda service: service[0])
    urls = tuple(dict.fromkeys(url for _, _, url in services))
    for url in urls[MAX_ACS:]:
        notes.skip(f"ACS URL {url}", f"Ssoko stores {MAX_ACS} ACS URLs of an application")
    urls = urls[:MAX_ACS]
    indexes: dict[int, str] = {}
    for _, index, url in services:
        if index is None or url not in urls:
            continue
        if index in indexes:
            notes.skip(f"index {index} of {url}", f"it is the index of {indexes[index]} too")
        else:
            indexes[index] = url
    return urls, tuple(indexes.items())


def _acs_problem(binding: str, url: str) -> str:
    if binding != names.BINDING_POST:
        return "Ssoko sends responses by HTTP-POST only"
    return url_problem(url)


def _acs_index(element: etree._Element, url: str, notes: Notes) -> int | None:
    text = element.get("index", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text) < 65_536:
        return int(text)
    if text:
        notes.skip(f"index {text[:40]} of {url}", "an index is a number from 0 to 65535")
    return None


def _slo_endpoints(role: etree._Element, notes: Notes) -> Iterator[SloEndpoint]:
    for element in role.iterfind(f"{MD}SingleLogoutService"):
        binding, url = _endpoint(element)
        response_url = element.get("ResponseLocation", "").strip() or url
        if binding not in _BINDINGS.values():
            why = "Ssoko sends logout messages by HTTP-Redirect and HTTP-POST"
        else:
            why = url_problem(url) or url_problem(response_url)
        if why:
            notes.skip(f"logout URL {url or '(empty)'} with {_short(binding)}", why)
        else:
            yield SloEndpoint(binding, url, response_url)


# ---------------------------------------------------------------------------
# Keys
# ---------------------------------------------------------------------------


def _certificates(role: etree._Element, notes: Notes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the usable signing and encryption certificates."""
    by_use: dict[str, list[Certificate]] = {"signing": [], "encryption": []}
    for descriptor in role.iterfind(f"{MD}KeyDescriptor"):
        use = descriptor.get("use", "").strip().lower()
        uses = [use] if use in by_use else list(by_use)
        what = f"{use} certificate" if use in by_use else "certificate"
        for certificate in _leaves(descriptor, what, notes):
            for name in uses:
                if name == "encryption" and not is_rsa(certificate):
                    if len(uses) == 1:
                        notes.skip(f"{what} {certificate.words}", "encryption needs an RSA key")
                    continue
                by_use[name].append(certificate)
    limited = []
    for name, certificates in by_use.items():
        unique = list(dict.fromkeys(certificates))
        for certificate in unique[MAX_CERTIFICATES:]:
            notes.skip(f"{name} certificate {certificate.words}", f"{MAX_CERTIFICATES} are used")
        limited.append(tuple(c.pem for c in unique[:MAX_CERTIFICATES]))
    return limited[0], limited[1]


def _leaves(descriptor: etree._Element, what: str, notes: Notes) -> Iterator[Certificate]:
    """Yield the usable certificates of one KeyDescriptor."""
    elements = list(descriptor.iterfind(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate"))
    found: list[Certificate] = []
    for element in elements:
        text = text_of(element)
        if not text:
            notes.skip(what, "it is empty")
            continue
        try:
            found += find_certificates(text)
        except CertificateError as error:
            known = str(error).startswith("This is")
            notes.skip(what, str(error) if known else "it cannot be read")
    if not elements:
        kinds = [local_name(e) for e in descriptor.iterfind(f"{_DS}KeyInfo/*")]
        listed = " and ".join(dict.fromkeys(kinds)) or "nothing"
        notes.skip(f"key with {listed}", "Ssoko reads keys from X509Certificate only")
    leaves, issuers = without_issuers(found)
    for certificate in issuers:
        notes.skip(
            f"certificate {certificate.words}",
            "it issued another one here, and is not trusted for signing",
        )
    for certificate in leaves:
        if certificate.shortcoming:
            notes.skip(f"{what} {certificate.words}", certificate.shortcoming)
        else:
            yield certificate


def _encryption_methods(role: etree._Element, usable_key: bool, notes: Notes) -> tuple[str, ...]:
    """Return the content encryption methods that the SP lists and Ssoko has."""
    listed = list(
        dict.fromkeys(
            element.get("Algorithm", "").strip()
            for descriptor in role.iterfind(f"{MD}KeyDescriptor")
            if descriptor.get("use", "").strip().lower() != "signing"
            for element in descriptor.iterfind(f"{MD}EncryptionMethod")
        )
    )
    content = [uri for uri in listed if uri and not _KEY_TRANSPORT.search(uri)]
    transport = [uri for uri in listed if _KEY_TRANSPORT.search(uri)]
    usable = tuple(uri for uri in content if uri in KEY_BITS)
    if not usable_key:
        return usable
    if content and not usable:
        notes.warnings.append(
            f"The service provider lists only encryption methods that Ssoko does not have: "
            f"{', '.join(content)[:200]}. Do not encrypt assertions for it."
        )
    elif usable and all(uri in _WEAK for uri in usable):
        notes.warnings.append(
            "The service provider lists no encryption method with GCM, only CBC, which doesn't "
            "detect tampering. Ask the vendor for AES-GCM before you encrypt assertions."
        )
    if transport and not set(transport) & set(_OAEP):
        notes.warnings.append(
            f"The service provider lists {', '.join(transport)[:200]} for the key of an encrypted "
            "assertion, and Ssoko uses RSA-OAEP. It may not be able to decrypt assertions."
        )
    return usable


# ---------------------------------------------------------------------------
# NameID and attributes
# ---------------------------------------------------------------------------


def _name_id_formats(role: etree._Element, notes: Notes) -> Iterator[str]:
    for element in role.iterfind(f"{MD}NameIDFormat"):
        uri = text_of(element)
        if uri == names.NAMEID_ENCRYPTED:
            notes.skip(f"NameID format {uri}", "Ssoko encrypts assertions, not the NameID alone")
        elif _URI.fullmatch(uri):
            yield uri
        elif uri:
            notes.skip(f"NameID format {uri}", "it is not a URI")


def _requested_attributes(role: etree._Element, notes: Notes) -> tuple[RequestedAttribute, ...]:
    services = role.findall(f"{MD}AttributeConsumingService")
    if not services:
        return ()
    chosen = next((s for s in services if is_true(s.get("isDefault"))), services[0])
    for service in services:
        if service is not chosen:
            name = text_of(service.find(f"{MD}ServiceName")) or "without a name"
            notes.skip(f"AttributeConsumingService {name}", "the default one is used")
    requested = []
    for element in chosen.iterfind(f"{MD}RequestedAttribute"):
        name = element.get("Name", "").strip()
        if not name:
            notes.skip("a RequestedAttribute", "it has no Name")
            continue
        requested.append(
            RequestedAttribute(
                name=name,
                name_format=element.get("NameFormat"),
                friendly_name=element.get("FriendlyName"),
                required=is_true(element.get("isRequired")),
            )
        )
    required = [a.friendly_name or a.name for a in requested if a.required]
    if required:
        notes.warnings.append(
            f"The service provider requires {', '.join(required)[:300]} of each user. Check the "
            "sources of these attributes."
        )
    return tuple(requested)
