"""SAML sign-in: from an AuthnRequest, or a tile on the dashboard, to the response for the SP.

A request is read, its application is found, and the request is judged by the application's record;
all this happens before the user is asked to sign in. Then access is checked, the response is built,
and the sign-in is written.

Two choices where the specification leaves one: a user without access sees our page instead of an
error at the SP, since our page says whom to contact; and when the application does not require
signed requests, a signature that proves nothing counts as none.
"""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from peewee import IntegrityError

from ssoko.errors import AccessRefused, MessageRefused, NotFound, Refusal, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.request import Terms, judge, parse_authn_request
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import Services
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.admission import require_access, require_enabled, uninstalled
from ssoko.services.sso.attempt import Attempt
from ssoko.services.sso.log import write_refusal, write_sign_in
from ssoko.services.sso.saml import pending
from ssoko.services.sso.saml.assertion import session_index, signed_response, status_response
from ssoko.services.sso.saml.authn_request import (
    SATISFIED,
    find_application,
    party_of,
    passive_denial,
    requires_sign_in,
)
from ssoko.services.sso.saml.outcomes import (
    ConfirmLaunch,
    OfferLaunch,
    OpenLaunchUrl,
    PostResponse,
    PostStatus,
    RequireSignIn,
    Result,
)
from ssoko.services.sso.sign_in_context import SignInContext
from ssoko.services.sso.trace import status_acs_url
from ssoko.store.models.table import database

_BINDINGS = {"redirect": names.BINDING_REDIRECT, "post": names.BINDING_POST}


def begin(
    services: Services,
    issuer_id: str,
    inbound: Inbound,
    *,
    session: SignedIn | None,
    address: str = "",
) -> Result:
    """Process an AuthnRequest.

    :param address: IP address of the browser.
    :raises NotFound: when there is no such issuer.
    :raises Refusal: when a page shows the reason; it is logged under its ``reference``.
    """
    attempt = _attempt(services, issuer_id, session, address, inbound)

    def proceed(judged: Attempt, context: SignInContext, terms: Terms) -> Result:
        if judged.request is None or not requires_sign_in(judged.request, context):
            _remember(judged, terms)
            return _respond(judged, context, terms)
        with database.atomic():
            key, pending_id = pending.keep(
                issuer_id,
                inbound,
                address=judged.address,
                now=judged.now,
                asked_session=judged.session_id,
            )
            _remember(replace(judged, pending_id=pending_id), terms)
        return _require_sign_in(judged, context, key)

    return _process(attempt, inbound, attempt.now, proceed)


def hold(services: Services, issuer_id: str, inbound: Inbound, *, address: str = "") -> str:
    """Store a request that came without the browser's cookie, and return its key.

    :raises NotFound: when there is no such issuer.
    :raises Refusal: when the request is refused for every user.
    """
    attempt = _attempt(services, issuer_id, None, address, inbound)
    try:
        _judge(attempt, inbound, attempt.now)
    except _Stopped as stopped:
        if not isinstance(stopped.refusal, RequestRefused):
            write_refusal(stopped.attempt, stopped.refusal)
            raise stopped.refusal from None
        # The SP gets the status once the browser is back with its cookie.
    with database.atomic():
        key, _ = pending.keep(issuer_id, inbound, address=address, now=attempt.now)
    return key


def resume(
    services: Services,
    issuer_id: str,
    key: str,
    *,
    session: SignedIn | None,
    address: str = "",
) -> Result:
    """Process a pending request.

    :raises NotFound: when there is no such issuer.
    :raises Refusal: as for :func:`begin`, or when the key is used or expired.
    """
    attempt = _attempt(services, issuer_id, session, address)
    try:
        waiting = pending.find(issuer_id, key, now=attempt.now)
        if waiting.over:
            return _offer_launch(attempt, waiting)
    except Refusal as refusal:
        write_refusal(attempt, refusal)
        raise
    attempt = replace(
        _attempt(services, issuer_id, session, address, waiting.inbound), pending_id=waiting.id
    )

    def proceed(judged: Attempt, context: SignInContext, terms: Terms) -> Result:
        _remember(judged, terms)
        if judged.request is not None and requires_sign_in(judged.request, context, waiting):
            pending.ask_again(waiting.id, judged.session_id)
            return _require_sign_in(judged, context, key)
        return _respond(judged, context, terms)

    return _process(attempt, waiting.inbound, waiting.created_at, proceed)


