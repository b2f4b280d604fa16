"""The tab Sessions of a user: the browsers the user is signed in with."""

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
    """List the sessions, each with the applications that the user opened in it."""
    user = users.get_user(current_workspace().id, user_id)
    listed = sessions.list_sessions(current_scope(), user.id)
    return render_user_tab("sessions", user, sessions=listed, own=_own_handle())


@admin_only
def end_one(user_id: str, handle: str) -> Response:
    """End one session."""
    sessions.end_sessions(current_scope(), user_id, handle=handle)
    message = "Ended the session. Applications keep their own sessions until those expire."
    return see("users.sessions", message, user_id=user_id)


@admin_only
def end_all(user_id: str) -> Response:
    """End all sessions of the user, except the one of this request."""
    sessions.end_sessions(current_scope(), user_id, keep=_own_handle())
    own = user_id == current_user().id
    message = "Signed out everywhere else." if own else "Signed out everywhere."
    return see("users.sessions", message, user_id=user_id)


def _own_handle() -> str:
    session = current_signed_in()
    return session.handle if session else ""
