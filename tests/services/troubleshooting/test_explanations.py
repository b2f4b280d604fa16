"""Every way to fail has words: what was got and expected, the rule, and what an admin does."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from ssoko.saml.refusals import ASK_VENDOR
from ssoko.services.access.gate import Code
from ssoko.services.troubleshooting.explanations import EXPLANATIONS, explanation_of

ROOT = Path(__file__).parents[3]
CORE = ROOT / "core" / "ssoko"

RAISED_BY = {
    "message_refused",
    "request_refused",
    "MessageRefused",
    "RequestRefused",
    "AccessRefused",
}

#: Metadata that an admin uploads: no exchange, so no trace; the form says what is wrong.
NO_EXCHANGE = "metadata-"


@dataclass(frozen=True)
class Raised:
    """One place where a refusal is made."""

    code: str
    where: str
    says: frozenset[str]


def codes_of(node: ast.expr) -> Iterator[str]:
    """Return the codes that an argument can be; those of variables come from elsewhere."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from codes_of(node.body)
        yield from codes_of(node.orelse)


def raised() -> Iterator[Raised]:
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name in RAISED_BY:
                for code in codes_of(node.args[0]):
                    says = frozenset(keyword.arg or "" for keyword in node.keywords)
                    yield Raised(code, f"{path.name}:{node.lineno}", says)


RAISED = list(raised())
EXCHANGES = [one for one in RAISED if not one.code.startswith(NO_EXCHANGE)]
#: The gate's own codes are handed on as they are.
DENIED = set(get_args(Code)) - {"ok"}
CODES = sorted({one.code for one in EXCHANGES} | DENIED)


def test_the_raise_sites_are_found() -> None:
    assert len(CODES) > 50
    assert {"acs-not-registered", "wrong-destination", "no-role"} <= set(CODES)


@pytest.mark.parametrize("one", RAISED, ids=lambda one: f"{one.where}-{one.code}")
def test_a_refusal_says_what_was_got_and_what_was_expected(one: Raised) -> None:
    assert {"got", "expected"} <= one.says


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_headline_a_rule_and_a_fix(code: str) -> None:
    words = EXPLANATIONS[code]
    at_the_place = [one.says for one in EXCHANGES if one.code == code]
    assert words.title.format(app="Wiki")
    assert words.rule.endswith(".")
    assert words.fix.endswith(".") if words.fix else all("fix" in says for says in at_the_place)
    assert words.fix != ASK_VENDOR


@pytest.mark.parametrize("code", CODES)
def test_the_words_are_plain_and_say_what_to_do(code: str) -> None:
    words = EXPLANATIONS[code]
    text = f"{words.title} {words.rule} {words.fix}"
    assert not re.search(r"\binvalid\b|\berror\b|\bplease\b", text, re.IGNORECASE)
    assert len(words.title) <= 72
    assert len(words.rule) <= 260 and len(words.fix) <= 320


def test_no_words_are_left_for_codes_that_nothing_raises() -> None:
    assert sorted(EXPLANATIONS) == CODES


def test_an_unknown_code_has_general_words() -> None:
    assert explanation_of("nothing-of-the-kind").fix


def test_the_document_lists_the_codes_with_their_fixes() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", text, re.MULTILINE))
    documented = {code for code in rows if not code.startswith(NO_EXCHANGE)}
    assert documented == set(CODES)
    metadata = {one.code for one in RAISED if one.code.startswith(NO_EXCHANGE)}
    assert {code for code in rows if code.startswith(NO_EXCHANGE)} == metadata
    for code, row in rows.items():
        if fix := EXPLANATIONS[code].fix if code in EXPLANATIONS else "":
            assert fix.format(app="the application") in row, code
