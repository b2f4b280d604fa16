"""Who is looking: Flask-Login over the session rows that the services keep.

Pages live under ``/w/<workspace>``. Their views are written without that argument::

    @blueprint.get("/users")
    @admin_only
    def index() -> str:
        workspace = current_workspace()
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
    """What Flask-Login keeps: its user id is the opaque session token, not the user's id."""

    def __init__(self, token: str, signed_in: SignedIn) -> None:
        self.token = token
        self.signed_in = signed_in

    def get_id(self) -> str:
        return self.token


def init_session(app: Flask) -> None:
    """Teach the app to look session tokens up."""
    app.session_interface = CookieSessions()
    manager = flask_login.LoginManager()
    # Not init_app: for a "remember me" that is not used here, it would look into the session at
    # every answer, and static files would vary by cookie.
    app.login_manager = manager  # type: ignore[attr-defined]
    # The session row has its own limits; a fingerprint of the address would sign phones out.
    manager.session_protection = None
    manager.user_loader(_load)

    @app.url_defaults
    def keep_workspace(endpoint: str, values: dict[str, Any]) -> None:
        slug = (request.view_args or {}).get("workspace") if request else None
        if slug and app.url_map.is_endpoint_expecting(endpoint, "workspace"):
            values.setdefault("workspace", slug)


def _load(token: str) -> BrowserUser | None:
    found = sessions.load_session(current_services(), token)
    return BrowserUser(token, found) if found else None


def current_services() -> Services:
    """Return what the services need, one per app."""
    services: Services = current_app.extensions["ssoko"]
    return services


def current_token() -> str:
    """Return the token of the browser's session, or an empty text."""
    user = flask_login.current_user
    return user.token if user.is_authenticated else ""


def current_signed_in() -> SignedIn | None:
    """Return who is signed in with this browser, in whichever workspace."""
    user = flask_login.current_user
    return user.signed_in if user and user.is_authenticated else None


def glance() -> SignedIn | None:
    """Return who is signed in, for an endpoint that asks this once and draws no page by it.

    Flask-Login remembers for the rest of the request, which costs as much as finding out.
    """
    token = session.get("_user_id")
    return sessions.load_session(current_services(), token) if token else None


def current_user() -> UserView:
    """Return the person of a page behind :func:`signed_in` or :func:`admin_only`."""
    found = current_signed_in()
    if found is None:
        raise Forbidden("Sign in first.")
    return found.user


def current_actor() -> Actor:
    """Return who acts, for the services that write."""
    address = request.remote_addr or ""
    found = current_signed_in()
    if found is None:
        return Actor("anonymous", "", "", address)
    return Actor("user", found.user.id, found.user.display_name, address)


def current_workspace() -> WorkspaceView:
    """Return the workspace that the address names.

    :raises NotFound: when there is none of that name.
    """
    if "workspace" not in g:
        slug = (request.view_args or {})["workspace"]
        found = current_signed_in()
        if found is not None and found.workspace.slug == slug:
            g.workspace = found.workspace
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
    """Let only the people of the workspace in; others are asked to sign in first."""

    @functools.wraps(view)
    def guarded(*args: Any, workspace: str, **kwargs: Any) -> Any:
        wanted = current_workspace()
        found = current_signed_in()
        if found is None or found.workspace.id != wanted.id:
            return _ask_to_sign_in()
        return view(*args, **kwargs)

    return guarded


def admin_only(view: View) -> View:
    """Let only the workspace's admins in; other people of it are refused."""

    @signed_in
    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user().admin:
            raise Forbidden("This page is for workspace admins.")
        return view(*args, **kwargs)

    return guarded


def _ask_to_sign_in() -> Response:
    # Only an address that can be opened again is worth coming back to.
    back = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
    return redirect(url_for("auth.sign_in", next=back), 303)


def begin_browser_session(token: str) -> None:
    """Put a new session token into the browser; nothing of an earlier session stays.

    :param token: from one of the sign-in services.
    """
    before = current_token()
    session.clear()
    found = sessions.load_session(current_services(), token)
    if found is None:
        raise Forbidden("This session has ended already. Sign in again.")
    flask_login.login_user(BrowserUser(token, found))
    g.pop("workspace", None)
    if before:
        sessions.replace_session(current_services(), before, token, current_actor())


def sign_in_with_link(code: str) -> str:
    """Sign in with a one-time link, use it up, and return the workspace's slug.

    :raises AuthenticationFailed: when it opens nothing any more.
    """
    token, slug = sign_in.sign_in_with_link(
        current_services(),
        code,
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
    )
    begin_browser_session(token)
    return slug


def end_browser_session() -> str | None:
    """End the session of this browser, on the server too.

    :returns: the key of the page that tells the applications; None when there are none to tell.
    """
    token = current_token()
    key = logout.sign_out(current_services(), token, current_actor()) if token else None
    flask_login.logout_user()
    session.clear()
    return key


def safe_next(target: str | None, otherwise: str) -> str:
    """Return ``target`` when it is a path on this site, or else ``otherwise``.

    Browsers read a backslash as a slash and drop tabs and line breaks, so neither may be there.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return otherwise
    if "\\" in target or any(ord(c) < 33 or ord(c) == 127 for c in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target
