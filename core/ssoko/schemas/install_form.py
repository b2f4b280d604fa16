"""An install form as JSON Schema, for clients that build their own page or validate first."""

import json
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow.fields import Field

from ssoko.plugin.host.form import InstallForm


def describe(form: InstallForm) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an install form.

    :raises HookFailed: when the form fails.

    Labels become titles, and help texts become descriptions. Nested schemas are inlined.
    """
    # apispec inlines nested schemas that have no name.
    plugin = MarshmallowPlugin(schema_name_resolver=lambda _: "")
    APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    converter = plugin.converter
    assert converter is not None  # noqa: S101 - APISpec has just created it
    converter.add_attribute_function(_words)  # type: ignore[no-untyped-call]  # apispec's
    with form.guard("describing"):
        described: dict[str, Any] = converter.schema2jsonschema(form())  # type: ignore[no-untyped-call]
        json.dumps(described, allow_nan=False)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _words(self: object, field: Field[Any], ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    metadata = field.metadata
    words: dict[str, Any] = {}
    if metadata.get("label"):
        words["title"] = str(metadata["label"])
    hints = [str(metadata[key]) for key in ("help", "where_to_find") if metadata.get(key)]
    if hints:
        words["description"] = " ".join(hints)
    if metadata.get("placeholder"):
        words["examples"] = [str(metadata["placeholder"])]
    if metadata.get("choices"):
        words["x-choices"] = {str(k): str(v) for k, v in dict(metadata["choices"]).items()}
    if metadata.get("secret"):
        words["writeOnly"] = True
    return words
