"""Forms that were sent after their session ended: kept until the user has signed in again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ssoko.services.context import Services
from ssoko.services.credentials.secret_tokens import digest, make_token
from ssoko.store.models.sessions import KeptForm, Session
from ssoko.store.models.table import database

#: Seconds for which a form is kept.
LIFETIME = 3600

#: Characters of all names and values of a form.
MAX_SIZE = 200_000

#: Forms that are kept of one user, and of all browsers whose user is unknown.
MAX_KEPT = 20
MAX_UNKNOWN = 100


@dataclass(frozen=True, slots=True)
class KeptEntries:
    """The entries of a form.

    :param fields: pairs of name and value, without secrets.
    :param omitted: something was typed that is not kept: a password, a secret or a file.
    """

    fields: tuple[tuple[str, str], ...]
    omitted: bool


def keep_form(
    services: Services,
    token: str,
    *,
    path: str,
    fields: Sequence[tuple[str, str]],
    omitted: bool = False,
) -> str:
    """Keep a form and return the key to it, or an empty text when the form is too large.

    :param token: of the browser's session, which may have ended; the form is kept for its user.
    :param path: of the page with the form.
    :param fields: without secrets.
    """
    if sum(len(name) + len(value) for name, value in fields) > MAX_SIZE:
        return ""
    now, key = services.clock(), make_token()
    with database.atomic():
        session = Session.get_or_none(Session.id == digest(token)) if token else None
        user_id = session.user_id if session else ""
        KeptForm.delete().where(KeptForm.expires_at <= now).execute()
        _make_room(user_id, MAX_KEPT if user_id else MAX_UNKNOWN)
        KeptForm.create(
            force_insert=True,
            id=digest(key),
            user_id=user_id,
            path=path,
            fields=[list(pair) for pair in fields],
            omitted=omitted,
            expires_at=now + LIFETIME,
        )
    return key


def find_form(services: Services, key: str, *, path: str, user_id: str) -> KeptEntries | None:
    """Return the entries of a form, or None when they are not kept, or for another user."""
    row: Any = KeptForm.get_or_none(
        KeptForm.id == digest(key),
        KeptForm.path == path,
        KeptForm.user_id.in_(["", user_id]),
        KeptForm.expires_at > services.clock(),
    )
    if row is None:
        return None
    return KeptEntries(tuple((str(n), str(v)) for n, v in row.fields), bool(row.omitted))


def _make_room(user_id: str, most: int) -> None:
    newest: Any = (
        KeptForm.select(KeptForm.id)
        .where(KeptForm.user_id == user_id)
        .order_by(KeptForm.expires_at.desc(), KeptForm.id)
    )
    old = [row.id for row in newest.offset(most - 1).limit(most)]
    if old:
        KeptForm.delete().where(KeptForm.id.in_(old)).execute()
