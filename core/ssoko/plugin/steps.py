"""The steps of a guide, and the evidence that a step is done: ``{{ done: certificate }}``.

The mark is at the end of a numbered step's text and is not shown. The step is ticked
automatically when the evidence is detected.
"""

import re
from collections.abc import Iterator
from functools import cache
from threading import Lock

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Kind to when a step of this kind is ticked, after "Ticks automatically when".
EVIDENCE = {
    "installed": "the application is installed",
    "metadata": "the metadata file is downloaded or fetched, or a SAML request arrives",
    "certificate": "the signing certificate is downloaded, alone or in the metadata",
    "role": "an active user or a group has a role of the application",
    "request": "the service provider sends a SAML request",
    "sign-in": "a SAML response is sent to the service provider",
    "accepted": "the service provider sends a message in a session that it accepted",
}

#: Prefix of the ID of one of the plugin's acceptance rules.
CHECK = "check:"
_CHECK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")

#: A mark anywhere in a text; the kind is in the group.
MARK = re.compile(r"\{\{\s*done:([^{}]*)\}\}")
_AT_THE_END = re.compile(r"\s*\{\{\s*done:([^{}]*)\}\}\s*$")

#: Key of ``meta`` where :func:`take_marks` stores the kind.
KEY = "done"


_PARSER_LOCK = Lock()


def parser() -> MarkdownIt:
    """Return the parser of all Markdown texts of plugins."""
    with _PARSER_LOCK:
        return _parser()


@cache
def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    # The first parse fills its lists of rules; a second thread could read them half filled.
    markdown.parse("text")
    return markdown


def is_kind(kind: str) -> bool:
    """Return whether a kind of evidence exists; the ID of a rule is not looked up."""
    return kind in EVIDENCE or rule_of(kind) != ""


def rule_of(kind: str) -> str:
    """Return the ID of the rule in ``check:<id>``, or an empty text."""
    rule = kind.removeprefix(CHECK) if kind.startswith(CHECK) else ""
    return rule if _CHECK_ID.fullmatch(rule) else ""


def named_kinds(markdown: str) -> tuple[str, ...]:
    """Return the kinds in a guide, without duplicates, in their order."""
    return tuple(dict.fromkeys(match[1].strip() for match in MARK.finditer(markdown)))


def wrong_kinds(markdown: str) -> list[str]:
    """Return a sentence for each kind of evidence that does not exist."""
    return [
        f"The guide has unknown evidence: {kind or '(empty)'}. "
        f"Use one of {', '.join(EVIDENCE)}, or {CHECK} and the ID of an acceptance rule"
        for kind in named_kinds(markdown)
        if not is_kind(kind)
    ]


def misplaced(markdown: str) -> list[str]:
    """Return a sentence for each mark that is not at the end of a step, or is its second one."""
    tokens = parser().parse(markdown)
    second = [
        f"The guide has two kinds of evidence in one step: {', '.join(kinds)}. Keep one"
        for kinds in take_marks(tokens)
        if len(kinds) > 1
    ]
    outside = [kind for token in tokens for kind in named_kinds(token.content)]
    return second + [
        f"The guide has the evidence {kind} outside of the end of a step. "
        "Move it to the end of the text of a numbered step"
        for kind in dict.fromkeys(outside)
    ]


def take_marks(tokens: list[Token]) -> list[tuple[str, ...]]:
    """Remove the marks from the steps, and store each kind in the ``meta`` of its step's token.

    A paragraph with only a mark is removed.

    :returns: for each step with evidence its kinds; the first one is stored.
    """
    kinds_of_steps = []
    for start, end in steps(tokens):
        kinds = tuple(
            kind
            for place in range(start + 1, end)
            if tokens[place].type == "inline" and _is_own(tokens[place - 1], tokens[start])
            if (kind := _take(tokens[place])) is not None
        )
        if kinds:
            tokens[start].meta = {**tokens[start].meta, KEY: kinds[0]}
            kinds_of_steps.append(kinds)
    empty = {
        place + offset
        for place, token in enumerate(tokens)
        if token.type == "inline" and token.meta.get(KEY) == "" and not token.children
        for offset in (-1, 0, 1)
    }
    tokens[:] = [token for place, token in enumerate(tokens) if place not in empty]
    return kinds_of_steps


def steps(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield the indexes where each numbered step opens and closes: items of top-level lists."""
    numbered, start = False, 0
    for place, token in enumerate(tokens):
        if token.type == "ordered_list_open" and token.level == 0:
            numbered = True
        elif token.type == "ordered_list_close" and token.level == 0:
            numbered = False
        elif numbered and token.level == 1 and token.type == "list_item_open":
            start = place
        elif numbered and token.level == 1 and token.type == "list_item_close":
            yield start, place


def _is_own(token: Token, step: Token) -> bool:
    """Return whether this opens a paragraph of the step itself, not of a nested list."""
    return token.type == "paragraph_open" and token.level == step.level + 1


def _take(inline: Token) -> str | None:
    """Remove the mark from the end of a paragraph and return its kind, or None."""
    children = inline.children or []
    last = children[-1] if children else None
    match = _AT_THE_END.search(last.content) if last and last.type == "text" else None
    if last is None or match is None:
        return None
    last.content = last.content[: match.start()]
    if not last.content:
        children.pop()
    while children and children[-1].type in {"softbreak", "hardbreak"}:
        children.pop()
    inline.children = children
    inline.content = _AT_THE_END.sub("", inline.content)
    inline.meta = {**inline.meta, KEY: ""}
    return match[1].strip()
