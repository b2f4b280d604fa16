"""A test client that compares each response of the API with the OpenAPI document."""

import copy
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from ssoko.web.api.endpoint import Operation
from ssoko.web.api.openapi import describe, operations, path_of
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse


class DocumentedClient(FlaskClient):
    """Fails the test when a response has a status or a body that the document does not have."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        check(self.application, response)
        return response


def check(app: Flask, response: TestResponse) -> None:
    """Compare a response with the document; responses of other pages are ignored."""
    operation = find_operation(app, response.request.method, response.request.path)
    if operation is None:
        return
    with app.app_context():
        document = strict(operations())
    documented = document["paths"][path_of(operation)][operation.method.lower()]["responses"]
    named = f"{operation.method} {operation.path}: {response.status_code}"
    assert str(response.status_code) in documented, f"{named} is not documented"
    described = documented[str(response.status_code)]
    if "$ref" in described:
        described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
    for header in described.get("headers", {}):
        assert header in response.headers, f"{named} has no header {header}"
    if "content" not in described:
        assert response.data == b"", f"{named} has a body"
        return
    assert response.mimetype in described["content"], f"{named} is {response.mimetype}"
    schema = described["content"][response.mimetype]["schema"]
    validator = Draft202012Validator({**schema, "components": document["components"]})
    errors = [f"{one.json_path}: {one.message}" for one in validator.iter_errors(response.json)]
    assert not errors, f"{named}: {'; '.join(errors)}"


def find_operation(app: Flask, method: str, path: str) -> Operation | None:
    """Return the endpoint of a request, or None when no endpoint of the API serves it."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method=method)
    except HTTPException:
        return None
    operation: Operation | None = getattr(app.view_functions[endpoint], "operation", None)
    # Flask also answers HEAD and OPTIONS.
    return operation if operation and operation.method == method else None


@cache
def strict(found: tuple[Operation, ...]) -> dict[str, Any]:
    """Return the document, changed so that an object has no property that it does not name."""
    document = copy.deepcopy(describe(found))
    for schema in document["components"]["schemas"].values():
        schema["additionalProperties"] = False
    return document
