"""The account page of the current user: details, password, sessions."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, TooManyAttempts
from ssoko.services.authentication import sessions
from ssoko.web.components.forms import text_field
from ssoko.web.framework.session import (
    current_scope,
    current_services,
    current_signed_in,
    current_user,
    signed_in,
    start_browser_session,
)

blueprint = Blueprint("account", __name__, url_prefix="/w/<workspace>/account")


@blueprint.get("")
@signed_in
def show() -> str:
    """Show the details, the password form and the sessions of the current user."""
    return _page({})


def _page(errors: dict[str, list[str]]) -> str:
    fields = [
        text_field(
            "current_password",
            "Current password",
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
            help="At least 12 characters and hard to guess. A few words work well",
            errors=errors,
        ),
    ]
    session = current_signed_in()
    listed = sessions.list_sessions(
        current_scope(),
        current_user().id,
        current=session.session_id if session else None,
    )
    return render_template(
        "account/show.html", title="Your account", fields=fields, errors=errors, sessions=listed
    )


@blueprint.post("/password")
@signed_in
def password() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Change the password and end all other sessions."""
    session = current_signed_in()
    assert session is not None  # noqa: S101 - ensured by the decorator
    try:
        token = sessions.change_password(
            current_services(),
            session,
            current=request.form.get("current_password", ""),
            new=request.form.get("password", ""),
            address=request.remote_addr or "",
            user_agent=request.user_agent.string,
        )
    except InputError as error:
        return _page(error.errors), 422
    except TooManyAttempts as error:
        return _page({"": [str(error)]}), 429, {"Retry-After": str(error.retry_after)}
    start_browser_session(token)
    flash("Changed your password. All your other sessions ended.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sessions/end-others")
@signed_in
def end_others() -> Response:
    """End all sessions except the current one."""
    session = current_signed_in()
    sessions.end_sessions(
        current_scope(),
        current_user().id,
        keep=session.session_id if session else None,
    )
    flash("Ended all other sessions. Applications keep their own sessions until those expire.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sessions/<handle>/end")
@signed_in
def end(handle: str) -> Response:
    """End one session; ending the current one signs out."""
    sessions.end_sessions(
        current_scope(),
        current_user().id,
        handle=handle,
    )
    flash("Ended the session. Applications keep their own sessions until those expire.")
    return redirect(url_for("account.show"), 303)
