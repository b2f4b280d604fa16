"""Build the signed SAML response of one sign-in, or a response with an error status."""

import secrets
from hashlib import sha256

from ssoko.errors import AccessRefused, HookFailed, InputError, RequestRefused, SignInRefused
from ssoko.plugin import SamlAttribute, ServiceProvider
from ssoko.plugin.host.record import from_column
from ssoko.saml import names
from ssoko.saml.bindings import encode_post
from ssoko.saml.encryption import Encryption
from ssoko.saml.request import AuthnRequest, Terms
from ssoko.saml.response import Attribute, NameId, SignIn, build_response, build_status_response
from ssoko.services.applications.settings import stored_settings
from ssoko.services.context import Services
from ssoko.services.issuers import issuers
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.saml.attributes import UserValues, attributes_for
from ssoko.services.sso.saml.name_ids import name_id_for
from ssoko.services.sso.sign_in_context import SignInContext, UserContext
from ssoko.store.sql import query

#: Seconds by which ``NotBefore`` is backdated, since clocks of SPs may be slow.
BACKDATED = 60

#: Name of an encryption method in a record to its URI.
ENCRYPTION_METHODS = {
    "aes256-gcm": names.AES256_GCM,
    "aes128-gcm": names.AES128_GCM,
    "aes256-cbc": names.AES256_CBC,
    "aes128-cbc": names.AES128_CBC,
}


def session_index(context: UserContext) -> str:
    """Return the SessionIndex: one per session and application, and no secret."""
    text = f"session index {context.session_id} {context.application_id}"
    return f"_{sha256(text.encode()).hexdigest()[:32]}"


def signed_response(
    services: Services,
    context: UserContext,
    sp: ServiceProvider,
    request: AuthnRequest | None,
    terms: Terms,
    *,
    now: int,
) -> tuple[str, NameId]:
    """Return the response as the value of its form field, and its NameID.

    :param request: None for an IdP-initiated sign-in.
    :raises AccessRefused: when a required value of the user is missing, or the plugin fails.
    :raises RequestRefused: when the SP asked for another user.
    """
    idp_entity_id = entity_id_of(services, context)
    user = UserValues(context, now=now)
    name_id = name_id_for(
        sp, user, idp_entity_id=idp_entity_id, name_id_format=terms.name_id_format
    )
    _check_subject(request, name_id)
    sign_in = sign_in_as(
        sp,
        name_id,
        attributes_for(
            sign_in_context.record_of(context).mappers,
            user,
            more=plugin_attributes(services, context, user),
        ),
        issuer=idp_entity_id,
        acs_url=terms.acs_url,
        in_response_to=request.id if request else None,
        session_index=session_index(context),
        authn_instant=context.authn_at or now,
        authn_context=terms.authn_context,
        now=now,
    )
    key = sign_in_context.signing_key(services, context.signing_key_id)
    try:
        xml = build_response(sign_in, key, encrypt=_encryption(sp))
    except ValueError as error:
        raise AccessRefused(
            "response-unsendable",
            "Your account has a value that cannot be sent.",
            received=str(error)[:500],
            expected="characters of XML 1.0",
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
    """Return the content of a response, with the lifetimes and signatures of the record."""
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


def status_response(
    services: Services,
    context: SignInContext,
    request: AuthnRequest | None,
    refusal: RequestRefused,
    *,
    acs_url: str,
    now: int,
) -> str:
    """Return the response with the SAML status of a refusal, as the value of its form field."""
    return encode_post(
        build_status_response(
            response_id=new_message_id(),
            issuer=entity_id_of(services, context),
            destination=acs_url,
            in_response_to=request.id if request else None,
            issue_instant=now,
            status=refusal.status,
            responder=refusal.responder,
            message=f"{refusal} ({refusal.reference})" if refusal.reference else str(refusal),
        )
    )


def entity_id_of(services: Services, context: SignInContext) -> str:
    """Return our entity ID towards the service provider of a sign-in."""
    return issuers.entity_id(services.config.base_url, context.issuer_id, context.issuer_entity_id)


def new_message_id() -> str:
    """Return a message ID: 128 random bits, with the prefix that an XML ID needs."""
    return f"_{secrets.token_hex(16)}"


def _check_subject(request: AuthnRequest | None, name_id: NameId) -> None:
    subject = request.subject if request else None
    if subject and not _is_same_subject(subject, name_id):
        raise RequestRefused(
            "other-subject",
            "The application requested another user than the one who is signed in.",
            status=names.STATUS_UNKNOWN_PRINCIPAL,
            responder=True,
            received=subject[:500],
            expected=name_id.value[:500],
            source="SAML core, section 3.4.1.4 (strongly matching subject)",
            fix="Sign in as the user that the application requests.",
        )


def _is_same_subject(subject: str, name_id: NameId) -> bool:
    kind = names.standard_name_id_format(name_id.format)
    if kind in (names.NAMEID_EMAIL, names.NAMEID_UNSPECIFIED) and "@" in name_id.value:
        return subject.casefold() == name_id.value.casefold()
    return subject == name_id.value


def _encryption(sp: ServiceProvider) -> Encryption | None:
    if not sp.encrypt_assertions:
        return None
    certificate = (sp.encryption_certificates or sp.certificates)[0]
    return Encryption(
        certificate, method=ENCRYPTION_METHODS[sp.encryption_method], recipient=sp.entity_id
    )


_WITHOUT_PLUGIN = "SELECT proposed, without_plugin FROM application WHERE id = ?"


def plugin_attributes(
    services: Services, context: UserContext, user: UserValues
) -> tuple[SamlAttribute, ...]:
    """Return the attributes that the plugin adds itself, if it adds any.

    :raises AccessRefused: code ``plugin-missing``, ``plugin-failed``, or ``plugin-refused`` with
        the plugin's reason.
    """
    loaded = services.registry.get(context.integration)
    if loaded is None:
        _require_no_plugin(context)
        return ()
    if "saml_attributes" not in loaded.hooks:
        return ()
    record = sign_in_context.record_of(context)
    try:
        attributes = services.registry.call(
            context.integration,
            "saml_attributes",
            settings=stored_settings(
                services, loaded, record.settings, application_id=context.application_id
            ),
            person=user.person(),
            roles=user.application_roles,
        )
    except SignInRefused as refusal:
        raise AccessRefused(
            "plugin-refused",
            f"{context.name} needs information that your account does not have.",
            received=str(refusal)[:500],
            expected="what the plugin needs for its attributes",
            fix=refusal.fix or "Follow the plugin's message, then sign in again.",
        ) from refusal
    except (HookFailed, InputError) as error:
        raise AccessRefused(
            "plugin-failed",
            f"{context.name} could not prepare your sign-in.",
            received=str(error)[:500],
            expected="attributes from the plugin",
            fix="See Settings > Plugins, and contact the plugin's publisher.",
        ) from error
    return tuple(attributes or ())


def _require_no_plugin(context: UserContext) -> None:
    """Refuse to leave out attributes that may restrict what the user can do at the vendor."""
    proposed, allowed = query(_WITHOUT_PLUGIN, (context.application_id,))[0]
    if from_column(proposed).get("adds_attributes") and not allowed:
        raise AccessRefused(
            "plugin-missing",
            f"{context.name} could not prepare your sign-in.",
            received="the plugin is not loaded",
            expected="the attributes that the plugin adds at each sign-in",
        )
