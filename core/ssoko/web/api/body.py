"""Read what a caller sent: JSON, by a schema, with every error named."""

import json
import math
from typing import Any

from flask import request
from marshmallow import RAISE, Schema, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from ssoko.errors import InputError

#: Levels of lists and objects inside each other; what judges them goes down step by step.
MAX_DEPTH = 64


def load(schema: type[Schema], many: tuple[str, ...] = ()) -> Any:
    """Return the body as the schema loads it.

    :param many: the body is a list, or an object that holds it under one of these names.
    :raises InputError: naming each field that is wrong, unknown or missing.
    :raises UnsupportedMediaType: when the body does not claim to be JSON (CSRF needs that).
    :raises BadRequest: when it is not JSON.
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
    """Return the query as the schema loads it; each name once.

    :raises InputError: naming each parameter that is wrong or unknown.
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
    """Return what a JSON text says, strictly: RFC 8259, UTF-8, no name twice.

    :raises BadRequest: telling what is wrong with it.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        _check_depth(value)
        # An escaped half of a surrogate pair is no text that could be stored or shown.
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadRequest("The body holds half of a surrogate pair, which is no text.") from None
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


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


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
    """Turn marshmallow's nested messages into dotted names: ``attributes.0.name``."""
    if isinstance(messages, dict):
        found: dict[str, list[str]] = {}
        for key, inner in messages.items():
            step = "" if key == "_schema" else str(key)
            found |= flatten(inner, ".".join(part for part in (path, step) if part))
        return found
    return {path: [str(m) for m in (messages if isinstance(messages, list) else [messages])]}
