"""Sources of values and their transformations, in the code and in the docs."""

import re
from pathlib import Path

import pytest
from marshmallow import ValidationError
from ssoko.plugin import checks, sources
from ssoko.plugin.sources import MAX_STEPS, TRANSFORMS, parse_source

ROOT = Path(__file__).parents[2]
PEOPLE = ("Amina@Acme.test", "ops")


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("lower", ("amina@acme.test", "ops")),
        ("upper", ("AMINA@ACME.TEST", "OPS")),
        ("before-at", ("Amina", "ops")),
        ("domain", ("Acme.test",)),
        ("prefix:x-", ("x-Amina@Acme.test", "x-ops")),
        ("suffix: :y", ("Amina@Acme.test :y", "ops :y")),
        ("join:, ", ("Amina@Acme.test, ops",)),
        ("only:o?s", ("ops",)),
        ("only:*@*|first|lower", ("amina@acme.test",)),
        ("only:nobody", ()),
        ("only:nobody|join:-", ()),
        ("domain|prefix:x", ("xAcme.test",)),
    ],
)
def test_transformations_are_applied_from_left_to_right(change, after):
    assert parse_source(f"user.groups|{change}").change(PEOPLE) == after


def test_equal_values_are_merged():
    assert parse_source("user.groups|lower").change(("A", "a")) == ("a",)
    assert parse_source("user.groups").change(("A", "A")) == ("A", "A")


def test_fixed_text_is_not_changed():
    source = parse_source("constant:a|upper")
    assert (source.base, source.steps) == ("constant:a|upper", ())


@pytest.mark.parametrize(
    "text", ["user.email", "user.attributes.a:b|lower", "user.groups|join:, |upper"]
)
def test_source_round_trip(text):
    assert str(parse_source(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("user.nothing", "Use one of"),
        ("user.nothing|lower", "Use one of"),
        ("user.attributes.", "Use one of"),
        ("constant:", "after constant:"),
        ("user.email|shout", "Unknown transformation shout"),
        ("user.email|", "Unknown transformation (empty)"),
        ("user.email|prefix:", "Enter the text after prefix:"),
        ("user.email|only", "Enter the pattern"),
        ("user.email|lower:x", "Remove the text after lower"),
        ("user.email" + "|lower" * (MAX_STEPS + 1), "at most"),
        ("user.email|prefix:\x00", "control characters"),
    ],
)
def test_invalid_source_is_refused_with_the_reason(text, says):
    with pytest.raises(ValidationError, match=re.escape(says)):
        checks.check_source(text)


def test_name_id_can_come_from_a_list_that_is_joined():
    for text in ("user.groups|first", "user.roles|only:a*|join:,"):
        checks.check_name_id_source(text)
    for text in ("user.groups", "user.groups|upper"):
        with pytest.raises(ValidationError, match="is a list"):
            checks.check_name_id_source(text)


@pytest.mark.parametrize("path", ["docs/admins.md", "plugins/README.md"])
def test_documents_list_every_transformation(path):
    text = (ROOT / path).read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)(?::<\w+>)?` \| (.+) \|$", text, re.MULTILINE))
    assert {name: rows.get(name) for name in TRANSFORMS} == {
        name: transform.description for name, transform in TRANSFORMS.items()
    }
    for name, transform in TRANSFORMS.items():
        assert (
            f"| `{name}:<{transform.argument}>` |" if transform.argument else f"| `{name}` |"
        ) in text
    for source in sources.USER_SOURCES:
        assert f"`{source}`" in text
