"""Receive logout messages: what is settled before any session ends.

Stricter than for a sign-in: a logout message without a good signature of exactly the service
provider that it names does nothing at all, whatever the application's settings say.
"""

from collections.abc import Sequence

from lxml import etree

from ssoko.errors import MessageRefused, NotFound, RequestRefused
from ssoko.plugin import ServiceProvider
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.logout import (
    LogoutRequest,
    LogoutResponse,
    check_logout_request,
    check_logout_response,
    parse_logout_request,
    parse_logout_response,
)
from ssoko.saml.response import NameId
from ssoko.saml.verify import verify_enveloped, verify_query
from ssoko.services.issuers import issuers
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.attempt import Exchange
from ssoko.services.sso.saml.authn_request import uninstalled
from ssoko.services.sso.saml.logout_messages import Field, Party
from ssoko.store.models.sessions import Participation
from ssoko.store.models.sso import LogoutFlow, LogoutTarget

#: States of a target that an answer may still come for; a late one is better than none.
OUTSTANDING = ("asked", "silent")

#: Seconds that a sign-out may be under way before nobody waits for it any more.
LIFETIME = 600


def receive_request(exchange: Exchange, inbound: Inbound) -> tuple[LogoutRequest, Party]:
    """Read a LogoutRequest and verify who sent it; nothing else of it is judged yet.

    :raises MessageRefused: when it is malformed, unsigned, or signed by somebody else.
    """
    exchange.inbound = inbound
    request, root = parse_logout_request(inbound.xml)
    exchange.logout = request
    party = _sender(exchange, request)
    _verify(inbound, request, root, party.sp, "SAMLRequest")
    return request, party


def check_request(exchange: Exchange, request: LogoutRequest, *, signed_query: bool) -> NameId:
    """Hold a verified LogoutRequest against the rules and return whom it names.

    :raises MessageRefused: when nothing may be done or sent.
    :raises RequestRefused: when the SP is to be told.
    """
    check_logout_request(
        request, now=exchange.now, destination=_endpoint(exchange), signed=signed_query
    )
    if request.name_id is None:  # the check has refused it
        raise ValueError("a LogoutRequest without NameID has passed")
    return request.name_id


def receive_response(exchange: Exchange, inbound: Inbound) -> tuple[LogoutResponse, LogoutTarget]:
    """Read a LogoutResponse that answers an outstanding request of ours.

    :raises MessageRefused: when it is malformed, unsigned, by somebody else, or unsolicited.
    """
    exchange.inbound = inbound
    response, root = parse_logout_response(inbound.xml)
    exchange.logout = response
    party = _sender(exchange, response)
    _verify(inbound, response, root, party.sp, "SAMLResponse")
    target = (
        LogoutTarget.select()
        .join(LogoutFlow)
        .where(
            LogoutTarget.request_id == (response.in_response_to or ""),
            LogoutTarget.application == party.application_id,
            LogoutTarget.state.in_(OUTSTANDING),
            LogoutFlow.created_at > exchange.now - LIFETIME,
        )
        .first()
    )
    check_logout_response(
        response,
        now=exchange.now,
        destination=_endpoint(exchange),
        request_id=target.request_id if target else "a request of ours that waits for its answer",
        signed=inbound.signed_query,
    )
    return response, target


def participations_of(
    party: Party, name_id: NameId, session_indexes: Sequence[str], *, idp_entity_id: str
) -> list[Participation]:
    """Return the sign-ins that a LogoutRequest speaks of, those that are over included.

    The qualifiers count as sent; one that is left out is that of the IdP or SP itself (core,
    section 8.3.7). Without a SessionIndex all sessions of the person are meant (section 3.7.1).

    :raises RequestRefused: with UnknownPrincipal, when there is none.
    """
    query = Participation.select().where(
        Participation.application == party.application_id, Participation.name_id == name_id.value
    )
    if session_indexes:
        query = query.where(Participation.session_index.in_(list(session_indexes)[:100]))
    found = [
        row
        for row in query
        if name_id.format in (names.NAMEID_UNSPECIFIED, row.name_id_format)
        and (name_id.name_qualifier or idp_entity_id) == (row.name_qualifier or idp_entity_id)
        and (name_id.sp_name_qualifier or party.sp.entity_id)
        == (row.sp_name_qualifier or party.sp.entity_id)
    ]
    if found:
        return found
    raise RequestRefused(
        "logout-unknown-person",
        "The application asked to sign somebody out who is not signed in to it.",
        status=names.STATUS_UNKNOWN_PRINCIPAL,
        got=name_id.value[:500],
        expected="the NameID and SessionIndex of a sign-in to this application",
        rule="SAML core, sections 3.2.2.2 and 3.7.3.2",
    )


def _sender(exchange: Exchange, message: LogoutRequest | LogoutResponse) -> Party:
    candidate = sign_in_context.by_sp(
        exchange.issuer_id, message.issuer, session_id=exchange.session_id, now=exchange.now
    )
    if candidate is None:
        raise NotFound("There is no such sign-out address.")
    if candidate.application_id is None:
        own = sign_in_context.by_own_issuer(
            exchange.issuer_id, session_id=exchange.session_id, now=exchange.now
        )
        exchange.candidate = own
        if not candidate.shared and (own is None or own.application_id is None):
            raise uninstalled()
        raise MessageRefused(
            "sp-unknown",
            "The message comes from a service provider that is not registered here.",
            got=message.issuer[:500],
            expected="the entity ID of an application on this issuer",
            rule="SAML core, section 3.2.1 (Issuer)",
            fix="Give both sides the same entity ID of the service provider.",
        )
    exchange.candidate = candidate
    return Party(
        application_id=candidate.application_id,
        name=candidate.name,
        issuer_id=candidate.issuer_id,
        sp=sign_in_context.record_of(candidate).service_provider,
    )


def _verify(
    inbound: Inbound,
    message: LogoutRequest | LogoutResponse,
    root: etree._Element,
    sp: ServiceProvider,
    field: Field,
) -> None:
    if not sp.certificates:
        raise MessageRefused(
            "logout-no-certificate",
            "Nobody can tell whether this message really comes from the application.",
            got="no certificate of the service provider on record",
            expected="a certificate to hold the signature against",
            rule="Logout messages must be signed (SAML profiles, section 4.4.3.1).",
            fix="Add the service provider's certificate to the application's settings.",
        )
    if inbound.signed_query:
        verify_query(inbound.raw_query, sp.certificates, message=field)
    if message.has_signature or not inbound.signed_query:
        verify_enveloped(root, sp.certificates)


def _endpoint(exchange: Exchange) -> str:
    return issuers.logout_endpoint(exchange.services.config.base_url, exchange.issuer_id)
