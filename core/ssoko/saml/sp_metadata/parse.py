"""Find the service providers of a metadata file.

=====================================  ==========================================================
part                                   how it is handled
=====================================  ==========================================================
entityID                               required, 1 to 1024 characters
validUntil                             must be in the future, on every level, unless the caller
                                       accepts expired metadata; an unreadable one is ignored
SPSSODescriptor                        the first one with SAML 2.0 and a usable ACS URL; its parts
                                       are read in :mod:`ssoko.saml.sp_metadata.role`
other roles                            listed as not used
UIInfo, Organization                   display name
Signature                              verified if the caller passes certificates; otherwise the
                                       admin is responsible for the file
ContactPerson, RegistrationInfo,       information for people, ignored
cacheDuration and other extensions
=====================================  ==========================================================

The file is not validated with the schema of the standard: real files break it in parts that are not
used, such as a RoleDescriptor of WS-Federation, the order of elements or an ID that starts with a
digit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.refusals import message_refused
from ssoko.saml.sp_metadata.document import MAX_METADATA, xml_text
from ssoko.saml.sp_metadata.role import (
    DOWNLOAD,
    MD,
    Notes,
    RoleValues,
    is_true,
    local_name,
    read_role,
)
from ssoko.saml.sp_metadata.values import SpMetadata, SpMetadataFile, UnusableSp
from ssoko.saml.verify import verify_enveloped
from ssoko.saml.xml import parse_instant, parse_xml, text_of

MAX_ENTITY_ID = 1024
MAX_ELEMENTS = 50_000
#: Unusable entities that one error names.
_NAMED = 5

_XSI_TYPE = f"{{{names.NS_XSI}}}type"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_OTHER_ROLES = {
    "RoleDescriptor": "it is for another protocol",
    "IDPSSODescriptor": "it describes an identity provider, which Ssoko is itself",
    "AttributeAuthorityDescriptor": "Ssoko sends attributes with the sign-in only",
    "AuthnAuthorityDescriptor": "it describes another kind of service",
    "PDPDescriptor": "it describes another kind of service",
    "AffiliationDescriptor": "it describes a group of service providers",
}
_OTHER_DOCUMENTS = {
    names.NS_SAMLP: "a SAML message",
    names.NS_SAML: "a SAML assertion",
    names.NS_SOAP: "a SOAP message",
    "http://schemas.xmlsoap.org/wsdl/": "a WSDL file of a web service",
    "http://www.w3.org/2000/svg": "an image (SVG)",
}


@dataclass(frozen=True, slots=True)
class _Options:
    now: int
    accept_expired: bool
    warnings: tuple[str, ...] = field(default=())


def parse_sp_metadata(
    data: bytes | str, *, now: int, signed_by: Sequence[str] = (), accept_expired: bool = False
) -> SpMetadataFile:
    """Return the entities of a file that was uploaded or fetched (bytes) or pasted (text).

    :param now: epoch seconds.
    :param signed_by: PEM certificates; one of them must verify the signature of the file.
    :param accept_expired: read metadata whose validUntil is in the past, with a warning.
    :raises MessageRefused: code ``metadata-...``, ``signature-...`` or ``xml-...``, also when no
        service provider is usable.
    """
    text, warning = xml_text(data)
    root = parse_xml(
        text.encode("utf-8", "surrogatepass"),
        max_bytes=2 * MAX_METADATA,
        max_elements=MAX_ELEMENTS,
    )
    if root.tag not in (f"{MD}EntityDescriptor", f"{MD}EntitiesDescriptor"):
        raise _wrong_root(root)
    warnings = [warning] if warning else []
    if signed_by:
        verify_enveloped(root, signed_by)
    elif root.find(f"{{{names.NS_DS}}}Signature") is not None:
        warnings.append(
            "The metadata is signed, and its signature was not verified. To verify it, enter the "
            "certificate that signs the metadata."
        )
    options = _Options(now, accept_expired, tuple(warnings))
    providers: list[SpMetadata] = []
    unusable: list[UnusableSp] = []
    errors: list[MessageRefused] = []
    for entity in _entities(root):
        try:
            providers.append(_read_entity(entity, options))
        except MessageRefused as error:
            errors.append(error)
            entity_id = entity.get("entityID", "").strip()
            unusable.append(UnusableSp(entity_id[:MAX_ENTITY_ID] or "no entity ID", str(error)))
    if not providers:
        raise _none_usable(errors, unusable)
    return SpMetadataFile(tuple(providers), tuple(unusable), text)


def _entities(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the entities of a file; those inside extensions are not part of it."""
    if root.tag == f"{MD}EntityDescriptor":
        yield root
        return
    for child in root:
        if child.tag in (f"{MD}EntityDescriptor", f"{MD}EntitiesDescriptor"):
            yield from _entities(child)


