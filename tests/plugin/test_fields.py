"""Fields for install forms, and the values that some vendors show later."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from marshmallow import Schema, ValidationError
from marshmallow import fields as ma
from ssoko.plugin import SpUrls, checks, fields

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


class Row(fields.Form):
    name = fields.Text()


class PlainForm(Schema):
    """A form with fields of marshmallow, and one of each kind that is cleaned."""

    issuer = ma.String(data_key="sp_issuer", metadata={"label": "SP issuer"})
    count = ma.Integer()
    names = ma.List(ma.String())
    rows = ma.List(ma.Nested(Row))
    urls = fields.Urls(fields.Text())
    token = fields.Text(secret=True)
    certificates = fields.Certificates(fields.Text())


def test_fields_of_marshmallow_are_cleaned_too():
    raw = {
        "sp_issuer": '\u200b"urn:app"',
        "count": 3,
        "names": ["<https://a.example>"],
        "rows": [{"name": "Name: x", "other": 1}],
        "token": ' "x" ',
        "unknown": ' "x" ',
    }
    assert fields.clean_raw(PlainForm, raw) == {
        "sp_issuer": "urn:app",
        "count": 3,
        "names": ["https://a.example"],
        "rows": [{"name": "x", "other": 1}],
        "token": '"x"',
        "unknown": ' "x" ',
    }


@pytest.mark.parametrize(
    "raw", [{"names": None}, {"names": "x"}, {"rows": [5, None]}, {"urls": [1, None]}, {1: "x"}]
)
def test_values_of_another_type_are_left_to_the_schema(raw):
    assert fields.clean_raw(PlainForm, raw) == raw


def test_what_is_removed_is_a_warning_at_its_field():
    notes = fields.cleaning_notes(
        PlainForm, {"sp_issuer": "SP issuer: urn:app", "names": ["x"], "token": "x\ufeff"}
    )
    assert [(note.field, note.message, note.level) for note in notes] == [
        ("sp_issuer", "Removed the label SP issuer", "warning"),
        ("token", "Removed zero width no-break space (U+FEFF)", "warning"),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "https://a.example, https://b.example",
        "https://a.example;https://b.example",
        "https://a.example https://b.example",
        '"https://a.example"\n<https://b.example>',
        ["https://a.example, https://b.example"],
        ["https://a.example", " https://b.example ", "https://a.example"],
    ],
)
def test_urls_are_separated_and_cleaned(typed):
    assert PlainForm().load({"urls": typed})["urls"] == ["https://a.example", "https://b.example"]


def test_issuer_of_another_certificate_is_left_out_and_named(chain):
    leaf, issuer = chain
    typed = f"Bag Attributes\n{leaf}{issuer}"
    assert PlainForm().load({"certificates": typed})["certificates"] == [leaf.strip()]
    (note,) = fields.cleaning_notes(PlainForm, {"certificates": typed})
    assert note.message.startswith("Removed CN=CA, which issued another certificate")


@pytest.fixture
def chain() -> tuple[str, str]:
    """Return a certificate, and the one that issued it."""
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def issue(subject: str) -> str:
        names = [
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, "CA")
        ]
        builder = x509.CertificateBuilder(names[1], names[0], key.public_key(), 1)
        builder = builder.not_valid_before(start).not_valid_after(start.replace(year=2036))
        return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()

    return issue("app"), issue("CA")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://a.example https://b.example", "one entity ID only"),
        ("https://a.example, https://b.example", "one entity ID only"),
        ("https://a example/saml", "Remove the space"),
        ("https://a.example/…", "U+2026 HORIZONTAL ELLIPSIS"),
        ("wіki", "U+0456 CYRILLIC SMALL LETTER"),
    ],
)
def test_suspicious_entity_id_is_refused_by_name(text, words):
    with pytest.raises(ValidationError) as caught:
        checks.check_entity_id(text)
    assert words in caught.value.messages[0]
