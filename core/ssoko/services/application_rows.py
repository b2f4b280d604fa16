"""Write the row of an application, and the event that says so."""

from collections.abc import Mapping
from typing import Any

from ssoko.errors import Conflict, NotFound
from ssoko.services import activity
from ssoko.services.context import Actor, Services
from ssoko.store.models import Application, database


def update(
    services: Services, application_id: str, changes: dict[str, Any], *, seen: int | None = None
) -> None:
    """Write columns; each write has a later ``updated_at``, which sign-in's cache goes by.

    :param seen: ``updated_at`` of what the change was made from; None changes whatever there is.
    :raises Conflict: when somebody changed the application since.
    """
    locked = Application.select(Application.updated_at).where(Application.id == application_id)
    if database.for_update:
        locked = locked.for_update()
    before = locked.scalar()
    if before is None:
        raise NotFound("There is no such application. It may have been uninstalled.")
    if seen is not None and seen != before:
        raise Conflict.of(
            "", "Somebody changed this application meanwhile. Look at it again, then go on."
        )
    at = max(services.clock(), before + 1)
    Application.update(updated_at=at, **changes).where(Application.id == application_id).execute()


def record(
    services: Services,
    actor: Actor,
    action: str,
    row: Any,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write an event about an application, inside the caller's transaction."""
    activity.record(
        row.workspace_id,
        actor,
        action,
        now=services.clock(),
        target_kind="application",
        target_id=row.id,
        target_name=row.name,
        application_id=row.id,
        detail=detail,
    )
