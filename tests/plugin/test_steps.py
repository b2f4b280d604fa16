"""Evidence marks in guides: parsed, removed from the text, and refused if invalid."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from markdown_it import MarkdownIt
from ssoko.plugin import steps as module
from ssoko.plugin.guide import check_guide
from ssoko.plugin.steps import is_kind, named_kinds, rule_of
from ssoko.services.guides.guide import render_guide

MARK = "{{ done: role }}"


def steps(markdown: str) -> list[tuple[int, str, str]]:
    guide = render_guide(markdown, {"login_endpoint": "https://idp.test/login"})
    return [(s.number, s.done, s.html.strip()) for section in guide.sections for s in section.steps]


@pytest.mark.parametrize(
    "text",
    [
        f"3. Give it. {MARK}",
        f"3. Give it.\n   {MARK}",
        f"3. Give it.{MARK}\n",
        f"3. Give it.\n\n   {MARK}",
        "3. Give it. {{done:role}}",
        "3. Give it. {{  done:   role  }}  ",
    ],
)
def test_mark_at_the_end_of_a_step_is_not_shown(text):
    assert check_guide(text) == []
    assert steps(text) == [(3, "role", "<p>Give it.</p>")]
    assert "done" not in render_guide(text, {}).html


@pytest.mark.parametrize("end", ["**ADD ROLES**", "[Users](/users)", "`x`", "*now*"])
def test_mark_can_follow_any_end_of_a_step(end):
    ((_, done, drawn),) = steps(f"1. Press {end} {MARK}")
    assert done == "role"
    assert "{{" not in drawn
    assert "done" not in drawn


def test_step_keeps_its_values_and_its_later_paragraphs():
    text = f"1. Copy it: {MARK}\n\n    {{{{ login_endpoint }}}}\n\n2. Go on."
    first, second = steps(text)
    assert first[1] == "role"
    assert "<code>https://idp.test/login</code>" in first[2]
    assert second == (2, "", "<p>Go on.</p>")


def test_step_can_contain_a_list():
    ((_, done, drawn),) = steps(f"1. Copy each: {MARK}\n    - one\n    - two")
    assert done == "role"
    assert "<li>one</li>" in drawn


def test_text_and_steps_keep_their_order():
    guide = render_guide("## In Ssoko\n\nFirst.\n\n1. A\n\nBetween.\n\n2. B\n\nLast.", {})
    (section,) = guide.sections
    shape = [part if isinstance(part, str) else len(part) for part in section.parts]
    assert [str(one).strip() for one in shape] == [
        "<p>First.</p>",
        "1",
        "<p>Between.</p>",
        "1",
        "<p>Last.</p>",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1. Do. {{ done: certifcate }}", "unknown evidence: certifcate. Use one of installed"),
        ("1. Do. {{ done: }}", "unknown evidence: (empty)"),
        ("1. Do. {{ done: check:Big }}", "unknown evidence: check:Big"),
        ("1. Do. {{ done: check: }}", "unknown evidence: check:"),
        (f"Do. {MARK}", "has the evidence role outside of the end of a step"),
        (f"- Do. {MARK}", "outside of the end of a step"),
        (f"1. Do {MARK} it.", "outside of the end of a step"),
        (f"## Test {MARK}", "outside of the end of a step"),
        (f"1. `{MARK}`", "outside of the end of a step"),
        (f"1. Do.\n\n    ```\n    {MARK}\n    ```", "outside of the end of a step"),
        (f"1. Do.\n    - this {MARK}", "outside of the end of a step"),
        (f"| a |\n|---|\n| {MARK} |", "outside of the end of a step"),
        (f"1. Do. {MARK}\n\n    Then. {{{{ done: request }}}}", "two kinds of evidence"),
    ],
)
def test_invalid_mark_is_refused(text, words):
    wrong = check_guide(text)
    assert any(words in sentence for sentence in wrong), wrong


def test_mark_without_a_kind_is_an_unknown_value():
    assert check_guide(f"1. Do. {MARK}", ["done"]) == []
    assert "unknown value: done" in check_guide("1. Do. {{ done }}")[0]


def test_kinds_are_listed_once_in_order():
    text = f"1. A {{{{ done: installed }}}}\n2. B {MARK}\n3. C {MARK}"
    assert named_kinds(text) == ("installed", "role")
    assert render_guide(text, {}).kinds == ("installed", "role")
    assert is_kind("check:name-id-email")
    assert rule_of("check:name-id-email") == "name-id-email"
    assert rule_of("role") == ""


def test_concurrent_threads_share_one_parser(monkeypatch):
    def slowly(*arguments):
        time.sleep(0.05)
        return MarkdownIt(*arguments)

    monkeypatch.setattr(module, "MarkdownIt", slowly)
    module._parser.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        parsers = list(pool.map(lambda _: module.parser(), range(4)))
    assert len(set(map(id, parsers))) == 1
    rulers = (parsers[0].core, parsers[0].block, parsers[0].inline)
    assert all(one.ruler.__cache__ for one in rulers)
    assert parsers[0].inline.ruler2.__cache__
