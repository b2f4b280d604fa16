"""Keeps what was typed into a form that outlived its session or its CSRF token.

The entries are kept on the server, without secrets. Once the user has signed in again, the page of
the form shows them, and the user sends the form again.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, current_app, flash, g, request, session, url_for
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException

from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.services.authentication import kept_forms
from ssoko.web.framework.session import current_services, current_signed_in, safe_next

#: Argument of the page with the form.
ARGUMENT = "kept"

#: Parts of the names of fields that are never kept.
_SECRET_PARTS = ("password", "secret", "passphrase", "private_key", "api_key")


def init_kept_forms(app: Flask) -> None:
    """Show kept entries in the pages that are asked to."""
    app.before_request(restore_form)


def page_to_continue() -> str:
    """Return the path of the page to open after signing in again, with the posted entries kept.

    :returns: an empty text when there is no such page.
    """
    # The page that the form was on, with its query: it says which dialog is open.
    page = urlsplit(request.referrer or "")
    path = page.path.removeprefix(request.script_root)
    if page.netloc != request.host or not _can_be_read(path):
        path = request.path
        if not _can_be_read(path):
            return ""
        page = urlsplit(request.script_root + request.full_path)
    query = [(name, value) for name, value in parse_qsl(page.query) if name != ARGUMENT]
    key = _keep(path)
    if key:
        query.append((ARGUMENT, key))
    return safe_next(f"{page.path}?{urlencode(query)}" if query else page.path, "")


def is_kept(target: str) -> bool:
    """Return whether a path to continue to is that of a page with kept entries."""
    return any(name == ARGUMENT for name, _ in parse_qsl(urlsplit(target).query))


def sign_in_again(page: str) -> str:
    """Return the path of the sign-in page that continues to ``page``, or to the start page."""
    workspace = (request.view_args or {}).get("workspace")
    if not workspace:
        return url_for("auth.start")
    return url_for("auth.sign_in", workspace=workspace, next=page or None)


def restore_form() -> None:
    """Let the page see the kept entries as if they had been posted."""
    # Most requests are not parsed here: this runs before each one, and before sign-ins too.
    if request.method != "GET" or ARGUMENT.encode() not in request.query_string:
        return
    key = request.args.get(ARGUMENT)
    if not key:
        return
    signed_in = current_signed_in()
    if signed_in is None:
        return
    entries = kept_forms.find_form(
        current_services(), key, path=request.path, user_id=signed_in.user.id
    )
    if entries is None:
        return
    g.kept_entries = True
    request.form = ImmutableMultiDict(entries.fields)
    text = "Nothing was saved yet. Your entries are kept: check them and send the form again."
    if entries.omitted:
        text += " Passwords, secrets and files are not kept. Enter them again."
    flash(text, "warn")


def _keep(path: str) -> str:
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and value and "\0" not in name + value
    ]
    kept = [(name, value) for name, value in fields if not _is_secret(name)]
    files = any(upload.filename for upload in request.files.values())
    if not kept:
        return ""
    return kept_forms.keep_form(
        current_services(),
        session.get("_user_id", ""),
        path=path,
        fields=kept,
        omitted=files or len(kept) < len(fields),
    )


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    if lowered.endswith("token") or any(part in lowered for part in _SECRET_PARTS):
        return True
    if not name.startswith(POSTED_PREFIX):
        return False
    parts = set(name.removeprefix(POSTED_PREFIX).split("."))
    return bool(parts & _secret_fields())


def _secret_fields() -> frozenset[str]:
    """Return the names of the secret fields of all plugins, also those in rows."""
    names: set[str] = set()
    for loaded in current_services().registry.integrations.values():
        fields = dict(loaded.form().load_fields)
        for field in list(fields.values()):
            inner = getattr(getattr(field, "inner", None), "schema", None)
            fields |= inner.load_fields if inner is not None else {}
        names |= {name for name, field in fields.items() if field.metadata.get("secret")}
    return frozenset(names)


def _can_be_read(path: str) -> bool:
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return False
    return True
