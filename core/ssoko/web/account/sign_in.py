"""Sign-in, sign-out, first setup, one-time links, and the choice of theme."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from ssoko.errors import AuthenticationFailed, InputError, TooManyAttempts
from ssoko.services import workspaces
from ssoko.services.authentication import links
from ssoko.services.authentication import setup as authentication_setup
from ssoko.services.authentication import sign_in as authentication_sign_in
from ssoko.text.names import slugify
from ssoko.web.account.waiting import waiting_application
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.framework import kept_forms
from ssoko.web.framework.errors import LinkExpired, handle_csrf_error
from ssoko.web.framework.session import (
    current_services,
    current_signed_in,
    current_workspace,
    end_browser_session,
    safe_next,
    sign_in_with_link,
    start_browser_session,
)
from ssoko.web.framework.template_globals import THEME_COOKIE

blueprint = Blueprint("auth", __name__)

_YEAR = 365 * 86_400


@blueprint.get("/")
def start() -> Response | str:
    """Redirect to the only workspace or the user's own, or ask for the workspace."""
    session = current_signed_in()
    if session is not None:
        return redirect(url_for("home.show", workspace=session.workspace.slug))
    if authentication_setup.needs_setup():
        return render_template("account/start.html", title="Set up Ssoko", field=None)
    listed = workspaces.list_workspaces()
    if len(listed) == 1:
        return redirect(url_for("home.show", workspace=listed[0].slug))
    slug = slugify(request.args.get("workspace", ""), fallback="")
    if slug:
        return redirect(url_for("auth.sign_in", workspace=slug))
    # Strangers must know the workspace: a list would tell them who uses this site.
    return render_template(
        "account/start.html",
        title="Sign in",
        field=text_field(
            "workspace",
            "Workspace",
            help="Short name of your organization, as in the URL of your sign-in page",
            autocomplete="organization",
            required=True,
            autofocus=True,
        ),
    )


@blueprint.get("/w/<workspace>/sign-in")
def sign_in(workspace: str) -> Response | str:
    """Show the sign-in page; signed-in users continue, unless ``?fresh=1`` asks again."""
    session = current_signed_in()
    user = session.user if session and session.workspace.id == current_workspace().id else None
    fresh = request.args.get("fresh") == "1"
    if user is not None and not fresh:
        return redirect(safe_next(request.args.get("next"), url_for("home.show")))
    username = user.username if user else ""
    return _sign_in_page(username=username, fresh=fresh)


@blueprint.post("/w/<workspace>/sign-in", endpoint="sign_in_post")
def check_password(workspace: str) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Sign in with a username or email address and a password."""
    username = request.form.get("username", "").strip()
    try:
        token = authentication_sign_in.sign_in(
            current_services(),
            current_workspace().id,
            username=username,
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            user_agent=request.user_agent.string,
        )
    except AuthenticationFailed as error:
        return _sign_in_page(username=username, problem=str(error)), 401
    except TooManyAttempts as error:
        page = _sign_in_page(username=username, problem=str(error), wait=error.retry_after)
        return page, 429, {"Retry-After": str(error.retry_after)}
    start_browser_session(token)
    return redirect(safe_next(request.args.get("next"), url_for("home.show")), 303)


@blueprint.errorhandler(CSRFError)
def continue_signed_in(error: CSRFError) -> Response | tuple[str, int]:
    """Continue as the user who signed in in another tab; others see a new sign-in page.

    The token of their sign-in page belongs to the session before.
    """
    if request.endpoint != "auth.sign_in_post":
        return handle_csrf_error(error)
    typed = request.form.get("username", "").strip()
    session = current_signed_in()
    fresh = request.args.get("fresh") == "1"
    if session is None or session.workspace.id != current_workspace().id or fresh:
        problem = (
            "This page was open for too long, or your browser blocks cookies. "
            "Enter your password again."
        )
        return _sign_in_page(username=typed, problem=problem), 400
    user, next_page = session.user, safe_next(request.args.get("next"), url_for("home.show"))
    if typed and typed.casefold() not in {user.username.casefold(), user.email.casefold()}:
        problem = f"You are already signed in as {user.display_name} in another tab."
        return _sign_in_page(username=typed, problem=problem, next_page=next_page), 409
    return redirect(next_page, 303)


def _sign_in_page(
    *,
    username: str,
    problem: str = "",
    wait: int = 0,
    fresh: bool = False,
    next_page: str = "",
) -> str:
    return render_template(
        "account/sign_in.html",
        title=f"Sign in to {current_workspace().name}",
        errors={"": [problem]} if problem else {},
        username=username,
        wait=wait,
        next_page=next_page,
        fresh=fresh or request.args.get("fresh") == "1",
        going_to=waiting_application(request.args.get("next", "")),
        has_kept_form=kept_forms.is_kept(request.args.get("next", "")),
    )


@blueprint.post("/w/<workspace>/sign-out")
def sign_out(workspace: str) -> Response:
    """End the session in the browser and on the server, then at its applications."""
    key = end_browser_session()
    if key is not None:
        return redirect(url_for("logout.signing_out", key=key), 303)
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.post("/w/<workspace>/theme")
def theme(workspace: str) -> Response:
    """Store the theme in a cookie, so that the server renders pages in it."""
    back = safe_next(request.form.get("next"), url_for("home.show"))
    response = make_response(redirect(back, 303))
    choice = request.form.get("theme", "")
    secure = current_services().config.is_https
    if choice in {"light", "dark"}:
        response.set_cookie(
            THEME_COOKIE, choice, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE, secure=secure, httponly=True, samesite="Lax")
    return response


@blueprint.get("/link/<code>")
def link(code: str) -> str:
    """Show whom the link signs in. Opening it doesn't use it up, since mail scanners do that."""
    link = links.peek_link(current_services(), code)
    if link is None or link.purpose != "sign-in":
        raise LinkExpired("It was already used, or it is too old. Ask your admin for a new link.")
    return render_template("account/link.html", title="Sign in with a link", link=link)


