"""Every error becomes a page here, and nowhere else."""

import logging
import secrets
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from ssoko import errors
from ssoko.web.framework.session import current_workspace

_log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[errors.SsokoError], int], ...] = (
    (errors.Conflict, 409),
    (errors.InputError, 422),
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.AuthenticationFailed, 401),
    (errors.TooManyAttempts, 429),
    (errors.Unavailable, 503),
    (errors.PluginError, 502),
)

#: Title and what to do, by status.
_WORDS = {
    400: ("This request cannot be read", "Go back, reload the page and try again."),
    401: ("Sign in first", "Open the sign-in page and try again."),
    403: ("You may not open this", "Ask an admin of your workspace when you need it."),
    404: ("There is nothing here", "The address may be old, or of another workspace."),
    405: ("This address is not opened this way", "Go back and use the page's own button."),
    409: ("It is there already", "Go back and choose another name or open the one there is."),
    413: ("This is too large", "Send less than 1 MB at a time."),
    422: ("Something is missing or wrong", "Go back, correct it and send it again."),
    429: ("Too many tries", "Wait before you try again."),
    500: ("Something broke on our side", "Try again. When it stays, ask an admin."),
    502: ("A plugin is at fault", "An admin sees why under Settings > Plugins."),
    503: ("Ssoko is busy or being repaired", "Try again in a moment."),
}

#: Seconds after which trying again makes sense, when nobody knows better.
RETRY_AFTER = 5
_NOT_KEPT = ("csrf_token", "password", "secret")


def init_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(errors.Refusal, _refusal)
    app.register_error_handler(errors.SsokoError, _known)
    app.register_error_handler(Exception, _unknown)


def error_page(status: int, message: str = "", **more: Any) -> Response:
    """Draw the page of an error.

    :param message: what happened, in a sentence; by default there is none.
    :param more: ``reference``, ``retry_after`` (seconds), ``keep`` (pairs to send again).
    """
    title, advice = _WORDS.get(status, _WORDS[400 if status < 500 else 500])
    _find_workspace(status)
    page = render_template(
        "framework/error.html", title=title, status=status, message=message, advice=advice, **more
    )
    response = Response(page)
    response.status_code = status
    if more.get("retry_after"):
        response.headers["Retry-After"] = str(more["retry_after"])
    return response


def _find_workspace(status: int) -> None:
    # The page names whom to ask, when the address says of which workspace. Where our side broke
    # it may be the database that did, so nothing is asked of it.
    g.without_database = status >= 500
    if g.without_database or "workspace" in g or "workspace" not in (request.view_args or {}):
        return
    try:
        current_workspace()
    except errors.SsokoError:
        g.workspace = None


def _stale_form(error: CSRFError) -> Response:
    # What was typed is handed back only when the form was certainly ours.
    ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    typed = list(request.form.items(multi=True)) if ours and not request.files else []
    secret = any(word in name for name, _ in typed for word in _NOT_KEPT[1:])
    keep = [] if secret else [(k, v) for k, v in typed if k != "csrf_token"]
    if request.endpoint is None:
        keep = []
    return error_page(
        400, "This page was open for too long, or your browser keeps no cookies.", keep=keep
    )


def _http(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400:
        return error
    # A description of our own says more than the one that comes with the status.
    said = error.description if error.description != type(error).description else ""
    response = error_page(code, said or "")
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _known(error: errors.SsokoError) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        return _unknown(error)
    if status >= 502:
        _log.warning("%s: %s", type(error).__name__, error)
    retry_after = getattr(error, "retry_after", RETRY_AFTER if status == 503 else None)
    message = (
        " ".join(m for said in error.errors.values() for m in said)
        if isinstance(error, errors.InputError)
        else str(error)
    )
    return error_page(status, message, retry_after=retry_after)


def _refusal(error: errors.Refusal) -> Response:
    reference = getattr(error, "reference", "")
    return error_page(error.http, str(error), reference=reference)


def _unknown(error: Exception) -> Response:
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    reference = "ERR-" + secrets.token_hex(4).upper()
    _log.error("%s %s %s", reference, request.method, request.path, exc_info=error)
    try:
        return error_page(500, reference=reference)
    except Exception:
        # The page itself cannot be drawn, so say it in plain words.
        _log.exception("%s: no page", reference)
        text = f"{HTTPStatus(500).phrase}. Reference {reference}.\n"
        return Response(text, 500, mimetype="text/plain")
