"""The tab Sessions of a user: where the user is signed in, and how to end that."""

from werkzeug.wrappers import Response

from ssoko.services.authentication import sessions
from ssoko.services.people import users
from ssoko.web.components.tabs import render_user_tab
from ssoko.web.framework.responses import see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_signed_in,
    current_user,
    current_workspace,
)


@admin_only
def show(user_id: str) -> str:
    """Show where the user is signed in, and to which applications."""
    here = current_workspace()
    user = users.get_user(here.id, user_id)
    listed = sessions.list_sessions(current_scope(), user.id)
    return render_user_tab("sessions", user, sessions=listed, own=_own_handle())


@admin_only
def end_one(user_id: str, handle: str) -> Response:
    """End one session."""
    sessions.end_sessions(current_scope(), user_id, handle=handle)
    message = "The session is ended. Applications keep their own until those end."
    return see("users.sessions", message, user_id=user_id)


@admin_only
def end_all(user_id: str) -> Response:
    """End every session of the user, except the one that asks."""
    sessions.end_sessions(current_scope(), user_id, keep=_own_handle())
    own = user_id == current_user().id
    message = "Signed out everywhere else." if own else "Signed out everywhere."
    return see("users.sessions", message, user_id=user_id)


def _own_handle() -> str:
    found = current_signed_in()
    return found.handle if found else ""