@blueprint.post("/link/<code>", endpoint="link_post")
def use_link(code: str) -> Response:
    """Sign in with the link and use it up."""
    try:
        slug = sign_in_with_link(code)
    except AuthenticationFailed as error:
        raise LinkExpired(str(error)) from error
    return redirect(url_for("home.show", workspace=slug), 303)


_SETUP_FIELDS = (
    ("workspace_name", "Workspace name", "Name of your organization", "organization"),
    (
        "workspace_slug",
        "Short name",
        "Lowercase letters, digits and hyphens. Part of every URL, such as /w/acme",
        "off",
    ),
    ("first_name", "First name", "", "given-name"),
    ("last_name", "Last name", "", "family-name"),
    ("username", "Username", "For signing in", "username"),
    ("email", "Email", "You can also sign in with it", "email"),
    (
        "password",
        "Password",
        "At least 12 characters and hard to guess. A few words work well",
        "new-password",
    ),
)
_KINDS = {"password": "password", "email": "email"}


@blueprint.get("/setup")
def setup() -> str:
    """Show the setup page, for a valid setup link."""
    _check_setup_code()
    return _setup_page({}, {})


@blueprint.post("/setup", endpoint="setup_post")
def complete_setup() -> Response | tuple[str, int]:
    """Create the workspace and its first admin."""
    code = _check_setup_code()
    values = {name: request.form.get(name, "") for name, *_ in _SETUP_FIELDS}
    try:
        token, slug = authentication_setup.complete_setup(
            current_services(),
            code,
            **values,
            address=request.remote_addr or "",
            user_agent=request.user_agent.string,
        )
    except InputError as error:
        return _setup_page(values, error.errors), 422
    start_browser_session(token)
    return redirect(url_for("home.show", workspace=slug), 303)


def _check_setup_code() -> str:
    code = request.args.get("code", "")
    link = links.peek_link(current_services(), code) if code else None
    if link is None or link.purpose != "setup" or not authentication_setup.needs_setup():
        raise LinkExpired("It was already used, or it is too old. Run ssoko init for a new link.")
    return code


def _setup_page(values: dict[str, str], errors: dict[str, list[str]]) -> str:
    fields: list[FormField] = [
        text_field(
            name,
            label,
            errors=errors,
            value=values.get(name, ""),
            help=help_text,
            autocomplete=autocomplete,
            kind=_KINDS.get(name, "text"),
            required=True,
            autofocus=name == "workspace_name" and not errors,
        )
        for name, label, help_text, autocomplete in _SETUP_FIELDS
    ]
    return render_template(
        "account/setup.html", title="Set up Ssoko", fields=fields, errors=errors, wide=True
    )
