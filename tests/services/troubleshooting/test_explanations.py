"""Every error code has a title, a rule and a fix, and docs/troubleshooting.md lists them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from ssoko.saml.refusals import ASK_VENDOR
from ssoko.services.access.gate import Code
from ssoko.services.troubleshooting.catalog import CATALOG
from ssoko.services.troubleshooting.explanations import (
    EXPLANATIONS,
    FixAction,
    Place,
    explanation_of,
)

ROOT = Path(__file__).parents[3]
CORE = ROOT / "core" / "ssoko"

RAISED_BY = {
    "message_refused",
    "request_refused",
    "MessageRefused",
    "RequestRefused",
    "AccessRefused",
}

#: Errors in uploaded metadata. The form shows them, so they have no trace.
NO_TRACE = "metadata-"


@dataclass(frozen=True)
class Raised:
    """One place in the code that raises a refusal, and the arguments it passes."""

    code: str
    where: str
    arguments: frozenset[str]


def codes_of(node: ast.expr) -> Iterator[str]:
    """Return the codes that an argument can be; variables are not resolved."""
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
                    arguments = frozenset(keyword.arg or "" for keyword in node.keywords)
                    yield Raised(code, f"{path.name}:{node.lineno}", arguments)


RAISED = list(raised())
TRACED = [site for site in RAISED if not site.code.startswith(NO_TRACE)]
#: The codes of access decisions are used unchanged.
DENIED = set(get_args(Code)) - {"ok"}
CODES = sorted({site.code for site in TRACED} | DENIED)


def test_places_that_raise_refusals_are_found() -> None:
    assert len(CODES) > 50
    assert {"acs-not-registered", "wrong-destination", "no-role"} <= set(CODES)


@pytest.mark.parametrize("site", RAISED, ids=lambda site: f"{site.where}-{site.code}")
def test_refusal_states_what_was_received_and_expected(site: Raised) -> None:
    assert {"received", "expected"} <= site.arguments


@pytest.mark.parametrize("code", CODES)
def test_code_has_a_title_a_rule_and_a_fix(code: str) -> None:
    explanation = EXPLANATIONS[code]
    sites = [site.arguments for site in TRACED if site.code == code]
    assert explanation.title_for(application="Wiki", user="Ada")
    assert explanation.rule.endswith(".")
    fix = explanation.fix
    assert fix.endswith(".") if fix else all("fix" in arguments for arguments in sites)
    assert explanation.fix != ASK_VENDOR


@pytest.mark.parametrize("code", CODES)
def test_texts_are_short_and_say_what_to_do(code: str) -> None:
    explanation = EXPLANATIONS[code]
    text = f"{explanation.title} {explanation.rule} {explanation.fix}"
    assert not re.search(r"\binvalid\b|\berror\b|\bplease\b", text, re.IGNORECASE)
    assert len(explanation.title) <= 72
    assert len(explanation.rule) <= 260 and len(explanation.fix) <= 320


def test_catalog_has_no_code_that_nothing_raises() -> None:
    assert sorted(EXPLANATIONS) == CODES


def test_texts_about_logouts_replace_known_ones() -> None:
    assert set(CATALOG["logout"]) <= set(CODES)
    for code, texts in CATALOG["logout"].items():
        explanation = explanation_of(code, logout=True)
        assert explanation != EXPLANATIONS[code]
        assert {name: getattr(explanation, name) for name in texts} == texts
        words = f"{explanation.title} {explanation.rule} {explanation.fix}"
        assert "sign-in" not in words and "Login" not in words
    assert "logout" in explanation_of("nothing-of-the-kind", logout=True).title


def test_unknown_code_has_general_texts() -> None:
    assert explanation_of("nothing-of-the-kind").fix


def test_title_without_names_has_general_words() -> None:
    explanation = explanation_of("no-role")
    assert explanation.title_for(application="wiki", user="ada") == "ada has no role for wiki"
    title = explanation.title_for(application="", user="")
    assert title == "A user has no role for the service provider"


def test_fix_action_has_its_texts() -> None:
    actions = {explanation.fix_action for explanation in EXPLANATIONS.values()} - {""}
    assert actions == set(get_args(FixAction)) - {""} == set(CATALOG["fixes"])
    for texts in CATALOG["fixes"].values():
        assert set(texts) == {"label", "applied", "done"}


def test_places_are_known_pages() -> None:
    for explanation in EXPLANATIONS.values():
        assert set(explanation.places) <= set(get_args(Place))


def test_documentation_lists_every_code_with_its_title_and_fix() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", text, re.MULTILINE))
    documented = {code for code in rows if not code.startswith(NO_TRACE)}
    assert documented == set(CODES)
    metadata = {
        node.value
        for path in (CORE / "saml" / "sp_metadata").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and str(node.value).startswith(NO_TRACE)
    }
    assert {code for code in rows if code.startswith(NO_TRACE)} == metadata
    for code, row in rows.items():
        if code in EXPLANATIONS:
            explanation = EXPLANATIONS[code]
            title = explanation.title_for(application="the application", user="a user")
            assert title.lower() in row.lower() and explanation.fix in row, code
