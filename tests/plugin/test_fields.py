"""Fields for install forms, and the values that some vendors show later."""

import pytest
from marshmallow import ValidationError
from ssoko.plugin import SpUrls, fields

URLS = SpUrls(
    vendor="Moosehead",
    entity_id="Audience",
    acs_url="Callback URL",
    where_to_find="In Moosehead: Sign-in",
    patterns=((r"https://moose\.test/([a-z]+)", r"https://moose\.test/([a-z]+)/acs"),),
    not_yet="https://moose.test/not-yet",
)


class Form(fields.Form):
    sign_in_url = fields.Text(required=True, label="Sign-in URL")
    hosts = fields.Lines(fields.Text(), label="ACS URLs")
    host = fields.Host(".moose.test", vendor_hosts=("www.moose.test",), label="My Domain")
    kind = fields.Choice({"a": "A", "b": "B"}, label="Kind")
    entity_id = URLS.field("entity_id")
    acs_url = URLS.field("acs_url")


def error(**values: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Form(partial=True).load(values)
    (messages,) = caught.value.normalized_messages().values()
    return messages[0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sign_in_url": " "}, "Enter the sign-in URL"),
        ({"sign_in_url": None}, "Enter the sign-in URL"),
        ({"hosts": None}, "Enter the ACS URLs, one per line"),
        ({"host": None}, "Enter the My Domain"),
        ({"host": "www.moose.test"}, "does not belong to one account"),
        ({"host": "two words"}, "such as acme.moose.test"),
        ({"kind": "c"}, "Choose a or b"),
        ({"surprise": 1}, "This form has no such field. Remove it"),
        ({"entity_id": "https://moose.test/a/acs"}, "This is the callback URL. Paste the audience"),
        ({"acs_url": "moose"}, "https://"),
    ],
)
def test_message_names_the_field_and_what_to_do(values, message):
    assert message in error(**values)


@pytest.mark.parametrize("text", ["acme", "ACME.moose.test", "https://acme.moose.test/x"])
def test_host_is_read_from_pasted_text(text):
    assert Form(partial=True).load({"host": text})["host"] == "acme.moose.test"


@pytest.mark.parametrize(
    ("entity_id", "acs_url", "level"),
    [
        ("", "", "warning"),
        ("https://moose.test/a", "", "error"),
        ("https://moose.test/a", "https://moose.test/b/acs", "error"),
        ("urn:moose", "https://moose.test/a/acs", "warning"),
    ],
)
def test_mismatched_urls_are_reported(entity_id, acs_url, level):
    (problem,) = URLS.problems({"entity_id": entity_id, "acs_url": acs_url})
    assert problem.level == level


def test_matching_urls_have_no_problem():
    urls = {"entity_id": "https://moose.test/a", "acs_url": "https://moose.test/a/acs"}
    assert URLS.problems(urls) == ()
