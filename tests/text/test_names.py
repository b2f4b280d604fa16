"""Names: look-alikes, validation and search terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssoko.errors import InputError
from ssoko.text.names import check_name, fold, is_id, is_text, search_terms, search_words, slugify


@pytest.mark.parametrize(
    "look_alike",
    [
        "AMINA",
        "  amina ",
        "ａｍｉｎａ",  # full width
        "аmina",  # Cyrillic a
        "аміnа",  # Cyrillic a, m, i
        "Αmina",  # Greek Alpha
        "amına",  # dotless i
        "ⓐmina",
        "𝐚𝐦𝐢𝐧𝐚",
    ],
)
def test_names_that_look_the_same_have_one_key(look_alike: str) -> None:
    assert fold(look_alike) == "amina"


@pytest.mark.parametrize(("one", "other"), [("amina", "amine"), ("é", "e"), ("user1", "userl")])
def test_names_that_look_different_have_two_keys(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u200d",
        "\u2060",
        "\u00ad",
        "\u202e",
        "\ufeff",
        "\x00",
        "\x07",
        "\u3164",
        "\ufe0f",
    ],
)
def test_a_character_that_cannot_be_seen_is_refused_by_name_of_the_field(hidden: str) -> None:
    with pytest.raises(InputError) as refused:
        fold(f"ami{hidden}na", field="username")
    assert list(refused.value.errors) == ["username"]


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    try:
        once = fold(text)
    except InputError:
        return
    assert fold(once) == once


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert fold("e\u0301va") == fold("\u00e9va")


def test_a_slug_is_made_of_what_an_address_holds() -> None:
    assert slugify("Ünï Çode — AWS (prod)") == "uni-code-aws-prod"
    assert slugify("日本") == "item"
    assert slugify("日本", fallback="app") == "app"
    assert len(slugify("x" * 300)) == 40


@given(st.text(max_size=60))
def test_a_slug_never_holds_anything_else(text: str) -> None:
    slug = slugify(text)
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_words_are_found_from_the_start_of_each() -> None:
    words = search_words("Amina", "Otieno", "amina.otieno", "amina.otieno@acme.test")
    for term in ("amina", "ami", "otieno", "amina.otieno@acme", "otieno@acme", "acme.test"):
        assert any(word.startswith(term) for word in words), term
    assert not any(word.startswith("mina") for word in words)


def test_words_that_another_one_begins_with_are_stored_once() -> None:
    assert search_words("ann", "anna", "annabel") == ("annabel",)


def test_a_search_forgives_accents_case_and_control_characters() -> None:
    assert search_terms("  ÓTIENO\x00 amina AMINA ") == ("otieno", "amina")
    assert len(search_terms(" ".join(map(str, range(100))))) == 8


def test_a_name_is_cleaned_at_its_ends() -> None:
    assert check_name("  Acme  ") == "Acme"
    assert check_name("", required=False) == ""


@pytest.mark.parametrize("wrong", ["", "   ", "x" * 151, "a\nb", "a\x00", "\ud800", 7, None])
def test_name_with_control_characters_is_refused(wrong: object) -> None:
    with pytest.raises(InputError) as refused:
        check_name(wrong, field="title")
    assert list(refused.value.errors) == ["title"]


def test_persian_names_keep_their_joiners() -> None:
    assert check_name("علی\u200cرضا") == "علی\u200cرضا"


def test_text_that_a_database_refuses_is_no_text() -> None:
    assert is_text("tab\tand\nline")
    for bad in ("\x00", "\x0b", "\ud800", "\uffff", 1, None):
        assert not is_text(bad)
    assert is_id("01h2x")
    for bad in ("", "a-b", "é", "\x00", "a" * 65, None, 5):
        assert not is_id(bad)
