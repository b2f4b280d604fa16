"""Record evidence about an application that is in no other table.

None of this happens during a sign-in: admins download files, and a service provider confirms a
response with a logout message, or through the pages of its own plugin.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from peewee import PeeweeException

from ssoko.services.context import Actor, Services
from ssoko.services.issuers.metadata_fetches import newest_key
from ssoko.store.ids import new_id
from ssoko.store.models.activity import Event
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import SigningKey
from ssoko.store.models.sessions import Participation, Session
from ssoko.store.models.table import database
from ssoko.store.sql import execute

log = logging.getLogger(__name__)

#: The most sign-ins of an application that are read, newest first.
RECENT = 500

_TAKEN = """
INSERT INTO guide_evidence (id, application_id, kind, key_id, at, by_name, acs_url, audience)
VALUES (?, ?, ?, ?, ?, ?, '', '') ON CONFLICT (application_id, kind, key_id) DO NOTHING
"""

_ACCEPTED = """
INSERT INTO guide_evidence (id, application_id, kind, key_id, at, by_name, acs_url, audience)
VALUES (?, ?, 'accepted', ?, ?, ?, ?, ?) ON CONFLICT (application_id, kind, key_id) DO UPDATE SET
  at = excluded.at, by_name = excluded.by_name, acs_url = excluded.acs_url,
  audience = excluded.audience
"""


@dataclass(frozen=True, slots=True)
class SentResponse:
    """A requested sign-in: with a response, or refused for lack of access.

    :param started: ``redirect``, ``post``, or ``ssoko`` when it was IdP-initiated.
    :param acs_url: where the response was sent; empty when there was none.
    :param audience: entity ID of the service provider; empty in the oldest events.
    """

    at: int
    user_id: str
    user_name: str
    answered: bool
    started: str
    acs_url: str
    audience: str


def note_metadata(
    services: Services, actor: Actor, application_id: str, issuer_id: str, sent: bytes
) -> None:
    """Record the first download of the metadata file with each key."""
    _note_file(services, actor, application_id, "metadata", newest_key(issuer_id, sent))


def note_certificate(
    services: Services, actor: Actor, application_id: str, issuer_id: str, certificate: str
) -> None:
    """Record the first download of a certificate of an application.

    :param certificate: PEM, of whichever of the issuer's keys.
    """
    key: Any = SigningKey.get_or_none(
        SigningKey.issuer == issuer_id, SigningKey.certificate == certificate
    )
    if key is not None:
        _note_file(services, actor, application_id, "certificate", key.id)


def note_accepted(
    services: Services, application_id: str, participations: Iterable[Participation]
) -> None:
    """Record that the SP accepted these sessions, inside the caller's transaction.

    It accepted the last response of each session. A response that an earlier key signed is
    ignored.
    """
    key = active_key(Application.get_by_id(application_id).issuer.id)
    recent = recent_sign_ins(application_id)
    for row in participations:
        sent = _sent_to(row, recent)
        if sent is None or sent.at < key.activated_at:
            continue
        execute(
            _ACCEPTED,
            (
                new_id(),
                application_id,
                key.id,
                services.clock(),
                sent.user_name,
                sent.acs_url,
                sent.audience,
            ),
        )


def note_confirmed(
    services: Services, integration: str, application_id: str, session_index: str
) -> None:
    """Record that the pages of a plugin accepted a response; applications of others are ignored.

    :param session_index: that of the assertion.
    """
    rows: Any = (
        Participation.select(Participation, Session)
        .join(Session)
        .switch(Participation)
        .join(Application)
        .where(
            Participation.application == application_id,
            Participation.session_index == session_index,
            Participation.ended_at.is_null(),
            Application.integration == integration,
            Application.uninstalled_at.is_null(),
        )
    )
    try:
        with database.atomic():
            note_accepted(services, application_id, list(rows))
    except PeeweeException as error:
        log.warning(
            "A confirmation of %s about %s was not recorded: %s", integration, application_id, error
        )


def recent_sign_ins(application_id: str) -> tuple[SentResponse, ...]:
    """Return the last sign-ins of an application, newest first, with one statement."""
    workspace = Application.select(Application.workspace).where(Application.id == application_id)
    rows: Any = (
        Event.select(Event.at, Event.actor_id, Event.actor_name, Event.outcome, Event.detail)
        .where(
            Event.workspace == workspace,
            Event.application_id == application_id,
            Event.action == "sign-in",
        )
        .order_by(Event.id.desc())
        .limit(RECENT)
        .tuples()
    )
    return tuple(
        SentResponse(
            at=at,
            user_id=user_id,
            user_name=user_name,
            answered=outcome == "done",
            started=str(detail.get("started", "")),
            acs_url=str(detail.get("acs_url", "")),
            audience=str(detail.get("audience") or detail.get("sp") or ""),
        )
        for at, user_id, user_name, outcome, detail in rows
    )


def active_key(issuer_id: str) -> Any:
    """Return the row of the active signing key."""
    return SigningKey.get(SigningKey.issuer == issuer_id, SigningKey.state == "active")


def _sent_to(row: Participation, recent: Iterable[SentResponse]) -> SentResponse | None:
    user_id = row.session.user_id
    # Participation and event are written in one transaction, with one time.
    return next(
        (
            sent
            for sent in recent
            if sent.answered and sent.at == row.last_used_at and sent.user_id == user_id
        ),
        None,
    )


def _note_file(
    services: Services, actor: Actor, application_id: str, kind: str, key_id: str
) -> None:
    if not key_id:
        return
    try:
        with database.atomic():
            now = services.clock()
            execute(_TAKEN, (new_id(), application_id, kind, key_id, now, actor.name))
    except PeeweeException as error:
        # The file is sent anyway; a later download is recorded.
        log.warning("A download of the %s of %s was not recorded: %s", kind, application_id, error)