def _wrong_root(root: etree._Element) -> MessageRefused:
    namespace = etree.QName(root).namespace or ""
    name = local_name(root)
    kind = _OTHER_DOCUMENTS.get(namespace, "")
    if name in ("EntityDescriptor", "EntitiesDescriptor"):
        found = f"its root element {name} has the namespace {namespace or '(none)'}"
    else:
        found = f"its root element is {name}"
    return message_refused(
        "metadata-root",
        f"This is {kind or 'another kind of XML'}, not SAML 2.0 metadata: {found}.",
        received=root.tag,
        expected=f"{MD}EntityDescriptor",
        fix=DOWNLOAD,
    )


def _none_usable(errors: list[MessageRefused], unusable: list[UnusableSp]) -> MessageRefused:
    if not errors:
        return message_refused(
            "metadata-no-sp",
            "The metadata is an empty list: it has no EntityDescriptor.",
            received="no EntityDescriptor",
            expected="an EntityDescriptor",
            fix=DOWNLOAD,
        )
    if len(errors) == 1:
        return errors[0]
    listed = " ".join(f"{one.entity_id}: {one.reason}" for one in unusable[:_NAMED])
    more = f" And {len(unusable) - _NAMED} more." if len(unusable) > _NAMED else ""
    return message_refused(
        "metadata-no-sp",
        f"None of the {len(errors)} entities is a usable service provider. {listed}{more}",
        received=f"{len(errors)} entities",
        expected="a SAML 2.0 service provider",
        fix=errors[0].fix,
    )


def _read_entity(entity: etree._Element, options: _Options) -> SpMetadata:
    entity_id = entity.get("entityID", "").strip()
    if not entity_id or len(entity_id) > MAX_ENTITY_ID:
        raise _wrong_entity_id(entity_id)
    notes = Notes(warnings=list(options.warnings))
    role, values = _sp_role(entity, entity_id, notes)
    valid_until, expired = _check_dates(role, options, notes)
    return SpMetadata(
        entity_id=entity_id,
        acs_urls=values.acs_urls,
        acs_indexes=values.acs_indexes,
        slo_urls=values.slo_urls,
        signing_certificates=values.signing,
        encryption_certificates=values.encryption,
        encryption_methods=values.encryption_methods,
        name_id_formats=values.name_id_formats,
        want_assertions_signed=is_true(role.get("WantAssertionsSigned")),
        authn_requests_signed=is_true(role.get("AuthnRequestsSigned")),
        requested_attributes=values.requested_attributes,
        display_name=_display_name(entity, role),
        valid_until=valid_until,
        expired=expired,
        warnings=tuple(dict.fromkeys(notes.warnings)),
        unused=tuple(dict.fromkeys(notes.unused)),
    )


def _wrong_entity_id(entity_id: str) -> MessageRefused:
    found = f"it has {len(entity_id)} characters" if entity_id else "entityID is missing or empty"
    return message_refused(
        "metadata-entity-id",
        f"The metadata has no usable entity ID: {found}.",
        received=f"{len(entity_id)} characters",
        expected=f"1 to {MAX_ENTITY_ID} characters",
        source="SAML core, section 8.3.6",
        fix=DOWNLOAD,
    )


