"""Receive an AuthnRequest: everything that is settled before anybody is asked to sign in."""

from typing import Any

from lxml import etree

from ssoko.errors import AccessRefused, MessageRefused, NotFound
from ssoko.plugin import ServiceProvider
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.request import (
    AuthnRequest,
    check_authn_request,
    check_name_id_policy,
    choose_authn_context,
    parse_authn_request,
)
from ssoko.saml.verify import verify_enveloped, verify_query
from ssoko.services.issuers import issuers
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.attempt import Exchange
from ssoko.services.sso.sign_in_context import Candidate

#: What a sign-in with a secret over a protected transport satisfies, the most telling first. Plain
#: http is only served on addresses that do not leave the machine, so it counts as protected.
SATISFIED = (
    names.AUTHN_PASSWORD_PROTECTED,
    names.AUTHN_PASSWORD,
    names.AUTHN_UNSPECIFIED,
)

_BINDING_NAMES = {names.BINDING_REDIRECT: "HTTP-Redirect", names.BINDING_POST: "HTTP-POST"}


def receive(
    exchange: Exchange, inbound: Inbound, *, received_at: int
) -> tuple[Candidate, ServiceProvider, bool]:
    """Hold a request against the rules and the record of its application.

    :param received_at: when it came; it is not stale because its person took some time.
    :returns: the application, its SP, and whether the request bears a good signature.
    :raises Refusal: any of them; ``exchange`` then knows as much as could be found out.
    """
    request, root = parse_authn_request(inbound.xml)
    exchange.request = request
    passed = exchange.passed
    passed["request"] = f"{_BINDING_NAMES.get(inbound.binding, '')}, {len(inbound.xml):,} bytes"
    candidate = _application_of(exchange, request)
    passed["application"] = f"{candidate.name}, found by its entity ID"
    sp = sign_in_context.record_of(candidate).service_provider
    verified = _verify(inbound, request, root, sp)
    passed["signature"] = _signature_words(verified, inbound, request)
    exchange.answer_to = acs_url_for(sp, request)
    passed["acs"] = f"One of {len(sp.acs_urls)} recorded"
    base_url = exchange.services.config.base_url
    check_authn_request(
        request,
        now=received_at,
        destination=issuers.login_endpoint(base_url, candidate.issuer_id),
        entity_id=issuers.entity_id(base_url, candidate.issuer_id),
        signed=inbound.signed_query,
    )
    require_enabled(candidate)
    check_name_id_policy(
        request, name_id_format=str(sp.name_id_format), sp_entity_ids=(sp.entity_id,)
    )
    choose_authn_context(request, satisfied=SATISFIED)
    passed["terms"] = "Destination, time, NameID and way to sign in"
    return candidate, sp, verified


def _signature_words(verified: bool, inbound: Inbound, request: AuthnRequest) -> str:
    if verified:
        return "Fits a recorded certificate"
    if inbound.signed_query or request.has_signature:
        return "Not checked: no certificate is recorded"
    return "None, and none is required"


def require_enabled(candidate: Candidate) -> None:
    """Refuse an application that an admin switched off; raises AccessRefused."""
    if not candidate.enabled:
        raise AccessRefused(
            "application-disabled",
            f"{candidate.name} is disabled.",
            got=f"{candidate.name} is disabled",
            expected="an application that is enabled",
        )


def uninstalled() -> AccessRefused:
    """Say that the application of an issuer is no longer there."""
    return AccessRefused(
        "application-uninstalled",
        "This application was uninstalled.",
        got="an address of an application that is not there any more",
        expected="an installed application",
    )


def acs_url_for(sp: ServiceProvider, request: AuthnRequest) -> str:
    """Return where the answer goes: only ever a recorded address, compared exactly.

    Without indexes on record, the ACS URLs count from zero in their order.

    :raises MessageRefused: when the request names another one.
    """
    if request.acs_url is not None:
        if request.acs_url in sp.acs_urls:
            return request.acs_url
        raise MessageRefused(
            "acs-not-registered",
            "The application asked for the answer at an address that is not registered for it.",
            got=request.acs_url[:500],
            expected=", ".join(sp.acs_urls)[:500],
            rule="SAML profiles, section 4.1.4.1",
        )
    if request.acs_index is None:
        return sp.acs_urls[0]
    indexes = dict(sp.acs_indexes) or dict(enumerate(sp.acs_urls))
    found = indexes.get(request.acs_index)
    if found is None:
        raise MessageRefused(
            "acs-index-unknown",
            "The application asked for the answer at an address that is not registered for it.",
            got=f"AssertionConsumerServiceIndex {request.acs_index}"[:500],
            expected=", ".join(f"{index}: {url}" for index, url in indexes.items())[:500],
            rule="SAML core, section 3.4.1",
        )
    return found


def _application_of(exchange: Exchange, request: AuthnRequest) -> Candidate:
    where: dict[str, Any] = {"session_id": exchange.session_id, "now": exchange.now}
    candidate = sign_in_context.by_sp(exchange.issuer_id, request.issuer, **where)
    if candidate is None:
        raise NotFound("There is no such sign-in address.")
    exchange.candidate = candidate
    if candidate.application_id is not None:
        return candidate
    expected = "the entity ID of an application on this issuer"
    if not candidate.shared:
        own = sign_in_context.by_own_issuer(exchange.issuer_id, **where)
        if own is None or own.application_id is None:
            raise uninstalled()
        exchange.candidate = own
        expected = sign_in_context.record_of(own).service_provider.entity_id
    raise MessageRefused(
        "sp-unknown",
        "The request comes from a service provider that is not registered here.",
        got=request.issuer[:500],
        expected=expected,
        rule="SAML core, section 3.2.1 (Issuer)",
    )


def _verify(
    inbound: Inbound, request: AuthnRequest, root: etree._Element, sp: ServiceProvider
) -> bool:
    """Tell whether there is a good signature; a bad or a required one that lacks is refused."""
    signed = inbound.signed_query or request.has_signature
    if signed and sp.certificates:
        if inbound.signed_query:
            verify_query(inbound.raw_query, sp.certificates, message="SAMLRequest")
        if request.has_signature:
            verify_enveloped(root, sp.certificates)
        return True
    if sp.require_signed_requests:
        raise MessageRefused(
            "signature-required",
            "This application takes only signed requests.",
            got="a signature that no certificate is recorded for" if signed else "no signature",
            expected="a signature by one of the certificates in the application's settings",
            rule="The settings of the application require signed requests.",
        )
    return False
