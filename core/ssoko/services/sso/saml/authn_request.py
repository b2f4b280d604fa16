"""Find the application of an AuthnRequest, and decide whether its user must sign in first."""

from ssoko.errors import AccessRefused, MessageRefused, NotFound, RequestRefused
from ssoko.plugin import ServiceProvider
from ssoko.saml import names
from ssoko.saml.request import AuthnRequest, Party
from ssoko.services.issuers import issuers
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.admission import uninstalled
from ssoko.services.sso.attempt import Attempt
from ssoko.services.sso.saml.pending import Pending
from ssoko.services.sso.sign_in_context import SignInContext

#: The context classes that a sign-in with a secret over a protected transport satisfies, the most
#: specific first. Plain http is served only on loopback addresses, so it counts as protected.
SATISFIED = (
    names.AUTHN_PASSWORD_PROTECTED,
    names.AUTHN_PASSWORD,
    names.AUTHN_UNSPECIFIED,
)


def find_application(attempt: Attempt, request: AuthnRequest) -> SignInContext:
    """Return the application of the issuer that the request's Issuer identifies.

    :raises NotFound: when there is no such issuer.
    :raises MessageRefused: when the issuer serves no such service provider.
    :raises AccessRefused: when its application was uninstalled.
    """
    session_id, now = attempt.session_id, attempt.now
    context = sign_in_context.by_sp(
        attempt.issuer_id, request.issuer, session_id=session_id, now=now
    )
    if context is None:
        raise NotFound("This sign-in URL does not exist.")
    if context.application_id is not None:
        return context
    expected = "the entity ID of an application on this issuer"
    if not context.shared:
        own = sign_in_context.by_own_issuer(attempt.issuer_id, session_id=session_id, now=now)
        if own is None or own.application_id is None:
            raise uninstalled()
        expected = sign_in_context.record_of(own).service_provider.entity_id
    refusal = MessageRefused(
        "sp-unknown",
        "The request comes from a service provider that is not registered here.",
        received=request.issuer[:500],
        expected=expected,
        source="SAML core, section 3.2.1 (Issuer)",
    )
    refusal.step = "application"
    raise refusal


def party_of(base_url: str, context: SignInContext, sp: ServiceProvider) -> Party:
    """Return the record of a service provider, to judge its requests by."""
    return Party(
        entity_id=sp.entity_id,
        acs_urls=sp.acs_urls,
        acs_indexes=sp.acs_indexes,
        certificates=sp.certificates,
        require_signed_requests=sp.require_signed_requests,
        name_id_format=str(sp.name_id_format),
        idp_entity_id=issuers.entity_id(base_url, context.issuer_id, context.issuer_entity_id),
        endpoint=issuers.login_endpoint(base_url, context.issuer_id),
        satisfied=SATISFIED,
    )


def requires_sign_in(
    request: AuthnRequest, context: SignInContext, pending: Pending | None = None
) -> bool:
    """Return whether the user must sign in before the response.

    ForceAuthn is satisfied by a session that started after its user was sent to sign in.

    :param pending: the pending request, when the user comes back from the sign-in page.
    :raises RequestRefused: with NoPassive, when the user may not be asked.
    """
    forced = request.force_authn
    if forced and pending is not None and pending.asked_session is not None:
        renewed = context.session_id != pending.asked_session
        forced = not (renewed and (context.authn_at or 0) >= pending.created_at)
    if context.user_id is not None and not forced:
        return False
    if request.is_passive:
        refusal = RequestRefused(
            "no-passive",
            "No user is signed in, and the application requested a passive sign-in.",
            status=names.STATUS_NO_PASSIVE,
            responder=True,
            received="IsPassive with ForceAuthn"
            if request.force_authn
            else "IsPassive, no session",
            expected="a session of this workspace",
            source="SAML core, section 3.4.1 (IsPassive)",
        )
        refusal.step = "user"
        raise refusal
    return True


def passive_denial(denial: AccessRefused) -> RequestRefused:
    """Return the status for an SP that asked for no interaction with a user without access."""
    refusal = RequestRefused(
        denial.code,
        str(denial),
        status=names.STATUS_REQUEST_DENIED,
        responder=True,
        received=denial.received,
        expected=denial.expected,
        source="SAML core, section 3.4.1 (IsPassive): no page may be shown",
    )
    refusal.step = denial.step
    return refusal
