"""The API's own description, made from the endpoints."""

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, current_app, jsonify

from ssoko import __version__
from ssoko.web.api.endpoint import Operation

blueprint = Blueprint("api_description", __name__, url_prefix="/api/v1")

_PREFIX = "/api/v1/workspaces/{workspace}"
_PROBLEM = {"description": "A problem document (RFC 9457); `errors` names each wrong field."}


@blueprint.get("/openapi.json")
def show() -> Response:
    """Describe the API in OpenAPI 3.1; open to all, since it holds nothing of a workspace."""
    spec = APISpec(
        title="Ssoko",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin()],
        security=[{"token": []}],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for operation in operations():
        path = _PREFIX + re.sub(r"<id:(\w+)>", r"{\1}", operation.path)
        spec.path(path=path, operations={operation.method.lower(): _describe(operation, path)})
    return jsonify(spec.to_dict())


def operations() -> list[Operation]:
    """Return every endpoint of the API, in the order of their paths."""
    found = [getattr(view, "operation", None) for view in current_app.view_functions.values()]
    return sorted((one for one in found if one), key=lambda one: (one.path, one.method))


def _describe(operation: Operation, path: str) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    if operation.query._declared_fields:
        parameters.append({"in": "query", "schema": operation.query})
    status = "201" if operation.created else "204" if operation.method == "DELETE" else "200"
    described: dict[str, Any] = {
        "summary": f"{operation.summary} Scope: {operation.scope}.",
        "parameters": parameters,
        "responses": {status: {"description": "Done."}, "default": _PROBLEM},
    }
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        described["requestBody"] = {"required": True, "content": content}
    return described
