"""Rotate the key of an issuer: a key is ``next``, then ``active``, then ``retired``.

A next key is immediately in the metadata, in addition to the active key. When it is activated, the
old key stays in the metadata for :data:`KEPT` seconds, and can be activated again during that time.
Rotation does not interrupt sign-ins, since a sign-in in progress loads its key by ID.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from peewee import IntegrityError, fn

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import Scope
from ssoko.services.issuers import keys
from ssoko.services.issuers.issuers import workspace_name
from ssoko.store.ids import new_id
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer, SigningKey
from ssoko.store.models.table import database
from ssoko.text.names import is_id

State = Literal["next", "active", "retired"]

#: Seconds that the certificate of a retired key stays in the metadata: 30 days.
KEPT = 30 * 86_400

#: Seconds after which no sign-in in progress can need a retired key.
SETTLED = 3600

#: Maximum number of listed keys per issuer; the oldest retired keys are omitted.
LISTED = 50

_ORDER: tuple[State, ...] = ("active", "next", "retired")
_ANOTHER = "Someone else changed the keys at the same time. Review them, then try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """A signing key without its private part.

    :param algorithm: URI of the signature algorithm.
    :param description: such as ``RSA 2048, SHA-256``.
    :param certificate: PEM.
    :param sha256: fingerprint, in hexadecimal with colons.
    :param published_until: when a retired key is removed from the metadata; None for other keys.
    :param published: the certificate is in the metadata now.
    """

    id: str
    issuer_id: str
    state: State
    algorithm: str
    description: str
    certificate: str
    sha256: str
    not_before: int
    not_after: int
    created_at: int
    created_by: str
    activated_at: int | None
    retired_at: int | None
    published_until: int | None
    published: bool

    @property
    def kept(self) -> bool:
        """Whether the key is retired and can be activated again."""
        return self.state == "retired" and self.published


def list_keys(scope: Scope, issuer_id: str) -> tuple[KeyView, ...]:
    """Return the keys of an issuer: active, next, then retired, the latest first.

    :raises NotFound: when there is no such issuer.
    """
    issuer = find_issuer(scope.workspace_id, issuer_id)
    rows = sorted(_rows(issuer), key=lambda row: _ORDER.index(row.state))
    return tuple(_view(row, now=scope.services.clock()) for row in rows)


def get_key(scope: Scope, issuer_id: str, key_id: str) -> KeyView:
    """Return one key; raises NotFound."""
    return _view(
        _find(find_issuer(scope.workspace_id, issuer_id), key_id), now=scope.services.clock()
    )


def create_next(
    scope: Scope,
    issuer_id: str,
    *,
    algorithm: str = "rsa-2048",
) -> KeyView:
    """Create the next key of an issuer. Its certificate is immediately in the metadata.

    :param algorithm: one of :data:`ssoko.services.issuers.keys.ALGORITHMS`.
    :raises InputError: at ``algorithm``.
    :raises Conflict: when there already is a next key.
    :raises NotFound: when there is no such issuer.
    """
    issuer = find_issuer(scope.workspace_id, issuer_id)
    if algorithm not in keys.ALGORITHMS:
        raise InputError.of("algorithm", f"Choose one of {', '.join(keys.ALGORITHMS)}")
    _require_no_next(issuer)
    now = scope.services.clock()
    organization = workspace_name(scope.workspace_id)
    made = keys.generate(algorithm, common_name=issuer.name, organization=organization, now=now)
    row_id = new_id()
    try:
        with database.atomic():
            row = SigningKey.create(
                id=row_id,
                issuer=issuer,
                state="next",
                algorithm=made.algorithm,
                certificate=made.certificate,
                private_key=scope.services.keys.encrypt(made.private_pem, row_id=row_id),
                not_before=made.not_before,
                not_after=made.not_after,
                created_at=now,
                created_by=scope.actor.name,
            )
            _record(scope, "key.created", issuer, row)
    except IntegrityError:
        _require_no_next(issuer)
        raise
    return _view(row, now=now)


def activate(scope: Scope, issuer_id: str, key_id: str) -> KeyView:
    """Activate the next key, or a retired key that is still in the metadata.

    The active key is retired and stays in the metadata. If a retired key is activated, the replaced
    key becomes the next key again, unless there is another next key.

    :raises Conflict: when the key is in another state, or the keys were changed at the same time.
    :raises NotFound: when there is no such key.
    """
    issuer, now = find_issuer(scope.workspace_id, issuer_id), scope.services.clock()
    row = _find(issuer, key_id)
    if row.state == "active":
        raise Conflict.of("", "This key is already active.")
    if row.state == "retired" and not _is_published(row, now):
        raise Conflict.of(
            "", "This key was retired and cannot be activated again. Create a new key."
        )
    try:
        with database.atomic():
            _step_down(issuer, now, back=row.state == "retired")
            taken = _update(
                row,
                SigningKey.state == row.state,
                state="active",
                activated_at=now,
                retired_at=None,
                published_until=None,
            )
            if not taken:
                raise Conflict.of("", _ANOTHER)
            action = "key.rolled-back" if row.state == "retired" else "key.activated"
            _record(scope, action, issuer, row)
    except IntegrityError:
        # Another request activated a key at the same time.
        raise Conflict.of("", _ANOTHER) from None
    return get_key(scope, issuer_id, key_id)


def undo(scope: Scope, issuer_id: str) -> KeyView:
    """Roll back: activate the key that was retired last.

    :raises Conflict: when no retired key is in the metadata.
    """
    kept = [key for key in list_keys(scope, issuer_id) if key.kept]
    if not kept:
        raise Conflict.of("", "There is no previous key to roll back to.")
    return activate(scope, issuer_id, kept[0].id)


def retire(scope: Scope, issuer_id: str, key_id: str) -> KeyView:
    """Remove a retired key from the metadata permanently.

    :raises Conflict: when it is active or next, or already removed.
    :raises NotFound: when there is no such key.
    """
    issuer, now = find_issuer(scope.workspace_id, issuer_id), scope.services.clock()
    row = _find(issuer, key_id)
    if row.state == "active":
        raise Conflict.of("", "This is the active key. Activate the next key first.")
    if row.state == "next":
        raise Conflict.of("", "This is the next key. Activate or discard it.")
    if not _is_published(row, now):
        raise Conflict.of("", "This key was already removed from the metadata.")
    with database.atomic():
        if not _update(row, SigningKey.state == "retired", published_until=now):
            raise Conflict.of("", _ANOTHER)
        _record(scope, "key.retired", issuer, row)
    return get_key(scope, issuer_id, key_id)


def discard(scope: Scope, issuer_id: str, key_id: str) -> None:
    """Remove the next key from the metadata and delete it.

    A key that has signed before a rollback is kept as a retired key outside the metadata.

    :raises Conflict: when it is not the next key.
    :raises NotFound: when there is no such key.
    """
    issuer, now = find_issuer(scope.workspace_id, issuer_id), scope.services.clock()
    row = _find(issuer, key_id)
    if row.state != "next":
        raise Conflict.of("", f"You can discard only a next key. This key is {row.state}.")
    with database.atomic():
        if row.activated_at is None:
            gone = SigningKey.delete().where(SigningKey.id == row.id, SigningKey.state == "next")
            done = bool(gone.execute())
        else:
            done = _update(
                row,
                SigningKey.state == "next",
                state="retired",
                retired_at=now,
                published_until=now,
            )
        if not done:
            raise Conflict.of("", _ANOTHER)
        _record(scope, "key.discarded", issuer, row)


def forget_retired(*, now: int) -> int:
    """Delete the private part of keys that were removed from the metadata an hour ago; return how
    many.
    """
    query = SigningKey.update(private_key=b"").where(
        SigningKey.state == "retired",
        SigningKey.published_until <= now - SETTLED,
        fn.LENGTH(SigningKey.private_key) > 0,
    )
    return int(query.execute())


def find_issuer(workspace_id: str, issuer_id: str) -> Issuer:
    """Return the row of an issuer; raises NotFound."""
    found = None
    if is_id(issuer_id):
        found = Issuer.get_or_none(Issuer.id == issuer_id, Issuer.workspace == workspace_id)
    if found is None:
        raise NotFound("This issuer does not exist.")
    issuer: Issuer = found
    return issuer


def _rows(issuer: Issuer) -> Sequence[SigningKey]:
    # Without the private part, which is not needed here.
    wanted = [c for c in SigningKey._meta.sorted_fields if c is not SigningKey.private_key]
    last = fn.COALESCE(SigningKey.retired_at, SigningKey.created_at)
    query = SigningKey.select(*wanted).where(SigningKey.issuer == issuer)
    return list(query.order_by((SigningKey.state == "retired"), last.desc()).limit(LISTED))


def _find(issuer: Issuer, key_id: str) -> SigningKey:
    row = None
    if is_id(key_id):
        row = SigningKey.get_or_none(SigningKey.id == key_id, SigningKey.issuer == issuer)
    if row is None:
        raise NotFound("This key does not exist.")
    return row


def _require_no_next(issuer: Issuer) -> None:
    if SigningKey.select().where(SigningKey.issuer == issuer, SigningKey.state == "next").exists():
        raise Conflict.of("", "There is already a next key. Activate or discard it.")


def _step_down(issuer: Issuer, now: int, *, back: bool) -> None:
    """Deactivate the active key. This must happen before another key is activated."""
    active = SigningKey.update(state="retired", retired_at=now, published_until=now + KEPT).where(
        SigningKey.issuer == issuer, SigningKey.state == "active"
    )
    if back and not _has_next(issuer):
        active = SigningKey.update(state="next").where(
            SigningKey.issuer == issuer, SigningKey.state == "active"
        )
    active.execute()


def _has_next(issuer: Issuer) -> bool:
    query = SigningKey.select().where(SigningKey.issuer == issuer, SigningKey.state == "next")
    return bool(query.exists())


def _update(row: SigningKey, where: Any, **values: Any) -> bool:
    return bool(SigningKey.update(**values).where(SigningKey.id == row.id, where).execute())


def _is_published(row: SigningKey, now: int) -> bool:
    return row.state != "retired" or (row.published_until or 0) > now


def _view(row: SigningKey, *, now: int) -> KeyView:
    facts = keys.describe(row.certificate)
    return KeyView(
        id=row.id,
        issuer_id=row.issuer_id,
        state=cast("State", row.state),
        algorithm=row.algorithm,
        description=facts.key,
        certificate=row.certificate,
        sha256=facts.sha256,
        not_before=row.not_before,
        not_after=row.not_after,
        created_at=row.created_at,
        created_by=row.created_by,
        activated_at=row.activated_at,
        retired_at=row.retired_at,
        published_until=row.published_until,
        published=_is_published(row, now),
    )


def _record(scope: Scope, action: str, issuer: Issuer, key: SigningKey) -> None:
    """Record the event. If the issuer belongs to one application, its page lists the event too."""
    application = None
    if not issuer.shared:
        application = Application.get_or_none(Application.issuer == issuer)
    facts = keys.describe(key.certificate)
    log.record(
        scope,
        action,
        target=issuer,
        application_id=application.id if application else "",
        detail={"key": facts.key, "certificate_sha256": facts.sha256},
    )