def _sp_role(
    entity: etree._Element, entity_id: str, notes: Notes
) -> tuple[etree._Element, RoleValues]:
    """Return the role that is used, with its values; note the other ones."""
    chosen: tuple[etree._Element, RoleValues] | None = None
    first_error: MessageRefused | None = None
    others = False
    for role in entity:
        if role.tag != f"{MD}SPSSODescriptor":
            _note_other_role(role, notes)
            continue
        if not _supports_saml_2(role):
            others = True
            protocols = role.get("protocolSupportEnumeration", "") or "no protocol"
            notes.skip(f"an SPSSODescriptor for {protocols}", "Ssoko supports SAML 2.0")
            continue
        if chosen:
            notes.skip("a further SPSSODescriptor", "the first one with a usable ACS URL is used")
            continue
        try:
            own = Notes()
            chosen = role, read_role(role, own)
            notes.extend(own)
        except MessageRefused as error:
            first_error = first_error or error
            notes.skip("an SPSSODescriptor", str(error))
    if chosen:
        return chosen
    raise first_error or _no_sp(entity, entity_id, saml_1=others)


def _supports_saml_2(role: etree._Element) -> bool:
    protocols = role.get("protocolSupportEnumeration", "").split()
    if names.PROTOCOL in protocols:
        return True
    # Some generators leave it out or write another SAML 2.0 namespace; the bindings tell.
    bindings = [e.get("Binding", "") for e in role.iterfind(f"{MD}AssertionConsumerService")]
    saml_1 = any(":SAML:1." in protocol for protocol in protocols)
    return not saml_1 and any(binding.strip() == names.BINDING_POST for binding in bindings)


def _no_sp(entity: etree._Element, entity_id: str, *, saml_1: bool) -> MessageRefused:
    if saml_1:
        message = "The service provider supports only SAML 1.x, and Ssoko supports SAML 2.0."
        fix = "Ask the vendor for SAML 2.0."
    elif entity.find(f"{MD}IDPSSODescriptor") is not None:
        message = f"This is the metadata of an identity provider: {entity_id}."
        fix = "Upload the metadata of the application, not the metadata of an identity provider."
    else:
        found = ", ".join(dict.fromkeys(local_name(child) for child in entity)) or "nothing"
        message = f"The metadata describes no SAML 2.0 service provider. It has {found}."
        fix = DOWNLOAD
    return message_refused(
        "metadata-no-sp",
        message,
        received=entity_id,
        expected="an SPSSODescriptor that supports SAML 2.0",
        fix=fix,
    )


def _note_other_role(role: etree._Element, notes: Notes) -> None:
    name = local_name(role)
    if name in _OTHER_ROLES:
        kind = role.get(_XSI_TYPE, "").rpartition(":")[2]
        notes.skip(f"{name} {kind}".strip(), _OTHER_ROLES[name])


def _check_dates(role: etree._Element, options: _Options, notes: Notes) -> tuple[int | None, bool]:
    """Return the earliest validUntil of the role and its ancestors, and whether it is past."""
    dates = []
    for element in (role, *role.iterancestors()):
        text = element.get("validUntil", "").strip()
        if not text:
            continue
        try:
            dates.append((parse_instant(text), text))
        except MessageRefused:
            notes.skip(f"validUntil {text[:40]}", "it is not a date such as 2026-11-24T09:14:07Z")
    if not dates:
        return None, False
    earliest, text = min(dates)
    if earliest > options.now:
        return earliest, False
    day = datetime.fromtimestamp(earliest, UTC).strftime("%d %b %Y")
    message = f"The metadata expired on {day} (validUntil {text})."
    if not options.accept_expired:
        raise message_refused(
            "metadata-expired",
            message,
            received=text,
            expected="a validUntil in the future",
            source="SAML metadata, section 2.3.2",
            fix=DOWNLOAD,
        )
    notes.warnings.insert(0, f"{message} {DOWNLOAD}")
    return earliest, True


def _display_name(entity: etree._Element, role: etree._Element) -> str:
    """Return the first display name, preferably in English."""
    candidates = [
        *role.iterfind(f"{MD}Extensions/{{{names.NS_MDUI}}}UIInfo/{{{names.NS_MDUI}}}DisplayName"),
        *role.iterfind(f"{MD}AttributeConsumingService/{MD}ServiceName"),
        *entity.iterfind(f"{MD}Organization/{MD}OrganizationDisplayName"),
    ]
    for element in sorted(candidates, key=lambda e: not e.get(_LANG, "en").startswith("en")):
        if text_of(element):
            return "".join(c for c in text_of(element) if c.isprintable())[:200]
    return ""
