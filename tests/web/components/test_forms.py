"""Render forms from schemas, and read settings from posted forms."""

import time

import marshmallow as ma
import pytest
from ssoko.web.components.forms import (
    form_fields,
    read_form,
    split_lines,
    summary_lines,
    text_field,
)
from werkzeug.datastructures import MultiDict

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----"


class Row(ma.Schema):
    name = ma.fields.String(required=True, metadata={"label": "Name"})
    format = ma.fields.String(load_default="basic", metadata={"choices": {"basic": "Basic"}})


class Form(ma.Schema):
    url = ma.fields.String(required=True, metadata={"label": "Sign-in URL", "help": "From AWS"})
    note = ma.fields.String(load_default="hello")
    acs_urls = ma.fields.List(ma.fields.String(), metadata={"label": "ACS URLs"})
    certificates = ma.fields.List(ma.fields.String(), metadata={"multiline": True})
    sign = ma.fields.Boolean(load_default=True, metadata={"label": "Sign"})
    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["a", "b"], labels=["First", "Second"])
    )
    password = ma.fields.String(metadata={"secret": True})
    attributes = ma.fields.List(ma.fields.Nested(Row))


def by_name(**kwargs):
    return {field.name: field for field in form_fields(Form, **kwargs)}


def test_each_kind_of_field_has_its_own_control():
    kinds = {name: field.kind for name, field in by_name().items()}
    assert kinds == {
        "url": "text",
        "note": "text",
        "acs_urls": "lines",
        "certificates": "lines",
        "sign": "checkbox",
        "kind": "select",
        "password": "password",
        "attributes": "rows",
    }


def test_new_form_shows_the_defaults():
    fields = by_name()
    assert fields["sign"].value is True
    assert fields["note"].value == "hello"
    assert fields["url"].required
    assert fields["kind"].choices == (("a", "First"), ("b", "Second"))


def test_secret_is_never_rendered():
    assert by_name(values={"password": "tree"})["password"].value == ""


def test_posted_form_is_read_in_the_shape_of_the_schema():
    posted = MultiDict(
        {
            "url": "  https://a.example ",
            "note": "",
            "acs_urls": "https://a.example/1\r\n\r\n https://a.example/2 ",
            "certificates": f"{PEM}\r\n{PEM}\r\n",
            "kind": "b",
            "attributes.0.name": "mail",
            "attributes.0.format": "basic",
            "attributes.3.name": "team",
            "attributes.3.format": "basic",
            "attributes.5.name": " ",
            "attributes.5.format": "basic",
        }
    )
    assert read_form(Form, posted) == {
        "url": "https://a.example",
        "note": "",
        "acs_urls": ["https://a.example/1", "https://a.example/2"],
        "certificates": [PEM, PEM],
        "sign": False,
        "kind": "b",
        "attributes": [{"name": "mail", "format": "basic"}, {"name": "team", "format": "basic"}],
    }


def test_empty_required_field_is_omitted():
    raw = read_form(Form, MultiDict({"url": " ", "kind": "a"}))
    assert "url" not in raw
    assert Form().validate(raw) == {"url": ["Missing data for required field."]}


def test_base64_on_several_lines_stays_one_value():
    bare = "MIIB" + "A" * 60 + "\n" + "B" * 64
    posted = MultiDict({"certificates": bare.replace("\n", "\r\n")})
    assert read_form(Form, posted)["certificates"] == [bare]


def test_input_is_rendered_again_with_its_errors():
    errors = {
        "url": ["Missing data for required field."],
        "acs_urls.1": ["Write it with https://."],
        "attributes.0.name": ["Give a name"],
        "": ["Nothing was saved"],
    }
    raw = {"acs_urls": ["https://a.example", "ftp"], "attributes": [{"name": "m", "format": "x"}]}
    fields = by_name(values=raw, errors=errors)
    assert fields["acs_urls"].value == "https://a.example\nftp"
    assert fields["attributes"].rows[0][0].errors == ("Give a name",)
    assert fields["attributes"].rows[0][1].choices[-1] == ("x", "x")
    assert summary_lines(fields.values(), errors) == [
        ("#f-url", "Enter the Sign-in URL"),
        ("#f-acs_urls", "ACS URLs: Number 2: Write it with https://"),
        ("#f-attributes-0-name", "Name: Give a name"),
        ("", "Nothing was saved"),
    ]


def test_rows_include_empty_ones():
    assert len(by_name(values={"attributes": [{"name": "m"}]})["attributes"].rows) == 3


def test_help_and_error_are_linked_to_their_field():
    field = text_field("name", "Name", help="On the tile", errors={"name": ["Give one"]})
    assert field.describedby == "f-name-help f-name-error"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"one\n{PEM}\ntwo", [PEM, "one", "two"]),
        (f"{PEM}{PEM}", [PEM, PEM]),
        ("-----BEGIN A-----\nnever ends", ["-----BEGIN A-----", "never ends"]),
        (f"-----BEGIN X-----\n{PEM}", [f"-----BEGIN X-----\n{PEM}"]),
        ("", []),
    ],
)
def test_a_field_with_several_values_is_split_into_blocks_and_lines(text, expected):
    assert split_lines(text) == expected


@pytest.mark.parametrize(
    "piece",
    [
        "-----BEGIN A-----",
        "-----BEGIN A",
        "-----BEGIN ",
        "-----BEGIN A-----\n-----END ",
        "-----BEGIN A-----x-----END A-----",
        "MIIA ",
        "-",
        " \n",
    ],
)
def test_splitting_takes_time_linear_in_the_length(piece):
    text = (piece * 1_000_000)[:1_000_000]
    began = time.thread_time()
    split_lines(text)
    assert time.thread_time() - began < 2
