"""Read an AuthnRequest and hold it against the rules.

What becomes of each part (core, section 3.4.1; profiles, section 4.1.4.1):

===============================  ================================================================
part                             what happens
===============================  ================================================================
ID, Version, IssueInstant        required; Version is 2.0, the instant is fresh
Destination                      equals our endpoint; must be there when the request is signed
Issuer                           required; the caller looks the application up by it
Signature                        recorded; ``verify`` tests it
AssertionConsumerServiceURL      recorded; the caller compares it with the registered ones
AssertionConsumerServiceIndex    recorded; refused together with the URL or ProtocolBinding
ProtocolBinding                  HTTP-POST or absent, else UnsupportedBinding
ForceAuthn, IsPassive            recorded for the caller
NameIDPolicy                     ``policy.check_name_id_policy``, else InvalidNameIDPolicy
RequestedAuthnContext            ``policy.choose_authn_context``, else NoAuthnContext
Conditions                       its times must hold, its audiences include the SP
Subject                          a NameID is recorded; confirmation, encryption: unsupported
Scoping                          IDPList must have us; ProxyCount is met, as nothing is proxied
ProviderName                     recorded
AttributeConsumingServiceIndex,  ignored: attributes are those that are mapped
Consent, Extensions, RequesterID ignored
===============================  ================================================================
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ssoko.saml import names
from ssoko.saml.envelope import check_destination, check_freshness, check_root, required_issuer
from ssoko.saml.refusals import message_refused, request_refused
from ssoko.saml.xml import parse_instant, parse_number, parse_xml, text_of, validate

_SAML = f"{{{names.NS_SAML}}}"
_SAMLP = f"{{{names.NS_SAMLP}}}"
_DS_SIGNATURE = f"{{{names.NS_DS}}}Signature"


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """What an AuthnRequest says; nothing of it is trusted yet.

    :param authn_contexts: the requested classes in the SP's order of preference.
    :param authn_comparison: ``exact``, ``minimum``, ``maximum`` or ``better``.
    :param unsupported: the part that Ssoko cannot honour at all, if there is one.
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


