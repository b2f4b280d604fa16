"""The form of a user: its fields, and reading what was posted."""

from typing import Any

from flask import request

from ssoko.errors import InputError
from ssoko.services.people.users import UserView
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.framework.responses import Errors, has_entries, posted


def user_fields(user: UserView | None, errors: Errors) -> list[FormField]:
    """Return the fields with the posted values, or else with those of the user.

    :param user: None for a new user.
    """

    def value(name: str) -> str:
        if has_entries():
            return request.form.get(name, "")
        return getattr(user, name) if user else ""

    def field(name: str, label: str, **more: Any) -> FormField:
        return text_field(name, label, value=value(name), errors=errors, autocomplete="off", **more)

    fields = [
        field("username", "Username", required=True, help="For signing in to Ssoko"),
        field(
            "email", "Email", kind="email", help="Many applications identify users by email address"
        ),
        field("first_name", "First name"),
        field("last_name", "Last name"),
        text_field(
            "password",
            "New password" if user and user.has_password else "Password",
            kind="password",
            errors=errors,
            autocomplete="new-password",
            help=_password_help(user),
        ),
        text_field(
            "attributes",
            "Attributes",
            kind="textarea",
            value=request.form.get("attributes", "")
            if has_entries()
            else write_attributes(user.attributes if user else {}),
            errors=errors,
            placeholder="department: Finance",
            help="One name: value per line, for applications that need more about a user. "
            "Repeat a name to add another value",
        ),
    ]
    if user is None:
        fields.append(
            text_field(
                "admin",
                "Workspace admin",
                kind="checkbox",
                value="admin" in request.form,
                errors=errors,
                help="Can change everything in this workspace",
            )
        )
    return fields


def stored_texts(user: UserView) -> dict[str, str]:
    """Return the fields of a user's form with the stored values."""
    names = ("username", "email", "first_name", "last_name")
    texts = {name: str(getattr(user, name)) for name in names}
    return texts | {"attributes": write_attributes(user.attributes)}


def read_user() -> dict[str, Any]:
    """Return the posted values as arguments of ``create_user`` and ``update_user``.

    :raises InputError: at ``attributes``, when a line has no name or no colon.
    """
    values: dict[str, Any] = {
        name: posted(name) for name in ("username", "email", "first_name", "last_name")
    }
    values["attributes"] = read_attributes(request.form.get("attributes", ""))
    # Spaces around a password are part of it.
    if request.form.get("password"):
        values["password"] = request.form["password"]
    if "admin" in request.form:
        values["admin"] = True
    return values


def read_attributes(text: str) -> dict[str, str | list[str]]:
    """Read ``name: value`` lines; a repeated name gets a list of values.

    :raises InputError: naming the line.
    """
    values: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise InputError.of(
                "attributes", f"Line {number}: enter a name, a colon and a value, such as team: Red"
            )
        values.setdefault(name.strip(), []).append(value.strip())
    return {name: many if len(many) > 1 else many[0] for name, many in values.items()}


def write_attributes(attributes: dict[str, Any]) -> str:
    """Write attributes as the lines that :func:`read_attributes` reads."""
    lines = []
    for name, value in attributes.items():
        many = value if isinstance(value, list) else [value]
        lines += [f"{name}: {item}" for item in many]
    return "\n".join(lines)


def _password_help(user: UserView | None) -> str:
    rule = "At least 12 characters."
    if user is None:
        return f"{rule} Without a password, the user can't sign in yet"
    if user.has_password:
        return (
            f"{rule} Leave empty to keep the current one. A new one ends all sessions of the user"
        )
    return f"{rule} The user has no password yet and can't sign in with one"
