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
from ssoko.services.issuers import issuers
from ssoko.services.people.users import UserView
from ssoko.services.sso.saml import logout
from ssoko.services.workspaces import WorkspaceView
from ssoko.web.framework.cookies import CookieSessions

View = Callable[..., Any]

#: In the session cookie: tokens in further workspaces, by slug.
_OTHERS = "others"
_MAX_OTHERS = 7


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
        if request and not slug and g.get("workspace"):
            # The page of an error at a path that is no page.
            slug = g.workspace.slug
        if slug and app.url_map.is_endpoint_expecting(endpoint, "workspace"):
            values.setdefault("workspace", slug)


def _load(token: str) -> BrowserUser | None:
    token = _other_tokens().get((request.view_args or {}).get("workspace", ""), token)
    session_of_token = sessions.load_session(current_services(), token)
    return BrowserUser(token, session_of_token) if session_of_token else None


def _other_tokens() -> dict[str, str]:
    """Return the tokens of this browser in further workspaces, by the slug of the workspace."""
    tokens: dict[str, str] = session.get(_OTHERS, {})
    return tokens


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


def load_signed_in(workspace: str = "", issuer_id: str = "") -> SignedIn | None:
    """Return the session of this browser without Flask-Login, or None.

    For endpoints that need it once: Flask-Login caches it for the request, which costs as much as
    loading it.

    :param workspace: slug of the workspace that the request is about, or else
    :param issuer_id: of the issuer that it is about.
    """
    token, others = session.get("_user_id"), _other_tokens()
    if others:
        slug = workspace or issuers.workspace_slug(issuer_id)
        token = others.get(slug, token)
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


class SessionOver(Exception):
    """A form was sent without a session; what was typed is kept for the user."""


def signed_in(view: View) -> View:
    """Require a user of the workspace; others are redirected to the sign-in page.

    :raises SessionOver: for a posted form.
    """

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
    if request.method not in {"GET", "HEAD"}:
        raise SessionOver
    return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")), 303)


def start_browser_session(token: str) -> None:
    """Put a new session token into the browser and drop everything of an earlier session.

    Sessions in other workspaces continue.

    :param token: from one of the sign-in services.
    """
    services = current_services()
    new = sessions.load_session(services, token)
    if new is None:
        raise Forbidden("This session has ended. Sign in again.")
    tokens = _tokens_by_workspace()
    previous_token = tokens.pop(new.workspace.slug, "")
    session.clear()
    flask_login.login_user(BrowserUser(token, new))
    g.pop("workspace", None)
    if tokens:
        session[_OTHERS] = dict(list(tokens.items())[-_MAX_OTHERS:])
    if previous_token:
        sessions.replace_session(services, previous_token, token, current_actor())


def _tokens_by_workspace() -> dict[str, str]:
    """Return the tokens of this browser that are still valid, by the slug of the workspace."""
    tokens = {}
    for token in (*_other_tokens().values(), session.get("_user_id")):
        signed_in = sessions.load_session(current_services(), token) if token else None
        if token and signed_in is not None:
            tokens[signed_in.workspace.slug] = token
    return tokens


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
    """End the session in this browser and on the server; those in other workspaces continue.

    :returns: key of the page that signs out of the applications; None when there are none.
    """
    token = current_token()
    tokens = [other for other in _tokens_by_workspace().items() if other[1] != token]
    key = logout.sign_out(current_services(), token, current_actor()) if token else None
    flask_login.logout_user()
    session.clear()
    if tokens:
        # One of the other workspaces becomes the one for pages that name none.
        session["_user_id"] = tokens[-1][1]
        session[_OTHERS] = dict(tokens[:-1])
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
