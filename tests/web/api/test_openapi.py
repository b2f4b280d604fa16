"""The OpenAPI document: valid, complete, and true of what the API returns."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from ssoko.schemas.people import UserSchema
from ssoko.web.api.openapi import describe, operations, path_of

from .conftest import Api
from .documented import strict

ROOT = Path(__file__).parents[3]


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return describe(operations())


def schema_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    schema: dict[str, Any] = document["components"]["schemas"][name]
    return schema


def test_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    errors = OpenAPIV31SpecValidator(document).iter_errors()
    assert [error.message for error in errors] == []


def test_document_is_served_without_a_token(app: Flask, document: dict[str, Any]) -> None:
    response = app.test_client().get("/api/v1/openapi.json")
    assert (response.status_code, response.json) == (200, document)


def test_every_endpoint_describes_its_success_and_its_errors(
    app: Flask, document: dict[str, Any]
) -> None:
    with app.app_context():
        found = operations()
    for operation in found:
        described = document["paths"][path_of(operation)][operation.method.lower()]
        success, *problems = described["responses"]
        assert success in {"200", "201", "204"}
        assert ("content" in described["responses"][success]) == (success != "204")
        assert {"401", "404", "422", "503"} <= set(problems)
        assert ("403" in problems) == (described["security"] == [{"token": ["admin"]}])
        assert ("415" in problems) == ("requestBody" in described)


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids)) > 40


def test_every_error_is_the_same_problem(document: dict[str, Any]) -> None:
    schemas = {
        str(response["content"]) for response in document["components"]["responses"].values()
    }
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    assert schemas == {str({"application/problem+json": problem})}


def test_a_field_that_can_be_null_says_so(document: dict[str, Any]) -> None:
    assignment = schema_of(document, "Assignment")["properties"]
    assert assignment["expires_at"]["type"] == ["string", "null"]
    assert {"type": "null"} in assignment["group"]["anyOf"]
    assert assignment["created_at"]["type"] == "string"
    assert schema_of(document, "Plugin")["properties"]["tier"]["enum"][-1] is None


def test_every_field_of_a_response_is_required_unless_it_is_optional(
    document: dict[str, Any],
) -> None:
    optional = {
        name: set(schema["properties"]) - set(schema.get("required", ()))
        for name in ("User", "Application", "UserList", "Problem", "UpgradeForUser")
        if (schema := schema_of(document, name))
    }
    assert {name: fields for name, fields in optional.items() if fields} == {
        "Problem": {"errors"},
        "UpgradeForUser": {"answer"},
    }


def test_a_list_has_items_and_the_cursor_of_the_next_page(document: dict[str, Any]) -> None:
    users = schema_of(document, "UserList")["properties"]
    assert users["items"] == {"type": "array", "items": {"$ref": "#/components/schemas/User"}}
    assert users["next"]["type"] == ["string", "null"]


def test_a_body_that_is_a_list_is_described_as_one(document: dict[str, Any]) -> None:
    path = document["paths"]["/api/v1/workspaces/{workspace}/applications/{application}/mappers"]
    either = path["put"]["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    mappers = {"type": "array", "items": {"$ref": "#/components/schemas/MapperInput"}}
    assert either[0] == mappers
    assert either[1]["properties"] == {"mappers": mappers}


def test_an_unknown_field_of_a_body_is_described_as_refused(document: dict[str, Any]) -> None:
    assert schema_of(document, "NewUser")["additionalProperties"] is False


def test_a_field_may_be_added_to_a_response_later(document: dict[str, Any]) -> None:
    assert "additionalProperties" not in schema_of(document, "User")


def test_every_endpoint_of_the_document_answers_json_or_nothing(document: dict[str, Any]) -> None:
    kinds = {
        kind
        for path in document["paths"].values()
        for operation in path.values()
        for response in operation["responses"].values()
        for kind in response.get("content", {})
    }
    assert kinds == {"application/json"}


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (lambda user: user | {"admin": "yes"}, 200, "is not of type 'boolean'"),
        (lambda user: user | {"email": None}, 200, "is not of type 'string'"),
        (lambda user: user | {"secret": "x"}, 200, "Additional properties are not allowed"),
        (lambda user: {k: v for k, v in user.items() if k != "id"}, 200, "'id' is a required"),
        (lambda user: user, 418, "418 is not documented"),
        (lambda user: user, 404, "is application/json"),
    ],
    ids=["type", "null", "unknown field", "missing field", "status", "media type"],
)
def test_a_response_that_differs_from_the_document_fails_its_test(
    app: Flask, api: Api, change: Any, status: int, reason: str
) -> None:
    created = api.create("/users", username="amina")
    (endpoint,) = [name for name in app.view_functions if name.endswith("people_show_user")]
    original = app.view_functions[endpoint]

    def lie(**_: str) -> Any:
        response = jsonify(change(created))
        response.status_code = status
        return response

    lie.operation = original.operation  # type: ignore[attr-defined]
    app.view_functions[endpoint] = lie
    with pytest.raises(AssertionError, match=reason):
        api("GET", f"/users/{created['id']}")


def test_a_user_has_the_fields_of_its_schema(api: Api) -> None:
    assert set(api.create("/users", username="amina")) == set(UserSchema().fields)


EXAMPLES = re.findall(
    r"`(\w+)`:\n\n```json\n(.*?)\n```", (ROOT / "docs" / "api.md").read_text("utf-8"), re.DOTALL
)


def test_every_example_names_its_schema() -> None:
    assert (ROOT / "docs" / "api.md").read_text("utf-8").count("```json") == len(EXAMPLES) > 10


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_in_the_docs_is_as_documented(app: Flask, name: str, example: str) -> None:
    with app.app_context():
        document = strict(operations())
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    errors = Draft202012Validator(schema).iter_errors(json.loads(example))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_the_docs_name_the_response_and_the_errors_of_every_endpoint(
    document: dict[str, Any],
) -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    rows = re.findall(r"^\| `([A-Z]+) (/[^`?]*)[^`]*` \|.*\|$", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if re.match(r"\| `[A-Z]+ /", line)]
    written = {}
    for (method, path), line in zip(rows, lines, strict=True):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        errors = set(re.findall(r"\d{3}", cells[3])) if len(cells) > 3 else set()
        written[method, re.sub(r"<[^>]+>", "{}", path).rstrip("/")] = (cells[2], errors)
    served = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            success, *others = operation["responses"]
            content = operation["responses"][success].get("content", {})
            ref = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            name = f"`{ref.rpartition('/')[2]}`" if ref else ""
            shown = f"{'' if success == '200' else success} {name}".strip()
            key = re.sub(r"{\w+}", "{}", path.removeprefix("/api/v1/workspaces/{workspace}"))
            served[method.upper(), key] = (shown, {"409", "502"} & set(others))
    assert written == served
