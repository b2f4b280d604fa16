"""One's own account: details, password, sessions."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import AuthenticationFailed, InputError
from ssoko.services import sessions, users
from ssoko.web.forms import text_field
from ssoko.web.session import (
    begin_browser_session,
    current_actor,
    current_services,
    current_signed_in,
    current_user,
    current_workspace,
    signed_in,
)

blueprint = Blueprint("account", __name__, url_prefix="/w/<workspace>/account")


@blueprint.get("")
@signed_in
def show() -> str:
    """Show one's details, a form for the password, and where one is signed in."""
    return _page({})


def _page(errors: dict[str, list[str]]) -> str:
    fields = [
        text_field(
            "current_password",
            "Password now",
            kind="password",
            required=True,
            autocomplete="current-password",
            errors=errors,
        ),
        text_field(
            "password",
            "New password",
            kind="password",
            required=True,
            autocomplete="new-password",
            help="At least 12 characters, and none that are easy to guess. A few words are fine",
            errors=errors,
        ),
    ]
    signed = current_signed_in()
    listed = sessions.list_sessions(current_services(), current_workspace().id, current_user().id)
    return render_template(
        "account/show.html",
        title="Your account",
        fields=fields,
        errors=errors,
        sessions=listed,
        own_handle=signed.handle if signed else "",
    )


@blueprint.post("/password")
@signed_in
def password() -> Response | tuple[str, int]:
    """Change the password; every session ends, and this browser gets a new one."""
    services, workspace, user = current_services(), current_workspace(), current_user()
    signing_in = {"address": request.remote_addr or "", "user_agent": request.user_agent.string}
    new = request.form.get("password", "")
    try:
        # Signing in again is the one check that counts the tries as well.
        proof = sessions.sign_in(
            services,
            workspace.id,
            username=user.username,
            password=request.form.get("current_password", ""),
            **signing_in,
        )
        sessions.end_session(services, proof, current_actor())
        users.update_user(services, workspace.id, current_actor(), user.id, password=new)
    except AuthenticationFailed:
        return _page({"current_password": ["This is not your password. Type it again"]}), 422
    except InputError as error:
        return _page(error.errors), 422
    token = sessions.sign_in(
        services, workspace.id, username=user.username, password=new, **signing_in
    )
    begin_browser_session(token)
    flash("Password changed. Every other session has ended.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sessions/end-others")
@signed_in
def end_others() -> Response:
    """End all sessions but this one."""
    signed = current_signed_in()
    sessions.end_sessions(
        current_services(),
        current_workspace().id,
        current_actor(),
        current_user().id,
        keep=signed.session_id if signed else None,
    )
    flash("Every other session has ended.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sessions/<handle>/end")
@signed_in
def end(handle: str) -> Response:
    """End one session; that of this browser signs out."""
    sessions.end_sessions(
        current_services(),
        current_workspace().id,
        current_actor(),
        current_user().id,
        handle=handle,
    )
    flash("The session has ended.")
    return redirect(url_for("account.show"), 303)
