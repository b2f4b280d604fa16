"""Parse an AuthnRequest, and judge it by the record of its service provider.

How each part is treated (core, section 3.4.1; profiles, section 4.1.4.1):

===============================  ================================================================
part                             treatment
===============================  ================================================================
ID, Version, IssueInstant        required; Version is 2.0, the instant is fresh
Destination                      equals our endpoint; required when the request is signed
Issuer                           required; identifies the application
Signature                        verified when the SP has certificates
AssertionConsumerServiceURL      one of the registered URLs, compared exactly
AssertionConsumerServiceIndex    a registered index; refused beside the URL or ProtocolBinding
ProtocolBinding                  HTTP-POST or absent, else UnsupportedBinding
ForceAuthn, IsPassive            returned to the caller
NameIDPolicy                     the recorded format, else InvalidNameIDPolicy
RequestedAuthnContext            one that the sign-in satisfies, else NoAuthnContext
Conditions                       its times must be valid, its audiences include the SP
Subject                          a NameID is compared later; confirmation, encryption: unsupported
Scoping                          IDPList must include us; any ProxyCount is met
ProviderName                     ignored
AttributeConsumingServiceIndex,  ignored: the mappers decide
Consent, Extensions, RequesterID ignored
===============================  ================================================================
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ssoko.errors import Refusal
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.envelope import check_destination, check_freshness, check_root, required_issuer
from ssoko.saml.refusals import message_refused, request_refused
from ssoko.saml.verify import verify_enveloped, verify_query
from ssoko.saml.xml import parse_instant, parse_number, parse_xml, text_of, validate

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
    :param authn_context: the context class of the response.
    """

    acs_url: str
    signed: bool
    authn_context: str


def judge(
    request: AuthnRequest, root: etree._Element, inbound: Inbound, party: Party, *, now: int
) -> Terms:
    """Check a parsed request against the record of its service provider.

    :param now: when the request was received, in seconds since the epoch.
    :raises MessageRefused: when no response may be sent.
    :raises RequestRefused: when the SP gets a SAML status at ``acs_url`` of the refusal.
    """
    step, acs_url = "signature", ""
    try:
        signed = _verify_signature(request, root, inbound, party)
        step = "acs"
        acs_url = choose_acs_url(request, party)
        step = "terms"
        check_authn_request(
            request,
            now=now,
            destination=party.endpoint,
            entity_id=party.idp_entity_id,
            signed=inbound.signed_query,
        )
        check_name_id_policy(
            request, name_id_format=party.name_id_format, sp_entity_ids=(party.entity_id,)
        )
        authn_context = choose_authn_context(request, satisfied=party.satisfied)
    except Refusal as refusal:
        refusal.step, refusal.acs_url = step, acs_url
        raise
    return Terms(acs_url=acs_url, signed=signed, authn_context=authn_context)


def choose_acs_url(request: AuthnRequest, party: Party) -> str:
    """Return the registered ACS URL that a request asks for, or the default one.

    :raises MessageRefused: when the request asks for an unregistered URL or index.
    """
    if request.acs_url is not None:
        if request.acs_url in party.acs_urls:
            return request.acs_url
        raise message_refused(
            "acs-not-registered",
            "The application asked for a response at a URL that is not registered for it.",
            received=request.acs_url,
            expected=", ".join(party.acs_urls)[:500],
            source="SAML profiles, section 4.1.4.1",
        )
    if request.acs_index is None:
        return party.acs_urls[0]
    indexes = dict(party.acs_indexes) or dict(enumerate(party.acs_urls))
    url = indexes.get(request.acs_index)
    if url is None:
        raise message_refused(
            "acs-index-unknown",
            "The application asked for a response at a URL that is not registered for it.",
            received=f"AssertionConsumerServiceIndex {request.acs_index}",
            expected=", ".join(f"{index}: {url}" for index, url in indexes.items())[:500],
            source="SAML core, section 3.4.1",
        )
    return url


def _verify_signature(
    request: AuthnRequest, root: etree._Element, inbound: Inbound, party: Party
) -> bool:
    """Return whether the request has a verified signature.

    Without a certificate on record, and when none is required, a signature is not checked.
    """
    has_signature = inbound.signed_query or request.has_signature
    if has_signature and party.certificates:
        if inbound.signed_query:
            verify_query(inbound.raw_query, party.certificates, message="SAMLRequest")
        if request.has_signature:
            verify_enveloped(root, party.certificates)
        return True
    if party.require_signed_requests:
        received = "a signature that no certificate is recorded for"
        raise message_refused(
            "signature-required",
            "This application accepts only signed requests.",
            received=received if has_signature else "no signature",
            expected="a signature by one of the certificates in the application's settings",
            source="The settings of the application require signed requests.",
        )
    return False


