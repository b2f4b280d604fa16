"""The steps of a guide, and the evidence that one is done: ``{{ done: certificate }}``.

The mark stands at the end of a numbered step's text and is not drawn. What it names is looked up
when the page is shown; nobody ticks a step by hand.
"""

import re
from collections.abc import Iterator
from functools import cache
from threading import Lock

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Kind to when Ssoko ticks a step of this kind, after "Ticks by itself when".
EVIDENCE = {
    "installed": "the application is installed",
    "metadata": "our metadata file is downloaded or fetched, or a sign-in request arrives",
    "certificate": "the certificate that signs is downloaded, alone or in the metadata",
    "role": "an active person, or a group, has a role of the application",
    "request": "a sign-in request of the service provider arrives",
    "sign-in": "a signed answer is sent to the service provider",
    "accepted": "the service provider says something back in a session that it accepted",
}

#: Before the id of one of the plugin's own acceptance rules.
CHECK = "check:"
_CHECK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")

#: A mark wherever it stands; the kind is in the group.
MARK = re.compile(r"\{\{\s*done:([^{}]*)\}\}")
_AT_THE_END = re.compile(r"\s*\{\{\s*done:([^{}]*)\}\}\s*$")

#: Key of a step's token under which :func:`take_marks` leaves the kind.
KEY = "done"


_PARSER_LOCK = Lock()


def parser() -> MarkdownIt:
    """Return the one parser of everything that plugins write."""
    with _PARSER_LOCK:
        return _parser()


@cache
def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    # The first parse fills its lists of rules; a second thread could read them half filled.
    made.parse("text")
    return made


def is_kind(kind: str) -> bool:
    """Tell whether a kind of evidence exists; whether there is such a rule is not judged."""
    return kind in EVIDENCE or rule_of(kind) != ""


def rule_of(kind: str) -> str:
    """Return the id of the rule that ``check:<id>`` names, or an empty text."""
    rule = kind.removeprefix(CHECK) if kind.startswith(CHECK) else ""
    return rule if _CHECK_ID.fullmatch(rule) else ""


def named_kinds(markdown: str) -> tuple[str, ...]:
    """Return the kinds that a guide names, each once, in their order."""
    return tuple(dict.fromkeys(match[1].strip() for match in MARK.finditer(markdown)))


def wrong_kinds(markdown: str) -> list[str]:
    """Return a sentence for each kind of evidence that does not exist."""
    return [
        f"The guide names evidence that does not exist: {kind or 'an empty one'}. "
        f"Use one of {', '.join(EVIDENCE)}, or {CHECK} and the id of an acceptance rule"
        for kind in named_kinds(markdown)
        if not is_kind(kind)
    ]


def misplaced(markdown: str) -> list[str]:
    """Return a sentence for each mark that ends no numbered step, or comes second in one."""
    tokens = parser().parse(markdown)
    second = [
        f"A step of the guide names two kinds of evidence: {', '.join(kinds)}. Leave it one"
        for kinds in take_marks(tokens)
        if len(kinds) > 1
    ]
    left = [kind for token in tokens for kind in named_kinds(token.content)]
    return second + [
        f"The guide names the evidence {kind} where no step ends. "
        "Write it at the end of the text of a numbered step"
        for kind in dict.fromkeys(left)
    ]


def take_marks(tokens: list[Token]) -> list[tuple[str, ...]]:
    """Take the marks out of the steps, and leave each kind in the ``meta`` of its step's token.

    A paragraph that was nothing but a mark goes with it.

    :returns: for each step that names evidence the kinds that it named; the first one counts.
    """
    found = []
    for start, end in steps(tokens):
        kinds = tuple(
            kind
            for place in range(start + 1, end)
            if tokens[place].type == "inline" and _is_own(tokens[place - 1], tokens[start])
            if (kind := _take(tokens[place])) is not None
        )
        if kinds:
            tokens[start].meta = {**tokens[start].meta, KEY: kinds[0]}
            found.append(kinds)
    empty = {
        place + offset
        for place, token in enumerate(tokens)
        if token.type == "inline" and token.meta.get(KEY) == "" and not token.children
        for offset in (-1, 0, 1)
    }
    tokens[:] = [token for place, token in enumerate(tokens) if place not in empty]
    return found


def steps(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield where each numbered step opens and closes: items of lists that stand in no other."""
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
    """Tell whether this opens a paragraph of the step itself, and not of a list within it."""
    return token.type == "paragraph_open" and token.level == step.level + 1


def _take(inline: Token) -> str | None:
    """Take the mark from the end of a paragraph; None when there is none."""
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
