"""The decorator of all endpoints: authenticate the caller, parse the request, dump the result."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from marshmallow import Schema

from ssoko.errors import AuthenticationFailed, Forbidden, InputError, NotFound
from ssoko.schemas.output import Output
from ssoko.services.authentication import api_tokens
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.paging import MAX_LIMIT, Page, decode_cursor, encode_cursor
from ssoko.web.api import body as bodies
from ssoko.web.api import etags, inputs

#: Parameters of lists that services return whole.
_PART = ("limit", "cursor")

#: The endpoints of one workspace.
blueprint = Blueprint("api", __name__, url_prefix="/api/v1/workspaces/<id:workspace>")


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request.

    :param body: the body as the endpoint's schema loaded it, or None.
    :param query: the query as the endpoint's schema loaded it.
    """

    services: Services
    workspace: WorkspaceView
    actor: Actor
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """The workspace of the token, with the token as the actor."""
        return Scope(self.services, self.workspace.id, self.actor)


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint, for its description in OpenAPI.

    :param name: unique in the API.
    :param many: the body is a list, or an object that has the list under one of these names.
    :param returns: schema of the response; None for an empty response with status 204.
    :param created: the status is 201, with the URL of the new thing in ``Location``.
    :param errors: statuses of errors besides those that :meth:`statuses` adds.
    """

    method: str
    path: str
    name: str
    scope: str
    summary: str
    body: type[Schema] | None
    many: tuple[str, ...]
    query: type[Schema]
    returns: type[Output] | None
    created: bool
    errors: tuple[int, ...]

    @property
    def status(self) -> int:
        """The status of success."""
        if self.returns is None:
            return 204
        return 201 if self.created else 200

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of errors.

        Every endpoint checks the token, its workspace and the query, and needs the database.
        """
        possible = {401, 404, 422, 503, *self.errors}
        if self.scope != "read":
            possible.add(403)
        if self.body is not None:
            possible |= {400, 413, 415}
        if etags.takes_version(self.method, self.path):
            possible.add(412)
        return tuple(sorted(possible))


@dataclass(frozen=True, slots=True)
class Created:
    """The result of an endpoint that created something; the status is 201.

    :param path: path of the new thing below the workspace.
    """

    value: Any
    path: str


Endpoint = Callable[..., Any]


def endpoint(
    method: str,
    path: str,
    *,
    returns: type[Output] | None = None,
    scope: str = "read",
    body: type[Schema] | None = None,
    many: tuple[str, ...] = (),
    query: type[Schema] = inputs.NoQuery,
    created: bool = False,
    errors: tuple[int, ...] = (),
) -> Callable[[Endpoint], Endpoint]:
    """Register a function ``f(call, **path arguments)`` as an endpoint below the workspace.

    The function returns what the schema ``returns`` dumps, or :class:`Created` with it.

    :param returns: schema of the response; without one the response is empty, with status 204.
    :param scope: ``read`` or ``admin``; a token with the scope ``admin`` can call both.
    :param body: schema of the JSON body; without one the body is ignored.
    :param many: the body is a list, or an object that has the list under one of these names.
    :param query: schema of the query; unknown parameters are refused.
    :param created: the function returns :class:`Created`.
    :param errors: statuses of further errors that the service raises: 409 or 502.
    """

    def register(function: Endpoint) -> Endpoint:
        schema = returns() if returns else None

        @functools.wraps(function)
        def view(workspace: str, **arguments: str) -> Response:
            caller = _authenticate(workspace, scope)
            loaded_body = bodies.load(body, many) if body else None
            loaded_query = bodies.load_query(query)
            part = {n: loaded_query.pop(n) for n in _PART if issubclass(query, inputs.PartQuery)}
            call = Call(caller.services, caller.workspace, caller.actor, loaded_body, loaded_query)
            result = _cut(etags.change(path, function, call, arguments), **part)
            return _respond(schema, result, workspace) if schema else _empty()

        name = f"{function.__module__.rpartition('.')[2]}_{function.__name__}"
        view.operation = Operation(  # type: ignore[attr-defined]
            method=method,
            path=path,
            name=name,
            scope=scope,
            summary=(function.__doc__ or "").strip().partition("\n")[0],
            body=body,
            many=many,
            query=query,
            returns=returns,
            created=created,
            errors=errors,
        )
        etags.register(method, path, function, schema)
        blueprint.add_url_rule(path, name, view, methods=[method])
        return function

    return register


def _authenticate(slug: str, scope: str) -> Call:
    services: Services = current_app.extensions["ssoko"]
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise AuthenticationFailed("Send a token in the header: Authorization: Bearer <token>.")
    caller = api_tokens.authenticate_token(services, token.strip())
    if caller.workspace.slug != slug:
        raise NotFound("There is no such workspace for this token.")
    if scope not in caller.scopes and "admin" not in caller.scopes:
        raise Forbidden(f"This needs a token with the scope {scope}.")
    actor = Actor("token", caller.id, caller.name, request.remote_addr or "")
    return Call(services, caller.workspace, actor)


def _cut(result: Any, *, limit: int | None = None, cursor: str | None = None) -> Any:
    """Return the requested part of a list; the cursor of a short list is a position."""
    if limit is None and not cursor:
        return result
    start = decode_cursor(cursor, length=1) or ("0",)
    if not (start[0].isascii() and start[0].isdigit() and len(start[0]) < 7):
        raise InputError.of("cursor", "Use the cursor of the previous page, or omit it")
    first = int(start[0])
    end = first + (limit or MAX_LIMIT)
    following = encode_cursor(str(end)) if end < len(result.items) else None
    return Page(result.items[first:end], following)


def _empty() -> Response:
    response = Response(status=204)
    response.headers.remove("Content-Type")
    return response


def _respond(schema: Output, result: Any, workspace: str) -> Response:
    value = schema.dump(result.value if isinstance(result, Created) else result)
    response = jsonify(value)
    response.set_etag(etags.etag_of(value))
    if not isinstance(result, Created):
        return response
    response.status_code = 201
    response.headers["Location"] = f"/api/v1/workspaces/{workspace}{result.path}"
    return response