def parse_authn_request(xml: bytes) -> tuple[AuthnRequest, etree._Element]:
    """Parse and validate *xml*; return its content, with the root to verify its signature.

    :raises MessageRefused: when it is malformed or not an AuthnRequest of SAML 2.0.
    """
    root = parse_xml(xml)
    check_root(root, "AuthnRequest")
    validate(root, "protocol")
    parts = {str(child.tag): child for child in root}
    index = root.get("AssertionConsumerServiceIndex")
    request = AuthnRequest(
        id=root.get("ID", ""),
        issuer=required_issuer(root),
        issue_instant=parse_instant(root.get("IssueInstant", "")),
        destination=root.get("Destination"),
        acs_url=root.get("AssertionConsumerServiceURL"),
        acs_index=None if index is None else parse_number(index),
        protocol_binding=root.get("ProtocolBinding"),
        force_authn=_is_true(root.get("ForceAuthn")),
        is_passive=_is_true(root.get("IsPassive")),
        has_signature=_DS_SIGNATURE in parts,
        provider_name=root.get("ProviderName"),
        **_read_subject(parts.get(f"{_SAML}Subject")),
        **_read_policy(parts.get(f"{_SAMLP}NameIDPolicy")),
        **_read_conditions(parts.get(f"{_SAML}Conditions")),
        **_read_contexts(parts.get(f"{_SAMLP}RequestedAuthnContext")),
        **_read_scoping(parts.get(f"{_SAMLP}Scoping")),
    )
    if request.acs_index is not None and (request.acs_url or request.protocol_binding):
        raise message_refused(
            "acs-conflict",
            "The request names its ACS URL in two ways.",
            received=f"index {request.acs_index}, {request.acs_url or request.protocol_binding}",
            expected="AssertionConsumerServiceIndex alone, or AssertionConsumerServiceURL",
            source="SAML core, section 3.4.1",
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
    :param signed: the query string is signed; an embedded signature is known from the request.
    :raises MessageRefused: when no response may be sent.
    :raises RequestRefused: when the SP gets a SAML status.
    """
    check_freshness(request.issue_instant, now=now, max_age=max_age, skew=skew)
    check_destination(
        request.destination, expected=destination, required=signed or request.has_signature
    )
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


def _read_policy(policy: etree._Element | None) -> dict[str, Any]:
    if policy is None:
        return {}
    return {
        "name_id_format": policy.get("Format"),
        "sp_name_qualifier": policy.get("SPNameQualifier"),
        "allow_create": _is_true(policy.get("AllowCreate")),
    }


def _read_contexts(requested: etree._Element | None) -> dict[str, Any]:
    if requested is None:
        return {}
    # Declaration references are not supported, so one counts as a class that is never satisfied.
    return {
        "authn_contexts": tuple(text_of(child) for child in requested),
        "authn_comparison": requested.get("Comparison", "exact"),
    }


def _read_subject(subject: etree._Element | None) -> dict[str, Any]:
    if subject is None:
        return {}
    for child in subject:
        if child.tag != f"{_SAML}NameID":
            return {"unsupported": f"Subject with {etree.QName(child).localname}"}
    name_id = subject[0]
    return {"subject": text_of(name_id), "subject_format": name_id.get("Format")}


def _read_scoping(scoping: etree._Element | None) -> dict[str, Any]:
    if scoping is None:
        return {}
    entries = scoping.findall(f"{_SAMLP}IDPList/{_SAMLP}IDPEntry")
    count = scoping.get("ProxyCount")
    return {
        "proxy_count": None if count is None else parse_number(count),
        "idp_list": tuple(entry.get("ProviderID", "") for entry in entries),
    }


def _read_conditions(conditions: etree._Element | None) -> dict[str, Any]:
    if conditions is None:
        return {}
    start, end = conditions.get("NotBefore"), conditions.get("NotOnOrAfter")
    audiences = conditions.iterfind(f"{_SAML}AudienceRestriction/{_SAML}Audience")
    return {
        "has_conditions": True,
        "conditions_not_before": parse_instant(start) if start else None,
        "conditions_not_on_or_after": parse_instant(end) if end else None,
        "audiences": tuple(text_of(audience) for audience in audiences),
    }


def _is_true(value: str | None) -> bool:
    return value is not None and value.strip() in ("true", "1")


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


def check_name_id_policy(
    request: AuthnRequest, *, name_id_format: str, sp_entity_ids: Collection[str]
) -> None:
    """Refuse a NameID policy that the application's NameIDs do not meet.

    :param name_id_format: the format of the application's NameIDs.
    :param sp_entity_ids: the qualifiers that the SP may use for its NameIDs.
    :raises RequestRefused: with InvalidNameIDPolicy.
    """
    requested = request.name_id_format
    if requested not in (None, names.NAMEID_UNSPECIFIED, name_id_format):
        raise request_refused(
            "nameid-format",
            "The request asks for a NameID format that this application does not send.",
            status=names.STATUS_INVALID_NAMEID_POLICY,
            received=requested,
            expected=name_id_format,
            source="SAML core, section 3.4.1.1",
            fix="Change the NameID format here, or in the service provider's settings.",
        )
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
