"""No text uses the words that docs/glossary.md replaces."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Pattern of a replaced word, and what to write instead.
REPLACED = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(held|holds?) (\w+ ){0,3}against\b": "check against, verify",
    r"\banew\b": "again",
    r"\b(is|are|be|was|were) told\b": "is notified; the error is returned",
    r"\bkept apart\b": "quarantined, separate",
    r"\bthe other side\b|\bvendor('s)? side\b": "the service provider",
    r"\b(begin|begins|began|begun)\b": "start",
    r"\bspoke of\b|\bspeaks? of\b": "mention",
    r"\bchange-over\b": "rotation",
    r"\be-mails?\b": "email",
    r"\buser names?\b": "username",
    r"\blately\b": "recent",
    r"\bsmall letters?\b|\bcapital letters?\b": "lowercase, uppercase",
    r"\bmay have \d": "is limited to",
    r"\blets? (\w+ )?in\b|\bgets? in(to)?\b|\bgot in\b": "has access",
    r"\b(sighting|rehears\w*|preflight|tryout)s?\b": "see docs/glossary.md",
    r"\b(door|house|roof|furniture|floor)s?\b": "layer, package, application",
    r"\bwhence\b|\bfor ever\b": "where from, forever",
    r"\b(somebody|anybody|everybody|whoever|whomever)\b": "a user, anyone, everyone",
    r"\bstands? (at|under|in|below|beside|before)\b|\bstood (at|under|in)\b": "is at",
    r"\bno \w+ any ?more\b|\bnot any ?more\b": "no longer",
    r"\bits own affair\b": "plain English",
    r"\bdraws? (a|the) page\b|\bpage is drawn\b": "render",
    r"\bcatalogue|colour|behaviour|favour": "American spelling",
    r"\b(organ|author|recogn)is[ei]": "American spelling",
}
PATTERNS = [(re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in REPLACED.items()]

#: Texts that have a replaced word and are right: names of others, and formats.
ALLOWED = (
    "BEGIN",
    "`begin`",
    ":func:`begin`",
    "sso.py begin",
    "begin(",
    "sign_in.begin",
    "somebody@",
    "playhouse",
)

FILES = sorted(
    path
    for pattern in (
        "core/**/*.py",
        "core/**/*.html",
        "core/**/*.toml",
        "plugins/**/*.py",
        "plugins/**/*.md",
        "plugins/**/*.html",
        "migrations/*.py",
        "docs/**/*.md",
        "*.md",
    )
    for path in ROOT.glob(pattern)
    if not {"build", ".venv", "node_modules"} & set(path.parts)
)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Return the lines of a file that people read, with their numbers.

    Of Python code these are comments and texts; of templates, everything but Jinja's tags.
    """
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = tokenize.tok_name[token.type]
            if kind in {"COMMENT", "STRING"} or kind.startswith("FSTRING"):
                yield from enumerate(token.string.splitlines(), token.start[0])
        return
    if path.suffix == ".html":
        text = re.sub(r"\{[%#{].*?[%#}]\}", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
    yield from enumerate(text.splitlines(), 1)


def test_no_text_uses_a_replaced_word() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]!r}, write: {advice}"
        for path in FILES
        for number, line in prose(path)
        if not any(text in line for text in ALLOWED)
        for pattern, advice in PATTERNS
        for match in pattern.finditer(line)
    ]
    assert found == [], "\n".join(found)