def parse_authn_request(xml: bytes) -> tuple[AuthnRequest, etree._Element]:
    """Parse *xml*, validate it and return what it says, with the root for ``verify``.

    :raises MessageRefused: when it is no AuthnRequest of SAML 2.0, or malformed.
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
            got=f"index {request.acs_index} with {request.acs_url or request.protocol_binding}",
            expected="AssertionConsumerServiceIndex alone, or AssertionConsumerServiceURL",
            rule="SAML core, section 3.4.1",
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
    """Check what does not depend on who signs in.

    :param destination: URL of the endpoint where the request came in.
    :param entity_id: ours, for Scoping.
    :param max_age: seconds; :param skew: seconds that the SP's clock may be ahead.
    :param signed: the query string is signed; an embedded signature is known from the request.
    :raises MessageRefused: when nothing may be sent to anybody.
    :raises RequestRefused: when the SP is to be told.
    """
    check_freshness(request.issue_instant, now=now, max_age=max_age, skew=skew)
    check_destination(
        request.destination, expected=destination, required=signed or request.has_signature
    )
    if request.protocol_binding not in (None, names.BINDING_POST):
        raise request_refused(
            "binding-unsupported",
            "The request asks for an answer over a binding that is not supported.",
            status=names.STATUS_UNSUPPORTED_BINDING,
            got=request.protocol_binding,
            expected=names.BINDING_POST,
            rule="SAML profiles, section 4.1.2",
        )
    if request.unsupported:
        raise request_refused(
            "request-unsupported",
            "The request asks for something that is not supported.",
            status=names.STATUS_REQUEST_UNSUPPORTED,
            got=request.unsupported,
            expected="a request without it",
            rule="SAML core, section 3.4.1",
        )
    _check_conditions(request, now=now, skew=skew)
    if request.idp_list and entity_id not in request.idp_list:
        raise request_refused(
            "idp-not-listed",
            "The request names other identity providers.",
            status=names.STATUS_NO_SUPPORTED_IDP,
            got=", ".join(request.idp_list),
            expected=entity_id,
            rule="SAML core, section 3.4.1.3",
        )


def _check_conditions(request: AuthnRequest, *, now: int, skew: int) -> None:
    begin, end = request.conditions_not_before, request.conditions_not_on_or_after
    if (begin is not None and now + skew < begin) or (end is not None and now - skew >= end):
        raise request_refused(
            "conditions-not-met",
            "The request is for another time.",
            status=names.STATUS_REQUEST_DENIED,
            got=f"from {begin} to {end}",
            expected=str(now),
            rule="SAML core, section 3.4.1 (Conditions)",
        )
    if request.audiences and request.issuer not in request.audiences:
        raise request_refused(
            "audience-unsupported",
            "The request asks for an assertion for somebody else.",
            status=names.STATUS_REQUEST_UNSUPPORTED,
            got=", ".join(request.audiences),
            expected=request.issuer,
            rule="SAML core, section 3.4.1 (Conditions)",
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
    # A declaration reference is known to nobody here, so it counts as a class that is never met.
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
    begin, end = conditions.get("NotBefore"), conditions.get("NotOnOrAfter")
    audiences = conditions.iterfind(f"{_SAML}AudienceRestriction/{_SAML}Audience")
    return {
        "has_conditions": True,
        "conditions_not_before": parse_instant(begin) if begin else None,
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
    """Refuse a NameID that the SP asks for and does not get.

    :param name_id_format: the format that the application's NameIDs have.
    :param sp_entity_ids: the names by which the SP may qualify its own NameIDs.
    :raises RequestRefused: with InvalidNameIDPolicy.
    """
    asked = request.name_id_format
    if asked not in (None, names.NAMEID_UNSPECIFIED, name_id_format):
        raise request_refused(
            "nameid-format",
            "The request asks for a kind of NameID that this application does not send.",
            status=names.STATUS_INVALID_NAMEID_POLICY,
            got=asked,
            expected=name_id_format,
            rule="SAML core, section 3.4.1.1",
            fix="Change the NameID format here, or in the service provider's settings.",
        )
    qualifier = request.sp_name_qualifier
    if qualifier and qualifier not in sp_entity_ids:
        raise request_refused(
            "nameid-qualifier",
            "The request asks for a NameID of another service provider.",
            status=names.STATUS_INVALID_NAMEID_POLICY,
            got=qualifier,
            expected=", ".join(sp_entity_ids),
            rule="SAML core, section 3.4.1.1",
        )


def choose_authn_context(request: AuthnRequest | None, *, satisfied: Sequence[str]) -> str:
    """Return the context class for the answer: one that is true and that the SP accepts.

    :param satisfied: classes that the sign-in satisfies, the most telling one first.
    :raises RequestRefused: with NoAuthnContext.
    """
    if request is None or not request.authn_contexts:
        return satisfied[0]
    asked = request.authn_contexts
    if request.authn_comparison == "exact":
        # Unspecified says nothing about the sign-in, so every sign-in satisfies it.
        fitting = [c for c in asked if c in satisfied or c == names.AUTHN_UNSPECIFIED]
    else:
        fitting = _comparable(asked, request.authn_comparison, satisfied)
    if fitting:
        return fitting[0]
    raise request_refused(
        "authn-context",
        "The request asks for another way to sign in than was used.",
        status=names.STATUS_NO_AUTHN_CONTEXT,
        responder=True,
        got=f"{request.authn_comparison} {', '.join(asked)}",
        expected=", ".join(satisfied),
        rule="SAML core, section 3.3.2.2.1",
        fix="Have the person sign in in that way, or turn the demand off at the service provider.",
    )


def _comparable(asked: Sequence[str], comparison: str, satisfied: Sequence[str]) -> list[str]:
    wanted = [STRENGTH.index(c) for c in asked if c in STRENGTH]
    if not wanted or (comparison == "better" and len(wanted) != len(asked)):
        return []
    ranked = sorted((c for c in satisfied if c in STRENGTH), key=STRENGTH.index, reverse=True)
    tests = {
        "minimum": lambda rank: rank >= min(wanted),
        "better": lambda rank: rank > max(wanted),
        "maximum": lambda rank: rank <= max(wanted),
    }
    return [c for c in ranked if tests[comparison](STRENGTH.index(c))]
