"""The base of all responses: what a field reads, when it is required, and how it is written."""

from dataclasses import dataclass

import pytest
from marshmallow import fields
from ssoko.schemas.output import (
    Attributes,
    Choice,
    Output,
    ProblemSchema,
    Texts,
    Timestamp,
    complete,
    page_of,
)
from ssoko.store.paging import Page


@dataclass(frozen=True)
class Thing:
    name: str
    at: int | None = None


class ThingSchema(Output):
    """A thing.

    This paragraph is for developers.
    """

    name = fields.String()
    at = Timestamp(allow_none=True)
    loud = fields.String()
    note = fields.String(metadata={"optional": True})

    def read_loud(self, thing: Thing) -> str:
        return thing.name.upper()


def test_a_field_reads_the_attribute_or_the_method_of_its_name() -> None:
    assert ThingSchema().dump(Thing("a")) == {"name": "a", "at": None, "loud": "A"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_795_511_647, "2026-11-24T09:14:07Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ],
)
def test_a_time_is_rfc_3339_in_utc(seconds: int, text: str) -> None:
    assert ThingSchema().dump(Thing("a", seconds))["at"] == text


def test_a_value_that_is_missing_is_an_error() -> None:
    class NameSchema(Output):
        name = fields.String()

    with pytest.raises(AttributeError, match="NameSchema: .* has no name"):
        NameSchema().dump(object())


def test_a_field_is_required_unless_it_is_optional() -> None:
    required = {name for name, field in ThingSchema().fields.items() if field.required}
    assert required == {"name", "at", "loud"}


def test_a_page_has_its_items_and_the_next_cursor() -> None:
    page = page_of(ThingSchema)().dump(Page((Thing("a"),), "cursor"))
    assert page == {"items": [{"name": "a", "at": None, "loud": "A"}], "next": "cursor"}


def test_a_complete_list_has_no_next_page() -> None:
    page = page_of(ThingSchema)().dump(complete(Thing(name) for name in "ab"))
    assert [item["name"] for item in page["items"]] == ["a", "b"]
    assert page["next"] is None


def test_the_schema_of_a_list_is_made_once() -> None:
    assert page_of(ThingSchema) is page_of(ThingSchema)
    assert page_of(ThingSchema).__name__ == "ThingListSchema"


def test_lists_choices_and_attributes_are_written_as_they_are() -> None:
    class ManySchema(Output):
        texts = Texts()
        state = Choice(("on", "off"))
        attributes = Attributes()

    values = {"texts": ["a"], "state": "on", "attributes": {"team": ["x"], "shift": "late"}}
    assert ManySchema().dump(values) == values


def test_a_problem_has_errors_only_when_there_are_some() -> None:
    problem = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No."}
    assert ProblemSchema().dump(problem) == problem
    wrong = {**problem, "errors": {"name": ["Enter a name."]}}
    assert ProblemSchema().dump(wrong) == wrong
