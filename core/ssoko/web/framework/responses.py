"""What the admin pages share: reading what was sent, and where to go after a change."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, SsokoError

#: What a view that takes a form may answer.
Answer = Response | str | tuple[str, int]

Errors = dict[str, list[str]]


def argument(name: str) -> str:
    """Return one value of the address, without spaces around it."""
    return request.args.get(name, "").strip()


def posted(name: str) -> str:
    """Return one value of the form, without spaces around it."""
    return request.form.get(name, "").strip()


def see(endpoint: str, message: str = "", **values: object) -> Response:
    """Send the browser to another page of the workspace (303), with a message there."""
    if message:
        flash(message)
    return redirect(url_for(endpoint, **values), 303)


def form_page(template: str, errors: Errors, **values: object) -> Answer:
    """Render a page with a form; its status is 422 when what was sent is refused."""
    page = render_template(template, errors=errors, **values)
    return (page, 422) if errors else page


def refused(error: SsokoError, endpoint: str, **values: object) -> Response:
    """Send the browser back after a change that was refused, saying why."""
    flash(sentence_of(error), "warn")
    return redirect(url_for(endpoint, **values), 303)


def sentence_of(error: SsokoError) -> str:
    """Return what an error says, without the names of fields."""
    if isinstance(error, InputError):
        return ". ".join(message for messages in error.errors.values() for message in messages)
    return str(error)
