"""Build and sign the logout messages that the browser takes to a service provider."""

from dataclasses import dataclass
from typing import Literal

from ssoko.errors import NotFound
from ssoko.plugin import ServiceProvider
from ssoko.plugin.host.record import service_provider_from_json
from ssoko.saml import names
from ssoko.saml.bindings import encode_post, encode_redirect
from ssoko.saml.logout import build_logout_request, build_logout_response
from ssoko.saml.response import NameId
from ssoko.saml.signing import SigningKey
from ssoko.services.context import Services
from ssoko.services.issuers import issuers
from ssoko.services.sso import sign_in_context
from ssoko.store import sql
from ssoko.store.models.applications import Application

#: Seconds for which a LogoutRequest is valid.
VALID = 300

_KEY = "SELECT id FROM signing_key WHERE issuer_id = ? AND state = 'active'"

Field = Literal["SAMLRequest", "SAMLResponse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The application that sends or receives a logout message.

    :param issuer_entity_id: chosen by an admin, or empty; see ``issuers.entity_id``.
    """

    application_id: str
    name: str
    issuer_id: str
    issuer_entity_id: str
    sp: ServiceProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A signed message that the browser takes to an SP.

    :param url: with HTTP-Redirect, the URL including the message; with HTTP-POST, the form's URL.
    :param message: with HTTP-POST, the base64 value of the form field ``field``; otherwise "".
    """

    application_name: str
    url: str
    field: Field
    message: str = ""
    relay_state: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status of a LogoutResponse (SAML core, section 3.2.2.2).

    :param partial: not all service providers ended their session.
    :param responder: an error is the IdP's and not the SP's.
    """

    status: str = names.STATUS_SUCCESS
    partial: bool = False
    responder: bool = True
    message: str = ""


def party_of(application: Application) -> Party:
    """Return the party of an application."""
    return Party(
        application_id=application.id,
        name=application.name,
        issuer_id=application.issuer.id,
        issuer_entity_id=application.issuer.entity_id,
        sp=service_provider_from_json(application.service_provider),
    )


def entity_id_of(services: Services, party: Party) -> str:
    """Return our entity ID towards a party."""
    return issuers.entity_id(services.config.base_url, party.issuer_id, party.issuer_entity_id)


def logout_request(
    services: Services,
    party: Party,
    *,
    request_id: str,
    name_id: NameId,
    session_indexes: tuple[str, ...],
) -> Outgoing:
    """Return the LogoutRequest that asks an SP to end its sessions of a user."""
    sp, key = party.sp, _active_key(services, party.issuer_id)
    now = services.clock()
    xml = build_logout_request(
        request_id=request_id,
        issuer=entity_id_of(services, party),
        destination=sp.slo_url,
        issue_instant=now,
        not_on_or_after=now + VALID,
        name_id=name_id,
        session_indexes=session_indexes,
        key=key if sp.slo_binding == "post" else None,
    )
    # The response returns RelayState: with it a response is recognized that cannot be read.
    return _outgoing(party, sp.slo_url, xml, "SAMLRequest", request_id, key)


def logout_response(
    services: Services,
    party: Party,
    *,
    response_id: str,
    in_response_to: str,
    relay_state: str,
    outcome: Outcome,
) -> Outgoing:
    """Return the response to an SP's LogoutRequest. It is only sent to a registered URL."""
    sp, key = party.sp, _active_key(services, party.issuer_id)
    url = sp.slo_response_url or sp.slo_url
    xml = build_logout_response(
        response_id=response_id,
        issuer=entity_id_of(services, party),
        destination=url,
        in_response_to=in_response_to,
        issue_instant=services.clock(),
        status=outcome.status,
        partial=outcome.partial,
        responder=outcome.responder,
        message=outcome.message,
        key=key if sp.slo_binding == "post" else None,
    )
    return _outgoing(party, url, xml, "SAMLResponse", relay_state, key)


def _outgoing(
    party: Party, url: str, xml: bytes, field: Field, relay_state: str, key: SigningKey
) -> Outgoing:
    if party.sp.slo_binding == "post":
        return Outgoing(
            application_name=party.name,
            url=url,
            field=field,
            message=encode_post(xml),
            relay_state=relay_state,
        )
    signed = encode_redirect(url, xml, message=field, relay_state=relay_state, key=key)
    return Outgoing(application_name=party.name, url=signed, field=field)


def _active_key(services: Services, issuer_id: str) -> SigningKey:
    rows = sql.query(_KEY, (issuer_id,))
    if not rows:
        raise NotFound("This issuer has no active key.")
    return sign_in_context.signing_key(services, rows[0][0])
