"""URLs that SAML messages are sent to are unambiguous."""

import pytest
from ssoko.text.urls import url_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example/acs?a=1&b=%20",
        "https://wiki.example:8443",
        "https://[2001:db8::1]/acs",
        "http://localhost:8080/acs",
        "http://127.0.0.1/acs",
    ],
)
def test_url_for_messages_is_accepted(url: str) -> None:
    assert url_problem(url) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://wiki.example/acs", "Use https"),
        ("https://wiki.example/acs#x", "Remove the #"),
        ("https://a@wiki.example/acs", "username"),
        ("https://wiki.example/a b", "%-codes"),
        ("https://wiki.example/a\u200bb", "U+200B ZERO WIDTH SPACE"),
        ("https://wiki.example/“", "U+201C LEFT DOUBLE QUOTATION MARK"),
        ("https://a.example https://b.example", "one URL only"),
        ("wiki.example/acs", "starts with https://"),
        ("https://wiki.example:99999", "Enter a URL such as"),
        ("https://" + "a" * 2048, "Shorten"),
    ],
)
def test_other_url_is_refused_with_the_reason(url: str, words: str) -> None:
    assert words in url_problem(url)
