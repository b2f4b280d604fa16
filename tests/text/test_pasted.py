"""What copying adds to a value is removed and named; what is suspicious is named."""

import time

import pytest
from ssoko.text.pasted import clean, describe, split_urls, suspicious

URL = "https://wiki.example/saml"


@pytest.mark.parametrize(
    ("pasted", "removed"),
    [
        (f"  {URL}\n", ""),
        (f"\u00a0{URL}\u3000", ""),
        (f"{URL}\u200b", "zero width space (U+200B)"),
        (f"\ufeff{URL}", "zero width no-break space (U+FEFF)"),
        (f"\u202a{URL}\u202c", "left-to-right embedding (U+202A)"),
        ("https://wi\u00adki.example/saml", "soft hyphen (U+00AD)"),
        (f"\u2060{URL}", "word joiner (U+2060)"),
        (f"\u2066{URL}\u2069", "left-to-right isolate (U+2066)"),
        (f"{URL}\u2800", "braille pattern blank (U+2800)"),
        (f"{URL}\ufe0f", "variation selector-16 (U+FE0F)"),
        (f'"{URL}"', "quotes"),
        (f"'{URL}'", "quotes"),
        (f"`{URL}`", "quotes"),
        (f"\u201c{URL}\u201d", "quotes"),
        (f"\u201e{URL}\u201c", "quotes"),
        (f"\u00ab {URL} \u00bb", "quotes"),
        (f'"{URL}', "quotes"),
        (f"{URL}\u201d", "quotes"),
        (f"<{URL}>", "brackets"),
        (f"({URL})", "brackets"),
        (f"[{URL}]", "brackets"),
        (f"[our wiki]({URL})", "the link around it"),
        (f"{URL},", "the punctuation at the end"),
        (f'"{URL}";', "the punctuation at the end"),
        (f"Entity ID: {URL}", "the label Entity ID"),
        (f"SP Entity ID (Audience) : {URL}", "the label SP Entity ID (Audience)"),
        (f"ACS URL\t{URL}", "the label ACS URL"),
        (f"entityID={URL}", "the label entityID"),
        (f'Location="{URL}"', "the label Location"),
        (f"Our own words: {URL}", "the label Our own words"),
        (f"<md:Location>{URL}</md:Location>", "the tag md:Location"),
        (f'Entity ID: "{URL}\u200b",', "the label Entity ID"),
    ],
)
def test_what_copying_added_is_removed_and_named(pasted: str, removed: str) -> None:
    cleaned = clean(pasted)
    assert cleaned.text == URL
    assert removed in describe(cleaned.removed)


@pytest.mark.parametrize(
    "text",
    [
        URL,
        "urn:amazon:webservices",
        "spn:https://wiki.example",
        "wiki",
        "My application",
        "constant:Entity ID: x",
        "user.attributes.key",
        '{"page": "home"}',
        "[1, 2]",
        "O'Brien's",
        "arn:aws:iam::123456789012:role/Reader",
        "می\u200cخواهم",
        "https://wiki.example/saml?a=1&b=2;c,d",
        "",
    ],
)
def test_plain_value_stays_as_it_is(text: str) -> None:
    assert clean(text) == (text, ())


def test_label_of_the_field_is_removed() -> None:
    assert clean("Tenant code: blue", labels=("Tenant code",)).text == "blue"
    assert clean("Tenant code: blue").text == "Tenant code: blue"


def test_escaped_ampersand_in_a_url_is_decoded() -> None:
    cleaned = clean("https://wiki.example/acs?a=1&amp;b=2")
    assert cleaned == (
        "https://wiki.example/acs?a=1&b=2",
        ("the code &amp; instead of &",),
    )


def test_quotes_of_a_secret_belong_to_it() -> None:
    assert clean(' "secret:x"\u200b', secret=True).text == '"secret:x"'


@pytest.mark.parametrize(
    "separator", ["\n", "\r\n", " ", ",", ", ", ";", " ; ", "\t", ",\n", "\u00a0"]
)
def test_urls_are_separated_by_lines_spaces_commas_and_semicolons(separator: str) -> None:
    urls = ["https://a.example/1,2;3", "https://b.example/acs"]
    assert split_urls(separator.join(urls)) == urls


def test_separator_at_the_end_is_no_part_of_a_url() -> None:
    assert split_urls("https://a.example,\nhttps://b.example;\n\n") == [
        "https://a.example",
        "https://b.example",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://wіki.example", "U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I"),
        ("https://wiki.example/…", "U+2026 HORIZONTAL ELLIPSIS"),
        ("https://wiki.example/“x”", "U+201C LEFT DOUBLE QUOTATION MARK"),
        ("a\u00a0b", "U+00A0 NO-BREAK SPACE"),
        ("a\ufffdb", "U+FFFD REPLACEMENT CHARACTER"),
        ("a\x07b", "U+0007 a control character"),
        ("ｗｉｋｉ.example", "U+FF57 FULLWIDTH LATIN SMALL LETTER W"),
        ("Вики", ""),
        ("wiki ü", ""),
    ],
)
def test_suspicious_character_is_named(text: str, name: str) -> None:
    assert suspicious(text) == name


@pytest.mark.parametrize(
    "unit", [" ", ",", "<", '"', "\u200b", "a:", "[", "\n", "\t", "&amp;", "x"]
)
def test_cleaning_takes_linear_time(unit: str) -> None:
    began = time.process_time()
    text = unit * (400_000 // len(unit))
    clean(text)
    clean(f"https://{text}")
    split_urls(f"https://{text}x")
    assert time.process_time() - began < 5