def launch(
    services: Services,
    place: str,
    application: str | None = None,
    *,
    session: SignedIn | None,
    address: str = "",
    relay_state: str = "",
    confirmed: bool = True,
) -> Result:
    """Start an IdP-initiated sign-in.

    :param place: the workspace's slug with ``application``, or the ID of an application's own
        issuer without.
    :param application: slug or ID.
    :param relay_state: takes precedence over the one on record.
    :param confirmed: the user started it on a page of Ssoko. Where signed requests are required, a
        link on another site must not start a sign-in.
    :raises NotFound: when there is no such application.
    :raises Refusal: when a page shows the reason.
    """
    attempt = replace(
        _attempt(services, "" if application else place, session, address), started="ssoko"
    )
    context = _find_launched(attempt, place, application)
    attempt = replace(attempt, issuer_id=context.issuer_id, context=context)
    try:
        _require_launchable(context)
        sp = sign_in_context.record_of(context).service_provider
        confirmed = confirmed or not sp.require_signed_requests
        if context.user_id is None:
            ask = {} if confirmed else {"confirm": "1"}
            path = _launch_path(context, relay_state, **ask)
            return _require_sign_in(attempt, context, next_path=path)
        if sp.launch_url:
            name = require_access(services, context).name
            return OpenLaunchUrl(url=sp.launch_url, application_name=name)
        if not sp.idp_initiated:
            raise _not_from_here(require_access(services, context).name)
        if not confirmed:
            return ConfirmLaunch(
                path=_launch_path(context, relay_state),
                application_name=require_access(services, context).name,
                workspace_slug=context.workspace_slug,
            )
        terms = Terms(
            acs_url=sp.acs_urls[0],
            signed=False,
            name_id_format=str(sp.name_id_format),
            authn_context=SATISFIED[0],
        )
        attempt = replace(attempt, terms=terms, relay_state=relay_state or sp.relay_state)
        return _respond(attempt, context, terms)
    except Refusal as refusal:
        return _refuse(attempt, refusal)


def log_refusal(
    services: Services,
    issuer_id: str,
    refusal: Refusal,
    *,
    session: SignedIn | None,
    address: str = "",
    binding: str = "",
    raw: str = "",
) -> Refusal:
    """Log a message that was refused before it could be decoded, and return the refusal.

    :param binding: ``redirect`` or ``post``.
    :param raw: the message as received.
    :raises NotFound: when there is no such issuer.
    """
    attempt = _attempt(services, issuer_id, session, address)
    write_refusal(replace(attempt, binding=_BINDINGS.get(binding, ""), raw=raw), refusal)
    return refusal


def waiting_application(services: Services, issuer_id: str, key: str) -> str:
    """Return the name of the application of a pending request, or an empty text."""
    now = services.clock()
    try:
        context = _context_of(pending.find(issuer_id, key, now=now), issuer_id, now=now)
    except Refusal:
        return ""
    return (context and context.name) or ""


def _context_of(waiting: pending.Pending, issuer_id: str, *, now: int) -> SignInContext | None:
    request, _ = parse_authn_request(waiting.inbound.xml)
    return sign_in_context.by_sp(issuer_id, request.issuer, session_id="", now=now)


def _offer_launch(attempt: Attempt, waiting: pending.Pending) -> OfferLaunch:
    """Offer the application of a request that is over.

    :raises MessageRefused: when the application was uninstalled meanwhile.
    """
    context = _context_of(waiting, attempt.issuer_id, now=attempt.now)
    if context is None or context.application_id is None:
        raise pending.gone()
    sp = sign_in_context.record_of(context).service_provider
    return OfferLaunch(
        workspace_slug=context.workspace_slug,
        application_id=context.application_id,
        application_name=context.name or "",
        expired=not waiting.answered,
        launchable=bool(sp.idp_initiated or sp.launch_url),
    )


class _Stopped(Exception):
    """A refusal, with the attempt up to that step."""

    def __init__(self, attempt: Attempt, refusal: Refusal) -> None:
        self.attempt, self.refusal = attempt, refusal
        super().__init__()


def _process(
    attempt: Attempt,
    inbound: Inbound,
    received_at: int,
    proceed: Callable[[Attempt, SignInContext, Terms], Result],
) -> Result:
    """Judge a request, then proceed with the user."""
    try:
        attempt, context, terms = _judge(attempt, inbound, received_at)
        return proceed(attempt, context, terms)
    except _Stopped as stopped:
        return _refuse(stopped.attempt, stopped.refusal)
    except Refusal as refusal:
        return _refuse(attempt, refusal)


def _judge(
    attempt: Attempt, inbound: Inbound, received_at: int
) -> tuple[Attempt, SignInContext, Terms]:
    """Read a request, find its application, and judge it by the application's record.

    :param received_at: a pending request does not expire while its user signs in.
    """
    try:
        request, root = parse_authn_request(inbound.xml)
        attempt = replace(attempt, request=request)
        context = find_application(attempt, request)
        attempt = replace(attempt, context=context)
        sp = sign_in_context.record_of(context).service_provider
        party = party_of(attempt.services.config.base_url, context, sp)
        # Judged when it arrived, maybe by a server whose clock differs from this one.
        arrived_at = min(max(received_at, request.issue_instant), attempt.now)
        terms = judge(request, root, inbound, party, now=arrived_at)
        attempt = replace(attempt, terms=terms)
        require_enabled(context)
    except Refusal as refusal:
        raise _Stopped(attempt, refusal) from refusal
    return attempt, context, terms


