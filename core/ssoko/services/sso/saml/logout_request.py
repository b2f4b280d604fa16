"""Verify and check logout messages, before any session ends.

Unlike an AuthnRequest, a logout request must always be signed by the service provider that it
names; no setting of the application turns this off. A response without a valid signature is not
believed.
"""

from collections.abc import Iterable, Sequence

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
)
from ssoko.saml.response import NameId
from ssoko.saml.verify import verify_enveloped, verify_query
from ssoko.saml.xml import parse_xml
from ssoko.services.issuers import issuers
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.admission import uninstalled
from ssoko.services.sso.attempt import Attempt
from ssoko.services.sso.saml.logout_messages import Field, Party
from ssoko.services.sso.sign_in_context import SignInContext
from ssoko.store.models.applications import Application
from ssoko.store.models.sessions import Participation
from ssoko.store.models.sso import LogoutFlow, LogoutTarget

#: States of a target that can still get a response, even a late one.
OUTSTANDING = ("asked", "silent", "unproven")

#: Seconds after which a sign-out expires.
LIFETIME = 600


def find_sender(attempt: Attempt, message: LogoutRequest | LogoutResponse) -> SignInContext:
    """Return the application whose service provider sent a message.

    :raises NotFound: when the issuer does not exist.
    :raises MessageRefused: when no application of the issuer has this service provider.
    """
    session_id, now = attempt.session_id, attempt.now
    context = sign_in_context.by_sp(
        attempt.issuer_id, message.issuer, session_id=session_id, now=now
    )
    if context is None:
        raise NotFound("This sign-out URL does not exist.")
    if context.application_id is not None:
        return context
    if not context.shared:
        own = sign_in_context.by_own_issuer(attempt.issuer_id, session_id=session_id, now=now)
        if own is None or own.application_id is None:
            raise uninstalled()
    raise MessageRefused(
        "sp-unknown",
        "The message comes from a service provider that is not registered here.",
        received=message.issuer[:500],
        expected="the entity ID of an application on this issuer",
        source="SAML core, section 3.2.1 (Issuer)",
    )


def party_of_sender(context: SignInContext) -> Party:
    """Return the party of the application that sent a message."""
    return Party(
        application_id=context.application_id or "",
        name=context.name or "",
        issuer_id=context.issuer_id,
        issuer_entity_id=context.issuer_entity_id,
        sp=sign_in_context.record_of(context).service_provider,
    )


def check_request(attempt: Attempt, request: LogoutRequest, inbound: Inbound) -> NameId:
    """Check a verified LogoutRequest, and return the NameID of its user.

    :raises MessageRefused: when the message has no effect and gets no response.
    :raises RequestRefused: when the SP gets a response with an error status.
    """
    check_logout_request(
        request, now=attempt.now, destination=_endpoint(attempt), signed=inbound.signed_query
    )
    if request.name_id is None:  # the check refuses this
        raise ValueError("a LogoutRequest without NameID passed the check")
    return request.name_id


def check_response(
    attempt: Attempt, response: LogoutResponse, inbound: Inbound, party: Party
) -> LogoutTarget:
    """Check a verified LogoutResponse against our pending request, and return its target.

    :raises MessageRefused: when it is wrong, or no request is pending.
    """
    target = find_target(attempt, (response.in_response_to or "",), party.application_id)
    check_logout_response(
        response,
        now=attempt.now,
        destination=_endpoint(attempt),
        request_id=(target and target.request_id) or "the ID of a pending logout request",
        signed=inbound.signed_query,
    )
    if target is None:  # the check refuses this
        raise ValueError("a LogoutResponse without a request passed the check")
    return target


def find_target(
    attempt: Attempt, request_ids: Iterable[str], application_id: str = ""
) -> LogoutTarget | None:
    """Return the target of a pending LogoutRequest to an application of this issuer.

    :param request_ids: IDs in a response. They cannot be guessed: they have 128 random bits.
    :param application_id: only a target of this application; empty for any.
    """
    query = (
        LogoutTarget.select(LogoutTarget, LogoutFlow)
        .join(LogoutFlow)
        .switch(LogoutTarget)
        .join(Application)
        .where(
            LogoutTarget.request_id.in_([text for text in request_ids if text][:2]),
            LogoutTarget.state.in_(OUTSTANDING),
            Application.issuer == attempt.issuer_id,
            LogoutFlow.created_at > attempt.now - LIFETIME,
        )
    )
    if application_id:
        query = query.where(LogoutTarget.application == application_id)
    target: LogoutTarget | None = query.first()
    return target


def claimed_request_id(xml: bytes) -> str:
    """Return the InResponseTo of a refused message, or "" if it cannot be parsed."""
    try:
        return parse_xml(xml).get("InResponseTo", "").strip()[:200]
    except MessageRefused:
        return ""


def participations_of(
    party: Party, name_id: NameId, session_indexes: Sequence[str], *, idp_entity_id: str
) -> list[Participation]:
    """Return the participations that a LogoutRequest refers to, including ended ones.

    A missing qualifier is the entity ID of the IdP or SP (SAML core, section 8.3.7). Without a
    SessionIndex, the request refers to all sessions of the user (section 3.7.1).

    :raises RequestRefused: with UnknownPrincipal, when there is none.
    """
    query = Participation.select().where(
        Participation.application == party.application_id, Participation.name_id == name_id.value
    )
    if session_indexes:
        query = query.where(Participation.session_index.in_(list(session_indexes)[:100]))
    kind = names.standard_name_id_format(name_id.format)
    participations = [
        row
        for row in query
        if kind in (names.NAMEID_UNSPECIFIED, names.standard_name_id_format(row.name_id_format))
        and (name_id.name_qualifier or idp_entity_id) == (row.name_qualifier or idp_entity_id)
        and (name_id.sp_name_qualifier or party.sp.entity_id)
        == (row.sp_name_qualifier or party.sp.entity_id)
    ]
    if participations:
        return participations
    raise RequestRefused(
        "logout-unknown-person",
        "The application asked to sign out a user who is not signed in to it.",
        status=names.STATUS_UNKNOWN_PRINCIPAL,
        received=name_id.value[:500],
        expected="the NameID and SessionIndex of a sign-in to this application",
        source="SAML core, sections 3.2.2.2 and 3.7.3.2",
    )


def verify_message(
    inbound: Inbound,
    message: LogoutRequest | LogoutResponse,
    root: etree._Element,
    sp: ServiceProvider,
    field: Field,
) -> None:
    if not sp.certificates:
        raise MessageRefused(
            "logout-no-certificate",
            "Ssoko cannot verify that this message comes from the application.",
            received="no certificate of the service provider in the application's settings",
            expected="a certificate to verify the signature",
            source="Logout messages must be signed (SAML profiles, section 4.4.3.1).",
            fix="Add the service provider's certificate to the application's settings.",
        )
    if inbound.signed_query:
        verify_query(inbound.raw_query, sp.certificates, message=field)
    if message.has_signature or not inbound.signed_query:
        verify_enveloped(root, sp.certificates)


def _endpoint(attempt: Attempt) -> str:
    return issuers.logout_endpoint(attempt.services.config.base_url, attempt.issuer_id)
