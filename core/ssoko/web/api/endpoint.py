"""One decorator for every endpoint: who calls, what was sent, what goes back."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from marshmallow import Schema

from ssoko.errors import AuthenticationFailed, Forbidden, NotFound
from ssoko.services.authentication import api_tokens
from ssoko.services.context import Actor, Scope, Services
from ssoko.services.workspaces import WorkspaceView
from ssoko.web.api import body as bodies
from ssoko.web.api import inputs

#: Everything of one workspace.
blueprint = Blueprint("api", __name__, url_prefix="/api/v1/workspaces/<id:workspace>")


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call.

    :param body: what the endpoint's schema loaded, or None.
    :param query: the same for the part of the address after the question mark.
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
    """What an endpoint takes, for the description in OpenAPI."""

    method: str
    path: str
    scope: str
    summary: str
    body: type[Schema] | None
    query: type[Schema]
    created: bool


@dataclass(frozen=True, slots=True)
class Created:
    """An answer with status 201.

    :param path: of the new thing, below the workspace.
    """

    value: Any
    path: str


Endpoint = Callable[..., Any]


def endpoint(
    method: str,
    path: str,
    *,
    scope: str = "read",
    body: type[Schema] | None = None,
    many: tuple[str, ...] = (),
    query: type[Schema] = inputs.NoQuery,
    created: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Register a function ``f(call, **path arguments)`` as an endpoint below the workspace.

    It returns what becomes the JSON body, :class:`Created`, or None for an empty 204.

    :param scope: ``read`` or ``admin``; a token that may do more is accepted as well.
    :param body: schema of the JSON body; without one the body is ignored.
    :param many: the body is a list, or an object that holds it under one of these names.
    :param query: schema of the query; what it does not know is refused.
    """

    def register(function: Endpoint) -> Endpoint:
        @functools.wraps(function)
        def view(workspace: str, **arguments: str) -> Response | tuple[Response | str, int]:
            caller = _authenticate(workspace, scope)
            sent = bodies.load(body, many) if body else None
            asked = bodies.load_query(query)
            call = Call(caller.services, caller.workspace, caller.actor, sent, asked)
            return _answer(function(call, **arguments), workspace)

        summary = (function.__doc__ or "").strip().partition("\n")[0]
        view.operation = Operation(  # type: ignore[attr-defined]
            method, path, scope, summary, body, query, created
        )
        name = function.__module__.rpartition(".")[2]
        blueprint.add_url_rule(path, f"{name}_{function.__name__}", view, methods=[method])
        return function

    return register


def _authenticate(slug: str, scope: str) -> Call:
    services: Services = current_app.extensions["ssoko"]
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise AuthenticationFailed("Send a token in the header: Authorization: Bearer <token>.")
    found = api_tokens.authenticate_token(services, token.strip())
    if found.workspace.slug != slug:
        raise NotFound("There is no such workspace for this token.")
    if scope not in found.scopes and "admin" not in found.scopes:
        raise Forbidden(f"This needs a token with the scope {scope}.")
    actor = Actor("token", found.id, found.name, request.remote_addr or "")
    return Call(services, found.workspace, actor)


def _answer(value: Any, workspace: str) -> Response | tuple[Response | str, int]:
    if value is None:
        return "", 204
    if isinstance(value, Created):
        response = jsonify(value.value)
        response.status_code = 201
        response.headers["Location"] = f"/api/v1/workspaces/{workspace}{value.path}"
        return response
    return jsonify(value)
