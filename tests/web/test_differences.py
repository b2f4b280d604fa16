"""The part that differs is marked, and nothing else."""

import pytest
from ssoko.web.components.differences import Comparison, Marked, compare

ACS = "https://eu-central-1.signin.aws.amazon.com/saml/acs/1"


@pytest.mark.parametrize(
    ("got", "expected", "differ"),
    [
        ("https://a.test/acs", "https://a.test/acs/", ("", "/")),
        ("http://a.test/acs", "https://a.test/acs", ("http", "https")),
        ("https://a.test/x/acs", "https://a.test/y/acs", ("x", "y")),
        ("urn:oasis:a:persistent", "urn:oasis:a:transient", ("persistent", "transient")),
        ("https://evil.example/", "https://a.test/acs", ("https://evil.example/", ACS)),
        ("https://eu-central-1.sso.signin.aws/saml/acs/1", ACS, ("sso.signin.aws", "")),
    ],
)
def test_the_differing_part_is_in_the_middle(got: str, expected: str, differ) -> None:
    found = compare(got, expected)
    for side, whole in ((found.got, got), (found.expected, expected)):
        assert side.before + side.differing + side.after == whole
    if expected != ACS and differ[1] != ACS:
        assert (found.got.differing, found.expected.differing) == differ
    else:
        assert found.got.differing == differ[0]


def test_the_nearest_of_several_is_compared() -> None:
    found = compare("https://a.test/acs2", "https://b.test/acs, https://a.test/acs")
    assert found.expected == Marked("https://a.test/", "acs", "")
    assert found.others == ("https://b.test/acs",)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("no signature", "a signature by one of the certificates"),
        ("", "one SAMLRequest"),
        ("persistent", "a kind that is sent"),
        ("", ""),
        ("a", ""),
    ],
)
def test_sentences_are_left_alone(got: str, expected: str) -> None:
    assert compare(got, expected) == Comparison(Marked(got), Marked(expected))
