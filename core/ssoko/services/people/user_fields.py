"""Validate the fields of a user."""

import re
from typing import Any

from ssoko.errors import InputError
from ssoko.services.context import UNSET, Unset
from ssoko.services.credentials.passwords import check_password_rules
from ssoko.text.names import check_name, fold, is_text

MAX_EMAIL = 254
MAX_KEYS = 64
MAX_VALUE = 4096
MAX_VALUES = 200

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_EMAIL = re.compile(r"[^\s@\"<>(),:;\[\]\\]{1,64}@[^\s@\"<>(),:;\[\]\\]+")
_HOST = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*")
_SPACE = re.compile(r"\s")


def check_fields(
    *,
    username: object = UNSET,
    email: object = UNSET,
    first_name: object = UNSET,
    last_name: object = UNSET,
    admin: object = UNSET,
    active: object = UNSET,
    attributes: object = UNSET,
    theme: object = UNSET,
    password: object = UNSET,
    known_as: tuple[str, str] = ("", ""),
) -> dict[str, Any]:
    """Return the entered values by column, as they are stored. A password is only checked.

    :param known_as: username and email that a new password must not contain, if they are not among
        the values.
    :raises InputError: with every field that is wrong.
    """
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}

    def take(field: str, check: Any, typed: object) -> None:
        if isinstance(typed, Unset):
            return
        try:
            values.update(check(typed, field))
        except InputError as error:
            errors.update(error.errors)

    take("username", _username, username)
    take("email", _email, email)
    take("first_name", _part, first_name)
    take("last_name", _part, last_name)
    take("is_admin", _flag("admin"), admin)
    take("active", _flag("active"), active)
    take("attributes", _attributes, attributes)
    take("theme", _theme, theme)
    if not isinstance(password, Unset):
        names = {"username": known_as[0], "email": known_as[1]}
        names |= {k: values[k] for k in names if k in values}
        wrong = check_password_rules(password, **names)
        if wrong:
            errors["password"] = wrong
    if errors:
        raise InputError(errors)
    return values


def _username(typed: object, field: str) -> dict[str, str]:
    name = check_name(typed, field=field)
    if _SPACE.search(name):
        raise InputError.of(field, "Remove the spaces, for example amina.otieno")
    return {"username": name, "username_key": fold(name, field=field)}


def _email(typed: object, field: str) -> dict[str, str]:
    address = check_name(typed, field=field, required=False, longest=MAX_EMAIL)
    if address and not (_EMAIL.fullmatch(address) and _HOST.fullmatch(address.rpartition("@")[2])):
        raise InputError.of(field, "Enter an email address, like amina@example.org")
    return {"email": address, "email_key": fold(address, field=field)}


def _part(typed: object, field: str) -> dict[str, str]:
    return {field: check_name(typed, field=field, required=False)}


def _flag(name: str) -> Any:
    def check(typed: object, column: str) -> dict[str, bool]:
        if not isinstance(typed, bool):
            raise InputError.of(name, "Enter true or false")
        return {column: typed}

    return check


def _theme(typed: object, field: str) -> dict[str, str]:
    if typed not in ("", "light", "dark"):
        raise InputError.of(field, "Choose light or dark, or leave it empty")
    return {field: str(typed)}


def _attributes(typed: object, field: str) -> dict[str, Any]:
    return {field: check_attributes(typed, field=field)}


def check_attributes(typed: object, *, field: str = "attributes") -> dict[str, Any]:
    """Return custom attributes: key to a text or a list of texts.

    :raises InputError: at ``attributes`` or ``attributes.<key>``.
    """
    if not isinstance(typed, dict):
        raise InputError.of(field, "Enter an object: each key with a text or a list of texts")
    if len(typed) > MAX_KEYS:
        raise InputError.of(field, f"Enter at most {MAX_KEYS} keys")
    errors: dict[str, list[str]] = {}
    for key, value in typed.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            errors[field] = [
                "Start each key with a letter, then use letters, digits and _ . : - (at most 64)"
            ]
            continue
        values = value if isinstance(value, list) else [value]
        if not all(map(is_text, values)) or len(values) > MAX_VALUES:
            errors[f"{field}.{key}"] = ["Enter a text, or a list of at most 200 texts"]
        elif any(len(text) > MAX_VALUE for text in values):
            errors[f"{field}.{key}"] = [f"Enter at most {MAX_VALUE} characters"]
    if errors:
        raise InputError(errors)
    return {key: value for key, value in typed.items() if value not in ("", [])}
