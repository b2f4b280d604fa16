"""Versions of things: the ``ETag`` of a response, and ``If-Match`` (RFC 9110, section 13.1.1)."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from flask import request
from marshmallow import Schema
from werkzeug.exceptions import PreconditionFailed

from ssoko.store.exclusive import exclusive

#: Values that others change: they are no part of a version.
_COUNTS = frozenset(
    "application_count assignment_count last_sign_in_at last_used_at member_count people_count "
    "state upgrade warnings".split()
)

#: Path of an endpoint to the function that reads what it changes, and the schema of its result.
_READS: dict[str, tuple[Callable[..., Any], Schema]] = {}


def register(method: str, path: str, function: Callable[..., Any], schema: Schema | None) -> None:
    """Remember which endpoint reads what the other endpoints of its path change."""
    if method == "GET" and schema is not None:
        _READS[path] = function, schema


def takes_version(method: str, path: str) -> bool:
    """Return whether an endpoint obeys ``If-Match``."""
    return method != "GET" and path in _READS


def etag_of(value: object) -> str:
    """Return the version of the JSON value of a response, without quotes."""
    if isinstance(value, Mapping):
        value = {name: item for name, item in value.items() if name not in _COUNTS}
    text = json.dumps(value, sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:32]


def change(path: str, function: Callable[..., Any], call: Any, arguments: Mapping[str, str]) -> Any:
    """Call an endpoint, with ``If-Match`` only if the thing still has that version.

    The check and the change are one transaction, so of two clients with the same version one wins.

    :raises PreconditionFailed: when it was changed since.
    """
    if "If-Match" not in request.headers or not takes_version(request.method, path):
        return function(call, **arguments)
    read, schema = _READS[path]
    with exclusive(request.path):
        current = etag_of(schema.dump(read(call, **arguments)))
        if not request.if_match.contains(current):
            raise PreconditionFailed(
                f'It was changed since you read it: its ETag is now "{current}". '
                "Read it again, then send your change with that ETag."
            )
        return function(call, **arguments)
