"""Errors as problem documents (RFC 9457, ``application/problem+json``)."""

import logging
import secrets
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from ssoko.errors import (
    AuthenticationFailed,
    Conflict,
    Forbidden,
    InputError,
    NotFound,
    PluginError,
    Refusal,
    SsokoError,
    TooManyAttempts,
    Unavailable,
)
from ssoko.schemas.output import ProblemSchema

_SCHEMA = ProblemSchema()

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

#: Class of an error to its status; the first class that matches counts.
_STATUS: tuple[tuple[type[SsokoError], int], ...] = (
    (Conflict, 409),
    (InputError, 422),
    (NotFound, 404),
    (Forbidden, 403),
    (AuthenticationFailed, 401),
    (TooManyAttempts, 429),
    (Unavailable, 503),
    (PluginError, 502),
    (Refusal, 400),
)


def problem(status: int, detail: str, errors: dict[str, list[str]] | None = None) -> Response:
    """Return a problem document.

    :param detail: what is wrong and what to do, as sentences.
    :param errors: field name to messages, each saying what to do.
    """
    values: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        values["errors"] = errors
    response = jsonify(_SCHEMA.dump(values))
    response.status_code = status
    response.mimetype = MEDIA_TYPE
    response.cache_control.no_store = True
    return response


def respond(error: Exception) -> Response | None:
    """Return the response to an error, or None for an error that was not raised on purpose."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return _of_ours(error, status)
    return None


def respond_unexpected(error: Exception) -> Response:
    """Log an error that was not raised on purpose, and return its response with a reference."""
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    reference = "ERR-" + secrets.token_hex(4).upper()
    _log.error("%s %s %s", reference, request.method, request.path, exc_info=error)
    return problem(500, f"Something went wrong. Try again. Reference {reference}.")


def _of_http(error: HTTPException) -> Response | None:
    if error.code is None or error.code < 400:
        # A redirect, whose usual body is HTML.
        response = Response(status=error.code or 500)
        response.headers.extend((k, v) for k, v in error.get_headers() if k == "Location")
        response.headers.remove("Content-Type")
        return response
    response = problem(error.code, error.description or "")
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _of_ours(error: SsokoError, status: int) -> Response:
    response = problem(
        status, _sentence(error), error.errors if isinstance(error, InputError) else None
    )
    if isinstance(error, AuthenticationFailed):
        response.headers["WWW-Authenticate"] = 'Bearer realm="Ssoko", error="invalid_token"'
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = "5"
    return response


def _sentence(error: SsokoError) -> str:
    if isinstance(error, Conflict):
        return str(error)
    if isinstance(error, InputError):
        count = len(error.errors)
        return (
            "One field needs another value." if count == 1 else f"{count} fields need other values."
        )
    return str(error)
