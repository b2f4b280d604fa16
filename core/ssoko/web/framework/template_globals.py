"""The functions that every template can call, registered as Jinja globals."""

from urllib.parse import quote, urlencode

from flask import Flask, g, request
from werkzeug.datastructures import MultiDict

from ssoko.store.paging import MOST_COUNTED
from ssoko.web.framework.assets import static
from ssoko.web.framework.icons import icon, initials, logo_of, mark, tint
from ssoko.web.framework.menu import menu_items
from ssoko.web.framework.security import form_state
from ssoko.web.framework.session import current_services, current_signed_in
from ssoko.web.framework.times import day_of, duration, exactly, expiry, when

THEME_COOKIE = "ssoko-theme"

_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl", "python")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera", "python": "A script"}
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")


def browser(user_agent: str) -> str:
    """Return the name of a browser and its system, such as ``Firefox on Android``."""
    name = next((b for b in _BROWSERS if b in user_agent), "")
    system = next((s for s in _SYSTEMS if s in user_agent), "")
    name = _BROWSER_NAMES.get(name, name) or "Unknown browser"
    return f"{name} on {system}" if system else name


def index_problem() -> str:
    """Return why the plugin index can't be used, or an empty text."""
    return current_services().index.read().problem


def here(**changes: str | int | None) -> str:
    """Return the URL of this page with other query arguments; None removes one."""
    args = MultiDict(request.args)
    for name, value in changes.items():
        args.poplist(name)
        if value not in (None, ""):
            args[name] = str(value)
    path = quote(request.script_root + request.path, safe="/-._~!$&'()*+,;=:@")
    query = urlencode(list(args.items(multi=True)))
    return f"{path}?{query}" if query else path


def theme() -> str:
    """Return ``light``, ``dark``, or an empty text for the setting of the system."""
    choice = request.cookies.get(THEME_COOKIE, "")
    return choice if choice in {"light", "dark"} else ""


def total_of(total: int, singular: str) -> str:
    """Return the length of a list, such as ``1,203 users`` or ``More than 10,000 users``."""
    if total > MOST_COUNTED:
        return f"More than {MOST_COUNTED:,} {singular}s"
    return f"{total:,} {singular if total == 1 else singular + 's'}"


def init_template_globals(app: Flask) -> None:
    """Register the globals, and set the variables ``me`` and ``workspace`` of every page."""
    from ssoko.web.components.forms import summary_lines

    app.jinja_env.globals.update(
        browser=browser,
        day_of=day_of,
        duration=duration,
        exactly=exactly,
        expiry=expiry,
        form_state=form_state,
        here=here,
        icon=icon,
        index_problem=index_problem,
        initials=initials,
        logo_of=logo_of,
        mark=mark,
        menu_items=menu_items,
        static=static,
        summary_lines=summary_lines,
        theme=theme,
        total_of=total_of,
        tint=tint,
        when=when,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def current_values() -> dict[str, object]:
        session = None if g.get("without_database") else current_signed_in()
        return {"me": session.user if session else None, "workspace": g.get("workspace")}