def _respond(attempt: Attempt, context: SignInContext, terms: Terms) -> PostResponse:
    """Check access, build the signed response, and write the sign-in."""
    services, request = attempt.services, attempt.request
    try:
        user_context = require_access(services, context)
    except AccessRefused as denial:
        if request is not None and request.is_passive:
            raise passive_denial(denial) from denial
        raise
    sp = sign_in_context.record_of(user_context).service_provider
    try:
        saml_response, name_id = signed_response(
            services, user_context, sp, request, terms, now=attempt.now
        )
    except Refusal as refusal:
        refusal.step = "response"
        raise
    try:
        with database.atomic():
            if attempt.pending_id:
                pending.finish(attempt.pending_id, now=attempt.now)
            write_sign_in(
                attempt,
                user_context,
                acs_url=terms.acs_url,
                name_id=name_id,
                session_index=session_index(user_context),
            )
    except IntegrityError as error:
        raise AccessRefused(
            "session-ended",
            "Your session has ended. Sign in again.",
            received="a session that ended while the response was built",
            expected="a session that lasts until the response is written",
        ) from error
    return PostResponse(
        acs_url=terms.acs_url,
        saml_response=saml_response,
        relay_state=attempt.relay_state,
        application_name=user_context.name,
    )


def _refuse(attempt: Attempt, refusal: Refusal) -> PostStatus:
    """Log a refusal, and send the SP its status; raise it when a page shows it instead."""
    write_refusal(attempt, refusal)
    acs_url, context = status_acs_url(attempt, refusal), attempt.context
    if not isinstance(refusal, RequestRefused) or not acs_url or context is None:
        raise refusal
    if attempt.pending_id:
        pending.finish(attempt.pending_id, now=attempt.now)
    return PostStatus(
        acs_url=acs_url,
        saml_response=status_response(
            attempt.services,
            context,
            attempt.request,
            refusal,
            acs_url=acs_url,
            now=attempt.now,
        ),
        relay_state=attempt.relay_state,
        application_name=context.name or "",
        refusal=refusal,
    )


def _attempt(
    services: Services,
    issuer_id: str,
    session: SignedIn | None,
    address: str,
    inbound: Inbound | None = None,
) -> Attempt:
    return Attempt(
        services=services,
        now=services.clock(),
        issuer_id=issuer_id,
        session=session,
        address=address,
        binding=inbound.binding if inbound else "",
        relay_state=inbound.relay_state if inbound else "",
        inbound=inbound,
    )


def _find_launched(attempt: Attempt, place: str, application: str | None) -> SignInContext:
    session_id, now = attempt.session_id, attempt.now
    if application is None:
        context = sign_in_context.by_own_issuer(place, session_id=session_id, now=now)
    else:
        context = sign_in_context.by_slug(place, application, session_id=session_id, now=now)
        context = context or sign_in_context.by_id(
            place, application, session_id=session_id, now=now
        )
    if context is None:
        raise NotFound("This application does not exist. It may have been uninstalled.")
    return context


def _require_launchable(context: SignInContext) -> None:
    if context.application_id is None and context.shared:
        raise MessageRefused(
            "request-missing",
            "This URL is for sign-in requests of applications. "
            "Open the application from your dashboard.",
            received="no SAMLRequest",
            expected="a SAMLRequest",
        )
    if context.application_id is None:
        raise uninstalled()
    require_enabled(context)


def _launch_path(context: SignInContext, relay_state: str, **query: str) -> str:
    query |= {"RelayState": relay_state} if relay_state else {}
    path = f"/w/{context.workspace_slug}/launch/{context.slug}"
    return f"{path}?{urlencode(query)}" if query else path


def _not_from_here(name: str) -> MessageRefused:
    return MessageRefused(
        "idp-initiated-off",
        f"{name} does not accept sign-ins that start in Ssoko. Open {name} itself and sign in "
        "there.",
        received="a launch",
        expected="a SAML request of the service provider",
        source="The SAML settings of the application allow no IdP-initiated sign-in.",
    )


def _require_sign_in(
    attempt: Attempt, context: SignInContext, key: str = "", *, next_path: str = ""
) -> RequireSignIn:
    return RequireSignIn(
        continue_key=key,
        workspace_slug=context.workspace_slug,
        application_name=context.name or "",
        next_path=next_path or f"/saml/{context.issuer_id}/continue/{key}",
        again=attempt.session is not None,
    )


def _remember(attempt: Attempt, terms: Terms) -> None:
    """Remember a signed request, so that it cannot be replayed."""
    if terms.signed and attempt.request is not None:
        pending.remember(
            attempt.issuer_id, attempt.request, pending_id=attempt.pending_id, now=attempt.now
        )
