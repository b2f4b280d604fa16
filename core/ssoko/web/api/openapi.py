"""The description of the API in OpenAPI 3.1, generated from the endpoints and their schemas."""

import re
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, current_app, jsonify
from marshmallow import fields
from marshmallow.fields import Field

from ssoko import __version__
from ssoko.schemas.applications import IndexedUrl
from ssoko.schemas.output import Output, ProblemSchema
from ssoko.web.api import inputs, problems
from ssoko.web.api.endpoint import Operation

blueprint = Blueprint("api_description", __name__, url_prefix="/api/v1")

_PREFIX = "/api/v1/workspaces/{workspace}"

#: Status of an error to the name of its response, and what it means.
_PROBLEMS = {
    400: ("BadRequest", "The body is not JSON, or not UTF-8."),
    401: ("Unauthorized", "The token is missing, unknown, expired or revoked."),
    403: ("Forbidden", "The scope of the token is not enough."),
    404: ("NotFound", "There is no such thing, or no such workspace for this token."),
    409: ("Conflict", "The change conflicts with what exists, such as a name that is in use."),
    412: ("PreconditionFailed", "It was changed since the version in `If-Match`."),
    413: ("ContentTooLarge", "The body is larger than 1 MB."),
    415: ("UnsupportedMediaType", "The body is not sent as `application/json`."),
    422: (
        "UnprocessableContent",
        "Fields or query parameters are wrong, missing or unknown; `errors` names each one.",
    ),
    502: ("BadGateway", "The plugin failed. The log of the server has the details."),
    503: ("ServiceUnavailable", "The database does not respond, or is busy. Try again later."),
}
_HEADERS = {
    401: ("WWW-Authenticate", "The scheme to use: `Bearer`.", "string"),
    503: ("Retry-After", "Seconds to wait.", "integer"),
}


@blueprint.get("/openapi.json")
def show() -> Response:
    """Return the description. It needs no token, because it has no data of a workspace."""
    return jsonify(describe(operations()))


def operations() -> tuple[Operation, ...]:
    """Return all endpoints of the API, sorted by path and method."""
    views = current_app.view_functions.values()
    found = [view.operation for view in views if hasattr(view, "operation")]
    return tuple(sorted(found, key=lambda operation: (operation.path, operation.method)))


def path_of(operation: Operation) -> str:
    """Return the path of an endpoint as OpenAPI writes it."""
    return _PREFIX + re.sub(r"<id:(\w+)>", r"{\1}", operation.path)


@cache
def describe(operations: tuple[Operation, ...]) -> dict[str, Any]:
    """Return the OpenAPI document of these endpoints."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Ssoko",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": "The JSON API of Ssoko, an SSO marketplace and identity provider."},
    )
    converter = plugin.converter
    assert converter is not None  # noqa: S101 - APISpec has just created it
    converter.add_attribute_function(_describe_own_field)  # type: ignore[no-untyped-call]
    converter.add_parameter_attribute_function(_drop_null)
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    _add_problems(spec)
    for operation in operations:
        path = path_of(operation)
        spec.path(path=path, operations={operation.method.lower(): _describe(operation, path)})
    for (schema, *_), name in converter.refs.items():
        if issubclass(schema, Output):
            spec.components.schemas[name]["description"] = _first_paragraph(schema)
    document: dict[str, Any] = spec.to_dict()
    return document


def _add_problems(spec: APISpec) -> None:
    for status, (name, description) in _PROBLEMS.items():
        content = {problems.MEDIA_TYPE: {"schema": ProblemSchema}}
        response: dict[str, Any] = {"description": description, "content": content}
        if status in _HEADERS:
            header, meaning, kind = _HEADERS[status]
            response["headers"] = {header: {"description": meaning, "schema": {"type": kind}}}
        spec.components.response(name, response)


def _describe(operation: Operation, path: str) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    if operation.query().fields:
        parameters.append({"in": "query", "schema": operation.query})
    responses: dict[str, Any] = {str(operation.status): _success(operation)}
    for status in operation.statuses:
        responses[str(status)] = _PROBLEMS[status][0]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.name.partition("_")[0]],
        "summary": operation.summary,
        "security": [{"token": [operation.scope]}],
        "parameters": parameters,
        "responses": responses,
    }
    if operation.body is not None:
        schema = _list_body(operation) if operation.many else operation.body
        content = {"application/json": {"schema": schema}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _success(operation: Operation) -> dict[str, Any]:
    if operation.returns is None:
        return {"description": "It is done. The response has no body."}
    content = {"application/json": {"schema": operation.returns}}
    described: dict[str, Any] = {
        "description": _first_paragraph(operation.returns),
        "content": content,
    }
    if operation.created:
        location = {"description": "Path of the new thing.", "schema": {"type": "string"}}
        described["headers"] = {"Location": location}
    return described


def _list_body(operation: Operation) -> dict[str, Any]:
    items = {"type": "array", "items": operation.body}
    named = [
        {"type": "object", "properties": {name: items}, "required": [name]}
        for name in operation.many
    ]
    return {"anyOf": [items, *named]}


def _first_paragraph(schema: type[Output]) -> str:
    return " ".join((schema.__doc__ or "").partition("\n\n")[0].split())


def _describe_own_field(self: object, field: Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Describe what apispec does not know: our own fields, and the format of URLs."""
    if isinstance(field, fields.Url):
        return {"format": "uri"}
    if isinstance(field, IndexedUrl):
        pair = [{"type": "integer"}, {"type": "string", "format": "uri"}]
        return {"type": "array", "prefixItems": pair, "minItems": 2, "maxItems": 2}
    if isinstance(field, inputs.Flag):
        return {"type": "boolean"}
    if isinstance(field, inputs.JsonObject):
        return {"type": ["object", "null"] if field.allow_none else "object"}
    if isinstance(field, inputs.Instant):
        text = {"type": "string", "format": "date-time"}
        seconds = {"type": "integer", "minimum": 0, "maximum": inputs.LAST_SECOND}
        return {"anyOf": [text, seconds, *([{"type": "null"}] if field.allow_none else [])]}
    return {}


def _drop_null(self: object, field: Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Describe a query parameter without null, which a query cannot contain."""
    schema = dict(ret["schema"])
    if schema.get("default", ...) is None:
        del schema["default"]
    if isinstance(schema.get("type"), list):
        schema["type"] = schema["type"][0]
    schema["anyOf"] = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    return {"schema": {key: value for key, value in schema.items() if value != []}}
