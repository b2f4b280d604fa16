"""The one rule about workspace admins: there is always one who can sign in."""

from ssoko.errors import Conflict
from ssoko.store.models import User, Workspace


def keep_an_admin(workspace_id: str, *, field: str, leaving: str) -> None:
    """Refuse to lose the last active admin, inside the caller's transaction.

    :param leaving: id of the active admin who is to be disabled, demoted or deleted.
    :raises Conflict: at ``field``.
    """
    # A write to the workspace's row makes two admins who remove each other take turns.
    Workspace.update(name=Workspace.name).where(Workspace.id == workspace_id).execute()
    others = User.select(User.id).where(
        User.workspace == workspace_id, User.is_admin, User.active, User.id != leaving
    )
    if not others.exists():
        raise Conflict.of(
            field,
            "This is the last active admin of the workspace. Make somebody else an admin first.",
        )
