"""The session and the user of a request: Flask-Login on top of the session table.

The URLs of pages start with ``/w/<workspace>``. Their views don't take that argument::

    @blueprint.get("/users")
    @admin_only
    def index() -> str:
        page = users.list_users(current_workspace().id)
"""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import flask_login
from flask import Flask, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from ssoko.errors import Forbidden
from ssoko.services import workspaces
from ssoko.services.authentication import sessions, sign_in
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.people.users import UserView
from ssoko.services.sso.saml import logout
from ssoko.services.workspaces import WorkspaceView
from ssoko.web.framework.cookies import CookieSessions

View = Callable[..., Any]


class BrowserUser(flask_login.UserMixin):
    """The user of Flask-Login; its id is the opaque session token, not the id of the user."""

    def __init__(self, token: str, signed_in: SignedIn) -> None:
        self.token = token
        self.signed_in = signed_in

    def get_id(self) -> str:
        return self.token


def init_session(app: Flask) -> None:
    """Set up session cookies and the lookup of session tokens."""
    app.session_interface = CookieSessions()
    manager = flask_login.LoginManager()
    # Not init_app: for "remember me", which Ssoko doesn't use, it would read the session for every
    # response, and static files would vary by cookie.
    app.login_manager = manager  # type: ignore[attr-defined]
    # Sessions have their own limits; tying them to the IP address would sign phones out.
    manager.session_protection = None
    manager.user_loader(_load)

    @app.url_defaults
    def keep_workspace(endpoint: str, values: dict[str, Any]) -> None:
        slug = (request.view_args or {}).get("workspace") if request else None
        if slug and app.url_map.is_endpoint_expecting(endpoint, "workspace"):
            values.setdefault("workspace", slug)


def _load(token: str) -> BrowserUser | None:
    session_of_token = sessions.load_session(current_services(), token)
    return BrowserUser(token, session_of_token) if session_of_token else None


def current_services() -> Services:
    """Return the services of the app."""
    services: Services = current_app.extensions["ssoko"]
    return services


def current_token() -> str:
    """Return the token of the browser's session, or an empty text."""
    user = flask_login.current_user
    return user.token if user.is_authenticated else ""


def current_signed_in() -> SignedIn | None:
    """Return the session of this browser, in any workspace, or None."""
    user = flask_login.current_user
    return user.signed_in if user and user.is_authenticated else None


def load_signed_in() -> SignedIn | None:
    """Return the session of this browser without Flask-Login, or None.

    For endpoints that need it once: Flask-Login caches it for the request, which costs as much as
    loading it.
    """
    token = session.get("_user_id")
    return sessions.load_session(current_services(), token) if token else None


def current_user() -> UserView:
    """Return the user, in a view with :func:`signed_in` or :func:`admin_only`."""
    current = current_signed_in()
    if current is None:
        raise Forbidden("Sign in first.")
    return current.user


def current_actor() -> Actor:
    """Return who makes the changes of this request, for the activity log."""
    address = request.remote_addr or ""
    current = current_signed_in()
    if current is None:
        return Actor("anonymous", "", "", address)
    return Actor("user", current.user.id, current.user.display_name, address)


def current_workspace() -> WorkspaceView:
    """Return the workspace in the URL.

    :raises NotFound: when no workspace has this slug.
    """
    if "workspace" not in g:
        slug = (request.view_args or {})["workspace"]
        current = current_signed_in()
        if current is not None and current.workspace.slug == slug:
            g.workspace = current.workspace
        else:
            g.workspace = workspaces.get_workspace(slug)
    workspace: WorkspaceView = g.workspace
    return workspace


def current_scope() -> Scope:
    """Return the workspace that the URL names and who acts in it.

    :raises NotFound: when no workspace has this slug.
    """
    return Scope(current_services(), current_workspace().id, current_actor())


def signed_in(view: View) -> View:
    """Require a user of the workspace; others are redirected to the sign-in page."""

    @functools.wraps(view)
    def guarded(*args: Any, workspace: str, **kwargs: Any) -> Any:
        current = current_signed_in()
        if current is None or current.workspace.id != current_workspace().id:
            return _redirect_to_sign_in()
        return view(*args, **kwargs)

    return guarded


def admin_only(view: View) -> View:
    """Require an admin of the workspace; other users get an error page."""

    @signed_in
    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user().admin:
            raise Forbidden("This page is for workspace admins.")
        return view(*args, **kwargs)

    return guarded


def _redirect_to_sign_in() -> Response:
    # The URL of a posted form can't be opened after signing in.
    back = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
    return redirect(url_for("auth.sign_in", next=back), 303)


def start_browser_session(token: str) -> None:
    """Put a new session token into the browser and drop everything of an earlier session.

    :param token: from one of the sign-in services.
    """
    previous_token = current_token()
    session.clear()
    new = sessions.load_session(current_services(), token)
    if new is None:
        raise Forbidden("This session has ended. Sign in again.")
    flask_login.login_user(BrowserUser(token, new))
    g.pop("workspace", None)
    if previous_token:
        sessions.replace_session(current_services(), previous_token, token, current_actor())


def sign_in_with_link(code: str) -> str:
    """Sign in with a one-time link, use it up, and return the workspace's slug.

    :raises AuthenticationFailed: when the link was used or is too old.
    """
    token, slug = sign_in.sign_in_with_link(
        current_services(),
        code,
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
    )
    start_browser_session(token)
    return slug


def end_browser_session() -> str | None:
    """End the session in this browser and on the server.

    :returns: key of the page that signs out of the applications; None when there are none.
    """
    token = current_token()
    key = logout.sign_out(current_services(), token, current_actor()) if token else None
    flask_login.logout_user()
    session.clear()
    return key


def safe_next(target: str | None, otherwise: str) -> str:
    """Return ``target`` when it is a path on this site, or else ``otherwise``.

    Browsers read a backslash as a slash and drop tabs and line breaks, so both are rejected.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return otherwise
    if "\\" in target or any(ord(c) < 33 or ord(c) == 127 for c in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target
