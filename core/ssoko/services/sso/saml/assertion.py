"""Say who somebody is: the assertion of one sign-in."""

import secrets
from hashlib import sha256

from ssoko.errors import AccessRefused, HookFailed, InputError, RequestRefused, SignInRefused
from ssoko.plugin import SamlAttribute, ServiceProvider
from ssoko.saml import names
from ssoko.saml.bindings import encode_post
from ssoko.saml.encryption import Encryption
from ssoko.saml.request import choose_authn_context
from ssoko.saml.response import Attribute, NameId, SignIn, build_response, build_status_response
from ssoko.services.applications.settings import stored_settings
from ssoko.services.context import Services
from ssoko.services.issuers import issuers
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.attempt import Exchange
from ssoko.services.sso.saml.attributes import PersonValues, attributes_for
from ssoko.services.sso.saml.authn_request import SATISFIED
from ssoko.services.sso.saml.name_ids import name_id_for
from ssoko.services.sso.sign_in_context import Candidate

#: ``NotBefore`` lies so many seconds in the past: clocks of SPs are slow.
BACKDATED = 60

#: The words of a record for the methods of XML Encryption.
ENCRYPTION_METHODS = {
    "aes256-gcm": names.AES256_GCM,
    "aes128-gcm": names.AES128_GCM,
    "aes256-cbc": names.AES256_CBC,
    "aes128-cbc": names.AES128_CBC,
}


def session_index(candidate: Candidate) -> str:
    """Return the SessionIndex: the same for one session and application, and it opens nothing."""
    text = f"session index {candidate.session_id} {candidate.application_id}"
    return f"_{sha256(text.encode()).hexdigest()[:32]}"


def signed_response(
    exchange: Exchange, candidate: Candidate, sp: ServiceProvider
) -> tuple[str, NameId]:
    """Return the response as the form field's value, and the NameID that it gives.

    :raises AccessRefused: when the person lacks what the SP must be told, or the plugin fails.
    :raises RequestRefused: when the SP asked for another person.
    """
    base_url = exchange.services.config.base_url
    idp_entity_id = issuers.entity_id(base_url, candidate.issuer_id)
    person = PersonValues(candidate, now=exchange.now)
    name_id = name_id_for(sp, person, idp_entity_id=idp_entity_id)
    _check_subject(exchange, name_id)
    sign_in = sign_in_as(
        sp,
        name_id,
        attributes_for(
            sign_in_context.record_of(candidate).mappers,
            person,
            more=plugin_attributes(exchange.services, candidate, person),
        ),
        issuer=idp_entity_id,
        acs_url=exchange.answer_to,
        in_response_to=exchange.request_id,
        session_index=session_index(candidate),
        authn_instant=candidate.authn_at,
        authn_context=choose_authn_context(exchange.request, satisfied=SATISFIED),
        now=exchange.now,
    )
    key = sign_in_context.signing_key(exchange.services, candidate.signing_key_id)
    try:
        xml = build_response(sign_in, key, encrypt=_encryption(sp))
    except ValueError as error:
        raise AccessRefused(
            "answer-unsendable",
            "Your account has a value that cannot be sent.",
            got=str(error)[:500],
            expected="characters of XML 1.0",
            fix="Type the values of this user again.",
        ) from error
    return encode_post(xml), name_id


def sign_in_as(
    sp: ServiceProvider,
    name_id: NameId,
    attributes: tuple[Attribute, ...],
    *,
    issuer: str,
    acs_url: str,
    in_response_to: str | None,
    session_index: str,
    authn_instant: int,
    authn_context: str,
    now: int,
) -> SignIn:
    """Return what one answer says, with the lifetimes and signatures of the record."""
    return SignIn(
        response_id=new_message_id(),
        assertion_id=new_message_id(),
        issuer=issuer,
        acs_url=acs_url,
        in_response_to=in_response_to,
        issue_instant=now,
        not_before=now - BACKDATED,
        not_on_or_after=now + sp.lifetime,
        audience=sp.entity_id,
        name_id=name_id,
        session_index=session_index,
        authn_instant=authn_instant,
        authn_context=authn_context,
        attributes=attributes,
        session_not_on_or_after=now + sp.session_lifetime if sp.session_lifetime else None,
        sign_response=sp.sign_response,
        sign_assertion=sp.sign_assertion,
    )


def status_response(exchange: Exchange, candidate: Candidate, refusal: RequestRefused) -> str:
    """Return the response that tells an SP why there is no assertion, as the field's value."""
    base_url = exchange.services.config.base_url
    return encode_post(
        build_status_response(
            response_id=new_message_id(),
            issuer=issuers.entity_id(base_url, candidate.issuer_id),
            destination=exchange.answer_to,
            in_response_to=exchange.request_id,
            issue_instant=exchange.now,
            status=refusal.status,
            responder=refusal.responder,
            message=f"{refusal} ({refusal.reference})" if refusal.reference else str(refusal),
        )
    )


def new_message_id() -> str:
    """Return an ID for a message: 128 random bits, as an XML ID may begin."""
    return f"_{secrets.token_hex(16)}"


def _check_subject(exchange: Exchange, name_id: NameId) -> None:
    asked = exchange.request.subject if exchange.request else None
    if asked and asked != name_id.value:
        raise RequestRefused(
            "other-subject",
            "The application asked for somebody else than who is signed in.",
            status=names.STATUS_UNKNOWN_PRINCIPAL,
            responder=True,
            got=asked[:500],
            expected=name_id.value[:500],
            rule="SAML core, section 3.4.1.4 (strongly matching subject)",
            fix="Sign in as the person that the application asks for.",
        )


def _encryption(sp: ServiceProvider) -> Encryption | None:
    if not sp.encrypt_assertions:
        return None
    certificate = (sp.encryption_certificates or sp.certificates)[0]
    return Encryption(
        certificate, method=ENCRYPTION_METHODS[sp.encryption_method], recipient=sp.entity_id
    )


def plugin_attributes(
    services: Services, candidate: Candidate, person: PersonValues
) -> tuple[SamlAttribute, ...]:
    """Ask the plugin for attributes that no mapper can express, if it has any to give.

    :raises AccessRefused: code ``plugin-failed``; ``plugin-refused`` when it says why.
    """
    loaded = services.registry.get(candidate.integration)
    if loaded is None or "saml_attributes" not in loaded.hooks:
        return ()
    record = sign_in_context.record_of(candidate)
    try:
        answer = services.registry.call(
            candidate.integration,
            "saml_attributes",
            settings=stored_settings(
                services, loaded, record.settings, application_id=candidate.application_id
            ),
            person=person.person(),
            roles=person.application_roles,
        )
    except SignInRefused as refused:
        raise AccessRefused(
            "plugin-refused",
            f"{candidate.name} needs something of your account that is not there.",
            got=str(refused)[:500],
            expected="what the plugin needs for its attributes",
            fix=refused.fix or "Do what the plugin says, then let the person try again.",
        ) from refused
    except (HookFailed, InputError) as error:
        raise AccessRefused(
            "plugin-failed",
            f"{candidate.name} could not prepare your sign-in.",
            got=str(error)[:500],
            expected="attributes from the plugin",
            fix="Look at Settings > Plugins, and ask the plugin's publisher.",
        ) from error
    return tuple(answer or ())
