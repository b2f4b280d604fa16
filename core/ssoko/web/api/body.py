"""Read the body and the query of a request: strict JSON, validated with a schema."""

import json
import math
from typing import Any

from flask import request
from marshmallow import RAISE, Schema, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from ssoko.errors import InputError

#: Levels of nested lists and objects. Validation is recursive, so the depth has a limit.
MAX_DEPTH = 64


def load(schema: type[Schema], many: tuple[str, ...] = ()) -> Any:
    """Return the body as the schema loads it.

    :param many: the body is a list, or an object that has the list under one of these names.
    :raises InputError: with each field that is wrong, unknown or missing.
    :raises UnsupportedMediaType: when the type of the body is not JSON. Forms of other sites cannot
        send that type, which prevents CSRF.
    :raises BadRequest: when the body is not valid JSON.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    sent = parse(request.get_data())
    if many:
        sent = _list_in(sent, many)
    try:
        return schema(many=bool(many), unknown=RAISE).load(sent)
    except ValidationError as error:
        raise InputError(flatten(error.messages, many[0] if many else "")) from None


def load_query(schema: type[Schema]) -> dict[str, Any]:
    """Return the query as the schema loads it.

    :raises InputError: with each parameter that is wrong, unknown or repeated.
    """
    repeated = {name for name, values in request.args.lists() if len(values) > 1}
    if repeated:
        raise InputError({name: ["Send this parameter once."] for name in sorted(repeated)})
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(request.args.to_dict())
    except ValidationError as error:
        raise InputError(flatten(error.messages)) from None
    return loaded


def parse(data: bytes) -> Any:
    """Return the value of a JSON text (RFC 8259), in UTF-8 and without duplicate names.

    :raises BadRequest: with the reason.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        _check_depth(value)
        # Half of a surrogate pair, written as an escape, cannot be stored.
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadRequest(
            "The body has half of a surrogate pair, which is not valid text."
        ) from None
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner = [v for v in level if isinstance(v, dict | list)]
        level = [child for v in inner for child in (v.values() if isinstance(v, dict) else v)]
        if not level:
            return
    raise RecursionError


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("an object has the same name twice")
    return values


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _list_in(sent: Any, names: tuple[str, ...]) -> Any:
    if isinstance(sent, dict) and len(sent) == 1:
        (name,) = sent
        if name in names:
            sent = sent[name]
    if not isinstance(sent, list):
        raise InputError.of("", f'Send a list, or an object {{"{names[0]}": [...]}}.')
    return sent


def flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Return marshmallow's nested messages by dotted names, such as ``mappers.0.name``."""
    if isinstance(messages, dict):
        flat: dict[str, list[str]] = {}
        for key, inner in messages.items():
            step = "" if key == "_schema" else str(key)
            flat |= flatten(inner, ".".join(part for part in (path, step) if part))
        return flat
    return {path: [str(m) for m in (messages if isinstance(messages, list) else [messages])]}
