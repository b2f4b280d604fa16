"""Form fields for install forms: forgiving about what copying and typing bring along.

They are marshmallow fields with other manners: spaces at the ends go, a required text may not be
empty, lists may be given as lines, and every message says what to do.
"""

from typing import Any

from marshmallow import fields

from ssoko.plugin.checks import check_text, read_certificates


class Text(fields.String):
    """One line or more of text that XML can carry."""

    default_error_messages = {
        "required": "Fill this in",
        "null": "Fill this in",
        "invalid": "Give a text",
        "invalid_utf8": "Give a text in UTF-8",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs).strip()
        if self.required and not text:
            raise self.make_error("required")
        check_text(text)
        return text


class Lines(fields.List[str]):
    """A list of texts; also one text with a line for each. The same twice counts once."""

    default_error_messages = {
        "required": "Fill this in, one a line",
        "null": "Fill this in, one a line",
        "invalid": "Give a list, or a text with one a line",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[str | None]:
        if isinstance(value, str):
            value = [line for line in value.splitlines() if line.strip()]
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class Certificates(fields.List[str]):
    """A list of PEM certificates; also one text with one after the other, or bare base64."""

    default_error_messages = {
        "null": "Give a list of certificates, or leave it out",
        "invalid": "Give a list of certificates, or a text with one after the other",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[str | None]:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = [pem for item in value for pem in read_certificates(item)]
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class Flag(fields.Boolean):
    """Yes or no."""

    default_error_messages = {"invalid": "Give true or false", "null": "Give true or false"}
