"""Single sign-on: from an AuthnRequest, or a pressed tile, to the answer for the SP.

A request is read, its application is found, its signature is held against the recorded
certificates, and its ACS URL against the recorded ones; all that comes before anybody is asked to
sign in. One gate then decides for every launch, whoever began it.

Two choices where the specification leaves one: a person without the role sees a page of ours, not
the SP's error page, since ours says whom to ask; and a signature is passed over when the
application has no certificate to hold it against and does not require signed requests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from peewee import IntegrityError

from ssoko.errors import AccessRefused, MessageRefused, NotFound, Refusal, RequestRefused
from ssoko.plugin import ServiceProvider
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.request import parse_authn_request
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import Services
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.admission import has_to_sign_in, require_access
from ssoko.services.sso.attempt import Exchange, write_refusal, write_sign_in
from ssoko.services.sso.saml import authn_request, pending
from ssoko.services.sso.saml.assertion import session_index, signed_response, status_response
from ssoko.services.sso.sign_in_context import Candidate
from ssoko.store.models.table import database


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAnswer:
    """The person is in: their browser posts this to the SP.

    :param saml_response: base64, the value of the form field of that name.
    """

    acs_url: str
    saml_response: str
    relay_state: str
    application_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer(PostAnswer):
    """The SP is told why not, the same way; ``refusal`` is what the log knows of it."""

    refusal: RequestRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSignIn:
    """The person has to sign in, and then comes back to ``next_path``.

    :param continue_key: of the request that waits; empty when there is none.
    :param again: somebody is signed in and has to sign in anew all the same.
    """

    continue_key: str
    workspace_slug: str
    application_name: str
    next_path: str
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The vendor takes only sign-ins that it began itself: there the browser goes."""

    url: str
    application_name: str


_BINDINGS = {"redirect": names.BINDING_REDIRECT, "post": names.BINDING_POST}

Answer = PostAnswer | ErrorAnswer | NeedSignIn | Elsewhere


def begin(
    services: Services,
    issuer_id: str,
    inbound: Inbound,
    *,
    session: SignedIn | None,
    address: str = "",
) -> Answer:
    """Answer an AuthnRequest.

    :raises NotFound: when there is no such issuer.
    :raises Refusal: when a page says why not; it is in the log under its ``reference``.
    """
    exchange = _exchange(services, issuer_id, session, address, inbound)

    def steps() -> Answer:
        candidate, sp, verified = authn_request.receive(exchange, inbound, received_at=exchange.now)
        if not has_to_sign_in(exchange, candidate):
            if verified:
                _remember(exchange)
            return _admit(exchange, candidate, sp)
        with database.atomic():
            key, exchange.pending_id = pending.keep(
                issuer_id, inbound, now=exchange.now, asked_session=exchange.session_id
            )
            if verified:
                _remember(exchange)
        return _sign_in(exchange, candidate, key)

    return _answered(exchange, steps)


def hold(services: Services, issuer_id: str, inbound: Inbound, *, address: str = "") -> str:
    """Keep a request that came without the browser's cookie, and return its key.

    :raises NotFound: when there is no such issuer.
    :raises Refusal: when it would be refused whoever is signed in.
    """
    exchange = _exchange(services, issuer_id, None, address, inbound)
    try:
        authn_request.receive(exchange, inbound, received_at=exchange.now)
    except RequestRefused:
        pass  # the SP is told once the browser is back
    except Refusal as refusal:
        write_refusal(exchange, refusal)
        raise
    with database.atomic():
        key, _ = pending.keep(issuer_id, inbound, now=exchange.now)
    return key


def resume(
    services: Services,
    issuer_id: str,
    key: str,
    *,
    session: SignedIn | None,
    address: str = "",
) -> Answer:
    """Answer a request that waited.

    :raises NotFound: when there is no such issuer.
    :raises Refusal: as for :func:`begin`, or when the key opens nothing any more.
    """
    exchange = _exchange(services, issuer_id, session, address)

    def steps() -> Answer:
        waiting = pending.find(issuer_id, key, now=exchange.now)
        inbound = waiting.inbound
        exchange.pending_id = waiting.id
        exchange.inbound = inbound
        exchange.binding, exchange.relay_state = inbound.binding, inbound.relay_state
        candidate, sp, verified = authn_request.receive(
            exchange, inbound, received_at=waiting.created_at
        )
        if verified:
            _remember(exchange)
        if has_to_sign_in(exchange, candidate, waiting):
            pending.ask_again(waiting.id, exchange.session_id)
            return _sign_in(exchange, candidate, key)
        return _admit(exchange, candidate, sp)

    return _answered(exchange, steps)


