"""Only the part that differs is highlighted."""

import pytest
from ssoko.web.components.differences import Comparison, Marked, compare

ACS = "https://eu-central-1.signin.aws.amazon.com/saml/acs/1"


@pytest.mark.parametrize(
    ("received", "expected", "differ"),
    [
        ("https://a.test/acs", "https://a.test/acs/", ("", "/")),
        ("http://a.test/acs", "https://a.test/acs", ("http", "https")),
        ("https://a.test/x/acs", "https://a.test/y/acs", ("x", "y")),
        ("urn:oasis:a:persistent", "urn:oasis:a:transient", ("persistent", "transient")),
        ("https://evil.example/", "https://a.test/acs", ("https://evil.example/", ACS)),
        ("https://eu-central-1.sso.signin.aws/saml/acs/1", ACS, ("sso.signin.aws", "")),
    ],
)
def test_differing_part_is_marked(received: str, expected: str, differ) -> None:
    comparison = compare(received, expected)
    for side, whole in ((comparison.received, received), (comparison.expected, expected)):
        assert side.before + side.differing + side.after == whole
    if expected != ACS and differ[1] != ACS:
        assert (comparison.received.differing, comparison.expected.differing) == differ
    else:
        assert comparison.received.differing == differ[0]


def test_most_similar_expected_value_is_compared() -> None:
    comparison = compare("https://a.test/acs2", "https://b.test/acs, https://a.test/acs")
    assert comparison.expected == Marked("https://a.test/", "acs", "")
    assert comparison.others == ("https://b.test/acs",)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("no signature", "a signature by one of the certificates"),
        ("", "one SAMLRequest"),
        ("persistent", "a kind that is sent"),
        ("", ""),
        ("a", ""),
    ],
)
def test_sentences_are_not_marked(received: str, expected: str) -> None:
    assert compare(received, expected) == Comparison(Marked(received), Marked(expected))
