"""Pending AuthnRequests, whose user must sign in first, and replay detection for signed ones."""

import secrets
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ssoko.errors import MessageRefused
from ssoko.saml.bindings import Inbound
from ssoko.saml.logout import LogoutRequest
from ssoko.saml.request import AuthnRequest
from ssoko.services.credentials.rate_limits import network_of
from ssoko.store.models.sso import PendingRequest, SeenRequest
from ssoko.store.models.table import database

#: Seconds that a user has to sign in.
LIFETIME = 3600

#: Seconds for which a request that is over still names its application, from its expiry.
KNOWN = 86_400

#: Seconds after which a request has certainly expired: waiting time, maximum age and clock skew.
REMEMBERED = LIFETIME + 1200

#: Requests of one network and of all that are stored for one issuer; the oldest are dropped.
#: Anyone can send requests, and a large office shares one address.
PER_PLACE = 1000
PER_ISSUER = 10_000

#: The total is checked at one of so many requests.
_CHECKED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A pending AuthnRequest.

    :param id: hash of the key in the URL.
    :param asked_session: for ForceAuthn: the session in which the user was asked to sign in again;
        empty when there was no session, None when the user was not asked.
    :param answered: the request already got its response.
    :param expired: it waited for too long.
    """

    id: str
    inbound: Inbound
    created_at: int
    asked_session: str | None = None
    answered: bool = False
    expired: bool = False

    @property
    def over(self) -> bool:
        return self.answered or self.expired


def keep(
    issuer_id: str,
    inbound: Inbound,
    *,
    address: str,
    now: int,
    asked_session: str | None = None,
) -> tuple[str, str]:
    """Store a request, in the caller's transaction, and return its key and its ID.

    The key has 256 random bits and can be used once, within :data:`LIFETIME` seconds. Only its hash
    is stored. The message is compressed, so that it is not stored larger than it was sent.

    :param address: IP address of the browser.
    """
    PendingRequest.delete().where(PendingRequest.expires_at <= now - KNOWN).execute()
    key, place = secrets.token_urlsafe(32), network_of(address)
    PendingRequest.create(
        force_insert=True,
        id=_hash(key),
        issuer=issuer_id,
        binding=inbound.binding,
        message=zlib.compress(inbound.xml),
        place=place,
        raw_query=inbound.raw_query if inbound.signed_query else None,
        relay_state=inbound.relay_state,
        asked_session=asked_session,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    _drop_oldest(issuer_id, place)
    return key, _hash(key)


def _drop_oldest(issuer_id: str, place: str) -> None:
    of_issuer = PendingRequest.issuer == issuer_id
    limits = [(of_issuer & (PendingRequest.place == place), PER_PLACE)]
    if secrets.randbelow(_CHECKED) == 0:
        limits.append((of_issuer, PER_ISSUER))
    for which, most in limits:
        newest: Any = (
            PendingRequest.select(PendingRequest.id)
            .where(which)
            # Those that were answered go first.
            .order_by(
                PendingRequest.answered_at.is_null().desc(),
                PendingRequest.created_at.desc(),
                PendingRequest.id,
            )
        )
        old = [row.id for row in newest.offset(most).limit(most)]
        if old:
            PendingRequest.delete().where(PendingRequest.id.in_(old)).execute()


def find(issuer_id: str, key: str, *, now: int) -> Pending:
    """Return the request with this key.

    For :data:`KNOWN` seconds this includes requests that are over, so that their user is offered
    the application.

    :raises MessageRefused: when there is none, or it has been over for longer.
    """
    row = PendingRequest.get_or_none(
        PendingRequest.id == _hash(key),
        PendingRequest.issuer == issuer_id,
        PendingRequest.expires_at > now - KNOWN,
    )
    if row is None:
        raise gone()
    return Pending(
        id=row.id,
        inbound=Inbound(
            xml=zlib.decompress(bytes(row.message)),
            relay_state=row.relay_state,
            binding=row.binding,
            raw_query=bytes(row.raw_query or b""),
            signed_query=row.raw_query is not None,
        ),
        created_at=row.created_at,
        asked_session=row.asked_session,
        answered=row.answered_at is not None,
        expired=row.expires_at <= now,
    )


def ask_again(pending_id: str, session_id: str) -> None:
    """Store the session in which the user is asked to sign in again; None without a session."""
    PendingRequest.update(asked_session=session_id).where(PendingRequest.id == pending_id).execute()


def finish(pending_id: str, *, now: int) -> None:
    """Mark a request as answered, in the transaction that answers it.

    :raises MessageRefused: when it was completed in another tab.
    """
    waiting = (PendingRequest.id == pending_id) & PendingRequest.answered_at.is_null()
    if not PendingRequest.update(answered_at=now).where(waiting).execute():
        raise gone()


def gone() -> MessageRefused:
    """Return the refusal for a key that is used, expired or unknown."""
    return MessageRefused(
        "request-gone",
        "This sign-in was already completed, or it has expired. Start again at the application.",
        received="a URL that was already used or has expired",
        expected=f"a request from the last {LIFETIME // 60} minutes that is not completed",
    )


def remember(
    issuer_id: str, request: AuthnRequest | LogoutRequest, *, pending_id: str = "", now: int
) -> None:
    """Accept a signed request only once (SAML core, section 1.3.4; security considerations, 6.4.5).

    :param pending_id: ID of the pending request that is continued; the same request is then
        accepted again.
    :raises MessageRefused: when the same request was accepted before.
    """
    unique = "\0".join((issuer_id, request.issuer, request.id))
    row_id = sha256(unique.encode()).hexdigest()
    with database.atomic():
        SeenRequest.delete().where(SeenRequest.expires_at <= now).execute()
        inserted = (
            SeenRequest.insert(id=row_id, pending_id=pending_id, expires_at=now + REMEMBERED)
            .on_conflict_ignore()
            .as_rowcount()
            .execute()
        )
        if inserted:
            return
        seen = SeenRequest.get_or_none(SeenRequest.id == row_id)
    if seen is not None and pending_id and seen.pending_id == pending_id:
        return
    raise MessageRefused(
        "replayed",
        "This request was already used. Start again at the application.",
        received=request.id,
        expected="a new ID in each signed request",
        source="SAML security considerations, section 6.4.5",
    )


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()
