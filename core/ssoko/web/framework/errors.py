"""The pages of all errors."""

import logging
import secrets
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from ssoko import errors
from ssoko.web.framework import kept_forms
from ssoko.web.framework.session import SessionOver, current_signed_in, current_workspace

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

#: Status to the title of the page and the advice.
_TEXTS = {
    400: ("Bad request", "Go back, reload the page and try again."),
    401: ("Sign in first", "Open the sign-in page and try again."),
    403: ("You don't have access to this page", "If you need it, contact an admin."),
    404: ("Page not found", "The URL may be out of date, or belong to another workspace."),
    405: ("Method not allowed", "Go back and use the button on the page."),
    409: ("Already exists", "Go back and choose another name, or open the existing one."),
    413: ("Request too large", "Requests are limited to 1 MB. Send less at a time."),
    422: ("Some values are missing or not valid", "Go back and correct them."),
    429: ("Too many attempts", "Wait before you try again."),
    500: ("Something went wrong", "Try again. If it happens again, contact an admin."),
    502: ("A plugin failed", "Admins find the reason under Settings > Plugins."),
    503: ("Ssoko is temporarily unavailable", "Try again in a moment."),
}

#: Default of the ``Retry-After`` header, in seconds.
RETRY_AFTER = 5

#: A form with such a field is not sent again from the error page.
_SECRET_FIELDS = ("password", "secret")


class LinkExpired(errors.NotFound):
    """A one-time link was used or is too old."""


def init_errors(app: Flask) -> None:
    """Register the error handlers."""
    app.register_error_handler(CSRFError, handle_csrf_error)
    app.register_error_handler(SessionOver, _handle_session_over)
    app.register_error_handler(HTTPException, _handle_http_exception)
    app.register_error_handler(LinkExpired, _handle_expired_link)
    app.register_error_handler(errors.Refusal, _handle_refusal)
    app.register_error_handler(errors.SsokoError, _handle_ssoko_error)
    app.register_error_handler(Exception, _handle_unexpected_error)


def error_page(status: int, message: str = "", *, title: str = "", **more: Any) -> Response:
    """Render the page of an error.

    :param message: what happened, in a sentence.
    :param title: by default, that of the status.
    :param more: ``reference``, ``retry_after`` (seconds), ``resend`` (fields to post again).
    """
    default_title, advice = _TEXTS.get(status, _TEXTS[400 if status < 500 else 500])
    title = title or default_title
    if title != default_title:
        advice = ""
    _find_workspace(status)
    page = render_template(
        "framework/error.html",
        layout=_layout(),
        title=title,
        status=status,
        message=message,
        advice=advice,
        **more,
    )
    response = Response(page)
    response.status_code = status
    if more.get("retry_after"):
        response.headers["Retry-After"] = str(more["retry_after"])
    return response


def _layout() -> str:
    """Return the template that the page extends: signed-in users keep their menu."""
    signed_in = None if g.without_database else current_signed_in()
    workspace = g.get("workspace")
    if signed_in is None or workspace is None or signed_in.workspace.id != workspace.id:
        return "framework/centered.html"
    return "framework/shell.html" if signed_in.user.admin else "framework/portal.html"


def _find_workspace(status: int) -> None:
    # The page shows the contact of the workspace in the URL. After a server error it doesn't query
    # the database, which may be the part that failed.
    g.without_database = status >= 500
    if g.without_database or "workspace" in g:
        return
    if "workspace" not in (request.view_args or {}):
        signed_in = current_signed_in()
        if signed_in is not None and request.path.startswith(f"/w/{signed_in.workspace.slug}/"):
            g.workspace = signed_in.workspace
        return
    try:
        current_workspace()
    except errors.SsokoError:
        g.workspace = None


def _handle_session_over(error: SessionOver) -> BaseResponse:
    return redirect(kept_forms.sign_in_again(kept_forms.page_to_continue()), 303)


def handle_csrf_error(error: CSRFError) -> BaseResponse:
    """Keep the entries of a form with an outdated token, or offer to send them again."""
    # The fields are kept, or sent again, only if the form was certainly one of this site.
    same_origin = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if same_origin and request.endpoint and "workspace" in (request.view_args or {}):
        page = kept_forms.page_to_continue()
        if current_signed_in() is None:
            return redirect(kept_forms.sign_in_again(page), 303)
        if kept_forms.is_kept(page):
            return redirect(page, 303)
    fields = list(request.form.items(multi=True)) if same_origin and not request.files else []
    has_secret = any(word in name for name, _ in fields for word in _SECRET_FIELDS)
    if has_secret or request.endpoint is None:
        fields = []
    return error_page(
        400,
        "It was open for too long, or your browser blocks cookies. Reload and try again.",
        title="This page expired",
        resend=[(name, value) for name, value in fields if name != "csrf_token"],
    )


def _handle_expired_link(error: LinkExpired) -> Response:
    return error_page(404, str(error), title="This link has expired")


def _handle_http_exception(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400:
        return error
    # The default description of the status says less than the title and advice.
    message = error.description if error.description != type(error).description else ""
    response = error_page(code, message or "")
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _handle_ssoko_error(error: errors.SsokoError) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        return _handle_unexpected_error(error)
    # The cause of a database failure is logged where it is noticed.
    if status >= 502 and not getattr(error, "cause", ""):
        _log.warning("%s: %s", type(error).__name__, error)
    retry_after = getattr(error, "retry_after", RETRY_AFTER if status == 503 else None)
    message = (
        " ".join(message for messages in error.errors.values() for message in messages)
        if isinstance(error, errors.InputError)
        else str(error)
    )
    return error_page(status, message, retry_after=retry_after)


def _handle_refusal(error: errors.Refusal) -> Response:
    reference = getattr(error, "reference", "")
    return error_page(error.http, str(error), reference=reference)


def _handle_unexpected_error(error: Exception) -> Response:
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    reference = "ERR-" + secrets.token_hex(4).upper()
    _log.error("%s %s %s", reference, request.method, request.path, exc_info=error)
    try:
        return error_page(500, reference=reference)
    except Exception:
        _log.exception("%s: the error page failed", reference)
        text = f"{HTTPStatus(500).phrase}. Reference {reference}.\n"
        return Response(text, 500, mimetype="text/plain")
