"""Getting in and out: sign-in, first run, one-use links, the choice of theme."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import AuthenticationFailed, InputError, NotFound, TooManyAttempts
from ssoko.services import workspaces
from ssoko.services.authentication import links
from ssoko.services.authentication import setup as authentication_setup
from ssoko.services.authentication import sign_in as authentication_sign_in
from ssoko.web.account.waiting import waiting_application
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.framework.session import (
    begin_browser_session,
    current_services,
    current_signed_in,
    current_workspace,
    end_browser_session,
    safe_next,
    sign_in_with_link,
)
from ssoko.web.framework.template_globals import THEME_COOKIE

blueprint = Blueprint("auth", __name__)

_YEAR = 365 * 86_400


@blueprint.get("/")
def start() -> Response | str:
    """Lead to the only workspace, to one's own, or to the list of them."""
    found = current_signed_in()
    if found is not None:
        return redirect(url_for("home.show", workspace=found.workspace.slug))
    if authentication_setup.needs_setup():
        return render_template("account/start.html", title="Set Ssoko up", workspaces=())
    listed = workspaces.list_workspaces()
    if len(listed) == 1:
        return redirect(url_for("home.show", workspace=listed[0].slug))
    return render_template("account/start.html", title="Workspaces", workspaces=listed)


@blueprint.get("/w/<workspace>/sign-in")
def sign_in(workspace: str) -> Response | str:
    """Ask for the password; who is signed in goes on, unless it has to be asked again."""
    wanted = current_workspace()
    found = current_signed_in()
    fresh = request.args.get("fresh") == "1"
    if found is not None and found.workspace.id == wanted.id and not fresh:
        return redirect(safe_next(request.args.get("next"), url_for("home.show")))
    username = found.user.username if found and found.workspace.id == wanted.id else ""
    return _sign_in_page(username=username, fresh=fresh)


@blueprint.post("/w/<workspace>/sign-in", endpoint="sign_in_post")
def check_password(workspace: str) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Check the name and the password."""
    wanted = current_workspace()
    username = request.form.get("username", "").strip()
    try:
        token = authentication_sign_in.sign_in(
            current_services(),
            wanted.id,
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
    begin_browser_session(token)
    return redirect(safe_next(request.args.get("next"), url_for("home.show")), 303)


def _sign_in_page(*, username: str, problem: str = "", wait: int = 0, fresh: bool = False) -> str:
    return render_template(
        "account/sign_in.html",
        title=f"Sign in to {current_workspace().name}",
        errors={"": [problem]} if problem else {},
        username=username,
        wait=wait,
        fresh=fresh or request.args.get("fresh") == "1",
        going_to=waiting_application(request.args.get("next", "")),
    )


@blueprint.post("/w/<workspace>/sign-out")
def sign_out(workspace: str) -> Response:
    """End the session, here and on the server, and then at the applications it signed in to."""
    key = end_browser_session()
    if key is not None:
        return redirect(url_for("logout.signing_out", key=key), 303)
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.post("/w/<workspace>/theme")
def theme(workspace: str) -> Response:
    """Keep the choice of theme in a cookie, so that pages are drawn in it at once."""
    back = safe_next(request.form.get("next"), url_for("home.show"))
    response = make_response(redirect(back, 303))
    chosen = request.form.get("theme", "")
    secure = current_services().config.is_https
    if chosen in {"light", "dark"}:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE, secure=secure, httponly=True, samesite="Lax")
    return response


@blueprint.get("/link/<code>")
def link(code: str) -> str:
    """Say whom the link signs in; opening it, as mail scanners do, does not use it up."""
    found = links.peek_link(current_services(), code)
    if found is None or found.purpose != "sign-in":
        raise NotFound("This link was used already, or its time is over. Ask for a new one.")
    return render_template("account/link.html", title="Sign in with a link", link=found)


@blueprint.post("/link/<code>", endpoint="link_post")
def use_link(code: str) -> Response:
    """Sign in with the link and use it up."""
    try:
        slug = sign_in_with_link(code)
    except AuthenticationFailed as error:
        raise NotFound(str(error)) from error
    return redirect(url_for("home.show", workspace=slug), 303)


_SETUP_FIELDS = (
    ("workspace_name", "Workspace name", "What people call your organization", "organization"),
    (
        "workspace_slug",
        "Workspace address",
        "Small letters, digits and hyphens: it becomes part of every address, /w/acme",
        "off",
    ),
    ("first_name", "First name", "", "given-name"),
    ("last_name", "Last name", "", "family-name"),
    ("username", "User name", "What you sign in with", "username"),
    ("email", "E-mail", "Works for signing in as well", "email"),
    (
        "password",
        "Password",
        "At least 12 characters, and none that are easy to guess. A few words are fine",
        "new-password",
    ),
)
_KINDS = {"password": "password", "email": "email"}


@blueprint.get("/setup")
def setup() -> str:
    """Show the first-run page to who holds the code."""
    _check_setup_code()
    return _setup_page({}, {})


@blueprint.post("/setup", endpoint="setup_post")
def complete_setup() -> Response | tuple[str, int]:
    """Make the workspace and its first admin."""
    code = _check_setup_code()
    typed = {name: request.form.get(name, "") for name, *_ in _SETUP_FIELDS}
    try:
        token, slug = authentication_setup.complete_setup(
            current_services(),
            code,
            **typed,
            address=request.remote_addr or "",
            user_agent=request.user_agent.string,
        )
    except InputError as error:
        return _setup_page(typed, error.errors), 422
    begin_browser_session(token)
    return redirect(url_for("home.show", workspace=slug), 303)


def _check_setup_code() -> str:
    code = request.args.get("code", "")
    found = links.peek_link(current_services(), code) if code else None
    if found is None or found.purpose != "setup" or not authentication_setup.needs_setup():
        raise NotFound("This link was used already, or its time is over. Run: ssoko init")
    return code


def _setup_page(typed: dict[str, str], errors: dict[str, list[str]]) -> str:
    fields: list[FormField] = [
        text_field(
            name,
            label,
            errors=errors,
            value=typed.get(name, ""),
            help=help_text,
            autocomplete=autocomplete,
            kind=_KINDS.get(name, "text"),
            required=True,
            autofocus=name == "workspace_name" and not errors,
        )
        for name, label, help_text, autocomplete in _SETUP_FIELDS
    ]
    return render_template(
        "account/setup.html", title="Set Ssoko up", fields=fields, errors=errors, wide=True
    )
