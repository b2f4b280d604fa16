"""Reading arguments and forms, and the responses after a change, for all pages."""

from dataclasses import dataclass, field
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, SsokoError

#: What a view with a form returns.
ViewResponse = Response | str | tuple[str, int]

Errors = dict[str, list[str]]


def argument(name: str) -> str:
    """Return one value of the query string, without surrounding spaces."""
    return request.args.get(name, "").strip()


def posted(name: str) -> str:
    """Return one value of the posted form, without surrounding spaces."""
    return request.form.get(name, "").strip()


def has_entries() -> bool:
    """Return whether the page shows what was typed instead of what is stored."""
    return request.method == "POST" or bool(g.get("kept_entries"))


@dataclass(frozen=True, slots=True)
class Undo:
    """A form that reverses a change, shown with its message.

    :param action: URL that it is posted to.
    :param fields: names and values.
    """

    action: str
    fields: dict[str, str] = field(default_factory=dict)


def see(
    endpoint: str, message: str = "", *, undo: Undo | None = None, **values: object
) -> Response:
    """Redirect (303) to another page of the workspace, which shows the message."""
    if message and undo is not None:
        # The session cookie carries it as JSON.
        content: Any = {"text": message, "action": undo.action, "fields": undo.fields}
        flash(content, "undo")
    elif message:
        flash(message)
    return redirect(url_for(endpoint, **values), 303)


def form_page(template: str, errors: Errors, **values: object) -> ViewResponse:
    """Render a page with a form, with status 422 when the form has errors."""
    page = render_template(template, errors=errors, **values)
    return (page, 422) if errors else page


def refused(error: SsokoError, endpoint: str, **values: object) -> Response:
    """Redirect (303) to a page that shows why a change was rejected."""
    flash(sentence_of(error), "warn")
    return redirect(url_for(endpoint, **values), 303)


def sentence_of(error: SsokoError) -> str:
    """Return the messages of an error, without the names of the fields."""
    if isinstance(error, InputError):
        return ". ".join(message for messages in error.errors.values() for message in messages)
    return str(error)


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun, such as ``1 role`` or ``3 people``.

    :param plural: by default, the singular with an s.
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
