"""Parse an AuthnRequest, and judge it by the record of its service provider.

How each part is treated (core, section 3.4.1; profiles, section 4.1.4.1):

===============================  ================================================================
part                             treatment
===============================  ================================================================
ID, Version, IssueInstant        required; Version is 2.0, the instant is fresh
Destination                      equals our endpoint; required when a signature is verified
Issuer                           required; identifies the application
Signature                        verified when the SP has certificates; one with SHA-1 counts as
                                 none
AssertionConsumerServiceURL      one of the registered URLs, compared exactly
AssertionConsumerServiceIndex    a registered index; beside the URL it must mean the same
ProtocolBinding                  HTTP-POST or absent, else UnsupportedBinding
ForceAuthn, IsPassive            returned to the caller
NameIDPolicy                     the recorded format, or any that Ssoko can make when the record
                                 is open, else InvalidNameIDPolicy
RequestedAuthnContext            one that the sign-in satisfies, else NoAuthnContext
Conditions                       its times must be valid, its audiences include the SP
Subject                          a NameID is compared later; confirmation, encryption: unsupported
Scoping                          IDPList must include us; any ProxyCount is met
ProviderName                     ignored
AttributeConsumingServiceIndex,  ignored: the mappers decide
Consent, Extensions, RequesterID ignored, like attributes and elements that SAML does not have
repeated or unknown SAML parts   RequestUnsupported
===============================  ================================================================
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ssoko.errors import MessageRefused, Refusal
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.envelope import (
    attribute_of,
    check_destination,
    check_freshness,
    check_root,
    read_parts,
    required_id,
    required_issuer,
)
from ssoko.saml.refusals import message_refused, request_refused
from ssoko.saml.verify import verify_request
from ssoko.saml.xml import parse_instant, parse_number, parse_xml, text_of

_SAML = f"{{{names.NS_SAML}}}"
_SAMLP = f"{{{names.NS_SAMLP}}}"
_DS_SIGNATURE = f"{{{names.NS_DS}}}Signature"


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """The content of an AuthnRequest, not trusted yet.

    :param authn_contexts: the requested classes in the SP's order of preference.
    :param authn_comparison: ``exact``, ``minimum``, ``maximum`` or ``better``.
    :param unsupported: the part that Ssoko does not support, if there is one.
    """

    id: str
    issuer: str
    issue_instant: int
    destination: str | None = None
    acs_url: str | None = None
    acs_index: int | None = None
    protocol_binding: str | None = None
    force_authn: bool = False
    is_passive: bool = False
    name_id_format: str | None = None
    sp_name_qualifier: str | None = None
    allow_create: bool = False
    authn_contexts: tuple[str, ...] = ()
    authn_comparison: str = "exact"
    subject: str | None = None
    subject_format: str | None = None
    proxy_count: int | None = None
    idp_list: tuple[str, ...] = ()
    has_conditions: bool = False
    conditions_not_before: int | None = None
    conditions_not_on_or_after: int | None = None
    audiences: tuple[str, ...] = ()
    has_signature: bool = False
    provider_name: str | None = None
    unsupported: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """What is recorded of a service provider, and our endpoint, to judge its requests by.

    :param acs_urls: the registered URLs, the default first.
    :param acs_indexes: index to URL; without any, the URLs count from zero in their order.
    :param certificates: PEM certificates that its signatures may be verified with.
    :param name_id_format: the format of the NameIDs that it gets.
    :param idp_entity_id: our entity ID, and ``endpoint`` our URL that received the request.
    :param satisfied: authentication context classes that a sign-in here satisfies, the most
        specific first.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    acs_indexes: tuple[tuple[int, str], ...] = ()
    certificates: tuple[str, ...] = ()
    require_signed_requests: bool = False
    name_id_format: str = names.NAMEID_UNSPECIFIED
    idp_entity_id: str
    endpoint: str
    satisfied: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an accepted request is responded to.

    :param acs_url: the registered URL that the response goes to.
    :param signed: the request has a verified signature.
    :param name_id_format: the format of the response's NameID.
    :param authn_context: the context class of the response.
    """

    acs_url: str
    signed: bool
    name_id_format: str
    authn_context: str


def judge(
    request: AuthnRequest, root: etree._Element, inbound: Inbound, party: Party, *, now: int
) -> Terms:
    """Check a parsed request against the record of its service provider.

    :param now: when the request was received, in seconds since the epoch.
    :raises MessageRefused: when no response may be sent.
    :raises RequestRefused: when the SP gets a SAML status at ``acs_url`` of the refusal.
    """
    step, acs_url, signed = "signature", "", False
    try:
        signed = verify_request(
            root, inbound, party.certificates, required=party.require_signed_requests
        )
        step = "acs"
        acs_url = choose_acs_url(request, party)
        step = "terms"
        check_authn_request(
            request,
            now=now,
            destination=party.endpoint,
            entity_id=party.idp_entity_id,
            signed=signed,
        )
        name_id_format = choose_name_id_format(
            request, recorded=party.name_id_format, sp_entity_ids=(party.entity_id,)
        )
        authn_context = choose_authn_context(request, satisfied=party.satisfied)
    except Refusal as refusal:
        refusal.step, refusal.acs_url, refusal.signed = step, acs_url, signed
        raise
    return Terms(
        acs_url=acs_url,
        signed=signed,
        name_id_format=name_id_format,
        authn_context=authn_context,
    )


def choose_acs_url(request: AuthnRequest, party: Party) -> str:
    """Return the registered ACS URL that a request asks for, or the default one.

    An index beside the URL is accepted where both mean the same, and where the index has no
    meaning here.

    :raises MessageRefused: when the request asks for an unregistered URL or index, or for two.
    """
    indexes = dict(party.acs_indexes) or dict(enumerate(party.acs_urls))
    by_index = None if request.acs_index is None else indexes.get(request.acs_index)
    if request.acs_url is not None:
        if request.acs_url not in party.acs_urls:
            raise message_refused(
                "acs-not-registered",
                "The application asked for a response at a URL that is not registered for it.",
                received=request.acs_url,
                expected=", ".join(party.acs_urls)[:500],
                source="SAML profiles, section 4.1.4.1",
            )
        if by_index is not None and by_index != request.acs_url:
            raise message_refused(
                "acs-conflict",
                "The request names two ACS URLs.",
                received=f"index {request.acs_index}, which is {by_index}, and {request.acs_url}",
                expected="AssertionConsumerServiceIndex or AssertionConsumerServiceURL",
                source="SAML core, section 3.4.1",
            )
        return request.acs_url
    if request.acs_index is None:
        return party.acs_urls[0]
    if by_index is None:
        raise message_refused(
            "acs-index-unknown",
            "The application asked for a response at a URL that is not registered for it.",
            received=f"AssertionConsumerServiceIndex {request.acs_index}",
            expected=", ".join(f"{index}: {url}" for index, url in indexes.items())[:500],
            source="SAML core, section 3.4.1",
        )
    return by_index


def parse_authn_request(xml: bytes) -> tuple[AuthnRequest, etree._Element]:
    """Parse *xml*; return its content, with the root to verify its signature.

    :raises MessageRefused: when it is malformed, not an AuthnRequest of SAML 2.0, or when its
        sender or ACS URL cannot be read.
    """
    root = parse_xml(xml)
    check_root(root, "AuthnRequest")
    parts = read_parts(root, _CHILDREN, attributes=_ATTRIBUTES)
    index = attribute_of(root, "AssertionConsumerServiceIndex")
    fields: dict[str, Any] = {}
    for read, tag in _READERS:
        child = parts.get(tag)
        if child is None:
            continue
        try:
            fields |= read(child)
        except MessageRefused as fault:
            parts.faults.append(f"{etree.QName(tag).localname}: {fault.received}")
    request = AuthnRequest(
        id=required_id(root),
        issuer=required_issuer(root),
        issue_instant=parse_instant(root.get("IssueInstant", "")),
        destination=attribute_of(root, "Destination"),
        acs_url=root.get("AssertionConsumerServiceURL") or None,
        acs_index=None if index is None else parse_number(index),
        protocol_binding=attribute_of(root, "ProtocolBinding"),
        force_authn=parts.boolean(root, "ForceAuthn"),
        is_passive=parts.boolean(root, "IsPassive"),
        has_signature=_DS_SIGNATURE in parts.children,
        provider_name=root.get("ProviderName"),
        **{"unsupported": "; ".join(parts.faults[:5])} | fields,
    )
    return request, root


def check_authn_request(
    request: AuthnRequest,
    *,
    now: int,
    destination: str,
    entity_id: str,
    max_age: int = 300,
    skew: int = 300,
    signed: bool = False,
) -> None:
    """Check the parts that do not depend on the user.

    :param destination: URL of the endpoint where the request came in.
    :param entity_id: ours, for Scoping.
    :param max_age: seconds; :param skew: seconds that the SP's clock may be ahead.
    :param signed: the request has a verified signature, so it must have a Destination.
    :raises MessageRefused: when no response may be sent.
    :raises RequestRefused: when the SP gets a SAML status.
    """
    check_freshness(request.issue_instant, now=now, max_age=max_age, skew=skew)
    check_destination(request.destination, expected=destination, required=signed)
    if request.protocol_binding not in (None, names.BINDING_POST):
        raise request_refused(
            "binding-unsupported",
            "The request asks for a response over an unsupported binding.",
            status=names.STATUS_UNSUPPORTED_BINDING,
            received=request.protocol_binding,
            expected=names.BINDING_POST,
            source="SAML profiles, section 4.1.2",
        )
    if request.unsupported:
        raise request_refused(
            "request-unsupported",
            "The request asks for something that is not supported.",
            status=names.STATUS_REQUEST_UNSUPPORTED,
            received=request.unsupported,
            expected="a request without it",
            source="SAML core, section 3.4.1",
        )
    _check_conditions(request, now=now, skew=skew)
    if request.idp_list and entity_id not in request.idp_list:
        raise request_refused(
            "idp-not-listed",
            "The request names other identity providers.",
            status=names.STATUS_NO_SUPPORTED_IDP,
            received=", ".join(request.idp_list),
            expected=entity_id,
            source="SAML core, section 3.4.1.3",
        )


def _check_conditions(request: AuthnRequest, *, now: int, skew: int) -> None:
    start, end = request.conditions_not_before, request.conditions_not_on_or_after
    if (start is not None and now + skew < start) or (end is not None and now - skew >= end):
        raise request_refused(
            "conditions-not-met",
            "The request is not valid at this time.",
            status=names.STATUS_REQUEST_DENIED,
            received=f"from {start} to {end}",
            expected=str(now),
            source="SAML core, section 3.4.1 (Conditions)",
        )
    if request.audiences and request.issuer not in request.audiences:
        raise request_refused(
            "audience-unsupported",
            "The request asks for an assertion for another service provider.",
            status=names.STATUS_REQUEST_UNSUPPORTED,
            received=", ".join(request.audiences),
            expected=request.issuer,
            source="SAML core, section 3.4.1 (Conditions)",
        )


def _read_policy(policy: etree._Element) -> dict[str, Any]:
    return {
        "name_id_format": attribute_of(policy, "Format"),
        "sp_name_qualifier": attribute_of(policy, "SPNameQualifier"),
        "allow_create": policy.get("AllowCreate", "").strip().lower() in ("true", "1"),
    }


def _read_contexts(requested: etree._Element) -> dict[str, Any]:
    # Declaration references are not supported, so one counts as a class that is never satisfied.
    comparison = (attribute_of(requested, "Comparison") or "exact").lower()
    classes = tuple(text for text in map(text_of, requested) if text)
    if comparison not in ("exact", "minimum", "maximum", "better"):
        return {"unsupported": f'Comparison="{comparison}"'}
    return {"authn_contexts": classes, "authn_comparison": comparison}


def _read_subject(subject: etree._Element) -> dict[str, Any]:
    for child in subject:
        if child.tag != f"{_SAML}NameID":
            return {"unsupported": f"Subject with {etree.QName(child).localname}"}
    if len(subject) > 1:
        return {"unsupported": f"Subject with {len(subject)} NameIDs"}
    if not len(subject):
        return {}
    return {
        "subject": text_of(subject[0]) or None,
        "subject_format": attribute_of(subject[0], "Format"),
    }


def _read_scoping(scoping: etree._Element) -> dict[str, Any]:
    entries = scoping.findall(f"{_SAMLP}IDPList/{_SAMLP}IDPEntry")
    count = attribute_of(scoping, "ProxyCount")
    providers = (attribute_of(entry, "ProviderID") for entry in entries)
    return {
        "proxy_count": None if count is None else parse_number(count),
        "idp_list": tuple(provider for provider in providers if provider),
    }


def _read_conditions(conditions: etree._Element) -> dict[str, Any]:
    start, end = attribute_of(conditions, "NotBefore"), attribute_of(conditions, "NotOnOrAfter")
    audiences = conditions.iterfind(f"{_SAML}AudienceRestriction/{_SAML}Audience")
    return {
        "has_conditions": True,
        "conditions_not_before": parse_instant(start) if start else None,
        "conditions_not_on_or_after": parse_instant(end) if end else None,
        "audiences": tuple(text_of(audience) for audience in audiences),
    }


_READERS = (
    (_read_subject, f"{_SAML}Subject"),
    (_read_policy, f"{_SAMLP}NameIDPolicy"),
    (_read_conditions, f"{_SAML}Conditions"),
    (_read_contexts, f"{_SAMLP}RequestedAuthnContext"),
    (_read_scoping, f"{_SAMLP}Scoping"),
)
_CHILDREN = frozenset(
    {f"{_SAML}Issuer", _DS_SIGNATURE, f"{_SAMLP}Extensions", *(tag for _, tag in _READERS)}
)
_ATTRIBUTES = (
    "ID",
    "Version",
    "IssueInstant",
    "Destination",
    "ForceAuthn",
    "IsPassive",
    "ProtocolBinding",
    "AssertionConsumerServiceURL",
    "AssertionConsumerServiceIndex",
)


#: Context classes from weak to strong, for the comparisons other than ``exact``.
STRENGTH = (
    names.AUTHN_UNSPECIFIED,
    names.AUTHN_PREVIOUS_SESSION,
    names.AUTHN_PASSWORD,
    names.AUTHN_PASSWORD_PROTECTED,
    names.AUTHN_KERBEROS,
    names.AUTHN_TIME_SYNC,
    names.AUTHN_X509,
    names.AUTHN_TLS,
    names.AUTHN_SMARTCARD_PKI,
    names.AUTHN_REFEDS_MFA,
)


#: Formats whose NameIDs Ssoko can make for any user.
ANSWERED_FORMATS = (names.NAMEID_EMAIL, names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT)


def choose_name_id_format(
    request: AuthnRequest, *, recorded: str, sp_entity_ids: Collection[str]
) -> str:
    """Return the format of the NameID in the response.

    The recorded format is a promise, except for ``unspecified``, with which the request decides.

    :param recorded: the format on record for the application.
    :param sp_entity_ids: the qualifiers that the SP may use for its NameIDs.
    :raises RequestRefused: with InvalidNameIDPolicy.
    """
    qualifier = request.sp_name_qualifier
    if qualifier and qualifier not in sp_entity_ids:
        raise request_refused(
            "nameid-qualifier",
            "The request asks for a NameID of another service provider.",
            status=names.STATUS_INVALID_NAMEID_POLICY,
            received=qualifier,
            expected=", ".join(sp_entity_ids),
            source="SAML core, section 3.4.1.1",
        )
    requested = request.name_id_format or names.NAMEID_UNSPECIFIED
    wanted, kept = map(names.standard_name_id_format, (requested, recorded))
    if wanted == names.NAMEID_UNSPECIFIED:
        return recorded
    if wanted == kept or (kept == names.NAMEID_UNSPECIFIED and wanted in ANSWERED_FORMATS):
        return requested
    raise request_refused(
        "nameid-format",
        "The request asks for a NameID format that this application does not send.",
        status=names.STATUS_INVALID_NAMEID_POLICY,
        received=requested,
        expected=", ".join(ANSWERED_FORMATS) if kept == names.NAMEID_UNSPECIFIED else recorded,
        source="SAML core, section 3.4.1.1",
        fix="Change the NameID format here, or in the service provider's settings.",
    )


def choose_authn_context(request: AuthnRequest | None, *, satisfied: Sequence[str]) -> str:
    """Return a context class that the sign-in satisfies and that the SP accepts.

    :param satisfied: classes that the sign-in satisfies, the most specific first.
    :raises RequestRefused: with NoAuthnContext.
    """
    if request is None or not request.authn_contexts:
        return satisfied[0]
    requested = request.authn_contexts
    if request.authn_comparison == "exact":
        # Every sign-in satisfies Unspecified.
        fitting = [c for c in requested if c in satisfied or c == names.AUTHN_UNSPECIFIED]
    else:
        fitting = _comparable(requested, request.authn_comparison, satisfied)
    if fitting:
        return fitting[0]
    raise request_refused(
        "authn-context",
        "The request asks for another authentication method than was used.",
        status=names.STATUS_NO_AUTHN_CONTEXT,
        responder=True,
        received=f"{request.authn_comparison} {', '.join(requested)}",
        expected=", ".join(satisfied),
        source="SAML core, section 3.3.2.2.1",
        fix="Sign in with that method, or turn off the requirement at the service provider.",
    )


def _comparable(requested: Sequence[str], comparison: str, satisfied: Sequence[str]) -> list[str]:
    ranks = [STRENGTH.index(c) for c in requested if c in STRENGTH]
    if not ranks or (comparison == "better" and len(ranks) != len(requested)):
        return []
    ranked = sorted((c for c in satisfied if c in STRENGTH), key=STRENGTH.index, reverse=True)
    tests = {
        "minimum": lambda rank: rank >= min(ranks),
        "better": lambda rank: rank > max(ranks),
        "maximum": lambda rank: rank <= max(ranks),
    }
    return [c for c in ranked if tests[comparison](STRENGTH.index(c))]