def launch(
    services: Services,
    place: str,
    application: str | None = None,
    *,
    session: SignedIn | None,
    address: str = "",
) -> Answer:
    """Begin a sign-in here, without a request.

    :param place: the workspace's slug with ``application``, or the id of an application's own
        issuer without.
    :param application: slug or id.
    :raises NotFound: when there is no such application.
    :raises Refusal: when a page says why not.
    """
    exchange = _exchange(services, "" if application else place, session, address)
    exchange.started = "ssoko"

    def steps() -> Answer:
        candidate = _launched(exchange, place, application)
        authn_request.require_enabled(candidate)
        exchange.passed["application"] = candidate.name
        if candidate.user_id is None:
            path = f"/w/{candidate.workspace_slug}/launch/{candidate.slug}"
            return _sign_in(exchange, candidate, next_path=path)
        sp = sign_in_context.record_of(candidate).service_provider
        exchange.answer_to, exchange.relay_state = sp.acs_urls[0], sp.relay_state
        if sp.launch_url:
            require_access(exchange, candidate)
            return Elsewhere(url=sp.launch_url, application_name=candidate.name)
        return _admit(exchange, candidate, sp)

    return _answered(exchange, steps)


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
    """Write down what was refused before a message could be read, and return it.

    :param binding: ``redirect`` or ``post``, whichever it came by.
    :param raw: the message as it came, before anything was decoded.
    :raises NotFound: when there is no such issuer.
    """
    exchange = _exchange(services, issuer_id, session, address)
    exchange.binding, exchange.raw = _BINDINGS.get(binding, ""), raw
    write_refusal(exchange, refusal)
    return refusal


def waiting_application(services: Services, issuer_id: str, key: str) -> str:
    """Return the name of the application whose request waits behind a key, or an empty text."""
    now = services.clock()
    try:
        inbound = pending.find(issuer_id, key, now=now).inbound
        request, _ = parse_authn_request(inbound.xml)
    except Refusal:
        return ""
    candidate = sign_in_context.by_sp(issuer_id, request.issuer, session_id="", now=now)
    return (candidate and candidate.name) or ""


def _exchange(
    services: Services,
    issuer_id: str,
    session: SignedIn | None,
    address: str,
    inbound: Inbound | None = None,
) -> Exchange:
    return Exchange(
        services=services,
        now=services.clock(),
        issuer_id=issuer_id,
        session=session,
        address=address,
        binding=inbound.binding if inbound else "",
        relay_state=inbound.relay_state if inbound else "",
        inbound=inbound,
    )


def _answered(exchange: Exchange, steps: Callable[[], Answer]) -> Answer:
    """Go through the steps; write what is refused down, and tell the SP what it is told."""
    try:
        return steps()
    except RequestRefused as refusal:
        write_refusal(exchange, refusal)
        candidate = exchange.candidate
        if not exchange.answer_to or candidate is None:
            raise
        if exchange.pending_id:
            pending.finish(exchange.pending_id)
        return ErrorAnswer(
            acs_url=exchange.answer_to,
            saml_response=status_response(exchange, candidate, refusal),
            relay_state=exchange.relay_state,
            application_name=candidate.name,
            refusal=refusal,
        )
    except Refusal as refusal:
        write_refusal(exchange, refusal)
        raise


def _launched(exchange: Exchange, place: str, application: str | None) -> Candidate:
    where: dict[str, Any] = {"session_id": exchange.session_id, "now": exchange.now}
    if application is None:
        candidate = sign_in_context.by_own_issuer(place, **where)
    else:
        candidate = sign_in_context.by_slug(place, application, **where)
        candidate = candidate or sign_in_context.by_id(place, application, **where)
    if candidate is None:
        raise NotFound("There is no such application. It may have been uninstalled.")
    exchange.candidate = candidate
    exchange.issuer_id = candidate.issuer_id
    if candidate.application_id is None and candidate.shared:
        raise MessageRefused(
            "request-missing",
            "This address takes the sign-in requests of applications. "
            "Open the application on your dashboard.",
            got="no SAMLRequest",
            expected="a SAMLRequest",
        )
    if candidate.application_id is None:
        raise authn_request.uninstalled()
    return candidate


def _sign_in(
    exchange: Exchange, candidate: Candidate, key: str = "", *, next_path: str = ""
) -> NeedSignIn:
    return NeedSignIn(
        continue_key=key,
        workspace_slug=candidate.workspace_slug,
        application_name=candidate.name,
        next_path=next_path or f"/saml/{candidate.issuer_id}/continue/{key}",
        again=exchange.session is not None,
    )


def _admit(exchange: Exchange, candidate: Candidate, sp: ServiceProvider) -> PostAnswer:
    """Let the person in if the gate does: sign first, write second, answer last."""
    require_access(exchange, candidate)
    saml_response, name_id = signed_response(exchange, candidate, sp)
    try:
        with database.atomic():
            if exchange.pending_id:
                pending.finish(exchange.pending_id)
            write_sign_in(exchange, candidate, name_id, session_index(candidate))
    except IntegrityError as error:
        raise AccessRefused(
            "session-ended",
            "Your session has ended meanwhile. Sign in again.",
            got="a session that ended while the answer was made",
            expected="a session that lasts until the answer is written",
        ) from error
    return PostAnswer(
        acs_url=exchange.answer_to,
        saml_response=saml_response,
        relay_state=exchange.relay_state,
        application_name=candidate.name,
    )


def _remember(exchange: Exchange) -> None:
    if exchange.request is not None:
        pending.remember(
            exchange.issuer_id,
            exchange.request,
            pending_id=exchange.pending_id,
            now=exchange.now,
        )
