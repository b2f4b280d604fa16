"""Turn Markdown of other people into HTML, with values filled in.

Values go into the parsed tokens, never into the source: a company called ``*Acme* <b>`` is shown
as it is spelt. Raw HTML is off, and what comes out is cleaned once more.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

import nh3
from markdown_it.token import Token

from ssoko.plugin.guide import GUIDE_VALUES, PLACEHOLDER, SETTINGS_PREFIX
from ssoko.plugin.steps import parser, take_marks

#: A value in a link's target, as markdown-it writes braces and spaces there.
_IN_HREF = re.compile(r"%7B%7B(?:%20)*([a-z][a-z0-9_.]*)(?:%20)*%7D%7D")
_TAGS = frozenset(
    """a blockquote br button code div em h2 h3 h4 h5 h6 hr li ol p pre span strong table tbody td
    th thead tr ul""".split()
)
_ATTRIBUTES = {
    "a": {"href", "rel"},
    "button": {"class", "type", "hidden"},
    "div": {"class"},
    "h2": {"id"},
    "h3": {"id"},
    "ol": {"start"},
    "span": {"class"},
}
_SCHEMES = frozenset({"http", "https", "mailto"})


@dataclass(slots=True)
class Document:
    """Markdown as tokens, values in place, ready to be drawn whole or in parts.

    :param values: name to text; a name that is missing is shown as what it stands for.
    :param prefix: put before the id of each heading, so that it meets no other id of the page.
    """

    text: str
    values: Mapping[str, str] = field(default_factory=dict)
    prefix: str = "guide-"
    tokens: list[Token] = field(init=False)

    def __post_init__(self) -> None:
        tokens = parser().parse(self.text)
        take_marks(tokens)
        _shift_headings(tokens)
        self._mark_headings(tokens)
        self.tokens = list(self._fill_blocks(tokens))

    def draw(self, tokens: Iterable[Token]) -> str:
        """Return the HTML of some of the tokens."""
        html = parser().renderer.render(list(tokens), parser().options, {})
        return nh3.clean(
            html,
            tags=set(_TAGS),
            attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
            url_schemes=set(_SCHEMES),
            link_rel=None,
        )

    def fill(self, text: str) -> str:
        """Return a text with each ``{{ name }}`` replaced by its value or its description."""
        return PLACEHOLDER.sub(lambda match: self._value(match[1].strip())[0], text)

    def _value(self, name: str) -> tuple[str, bool]:
        """Return what to show for a name, and whether it is the value itself."""
        if self.values.get(name):
            return self.values[name], True
        return f"\u2039{describe(name)}\u203a", False

    def _fill_blocks(self, tokens: list[Token]) -> Iterator[Token]:
        place = 0
        while place < len(tokens):
            token = tokens[place]
            alone = token.type == "paragraph_open" and PLACEHOLDER.fullmatch(
                tokens[place + 1].content.strip()
            )
            if alone:
                name = alone[1].strip()
                yield _html(_copy_fields(describe(name), *self._value(name)))
                place += 3
                continue
            if token.type == "fence" and token.info.strip() == "copy":
                text = self.fill(token.content).strip()
                known = all(self.values.get(m.strip()) for m in PLACEHOLDER.findall(token.content))
                yield _html(_copy_fields("this value", text, known))
            else:
                if token.type in {"fence", "code_block"}:
                    token.content, token.info = self.fill(token.content), ""
                if token.children:
                    token.children = list(self._fill_children(token.children))
                yield token
            place += 1

    def _fill_children(self, children: list[Token]) -> Iterator[Token]:
        linked = True
        for child in children:
            if child.type in {"text", "code_inline"}:
                child.content = self.fill(child.content)
            elif child.type == "link_open":
                href = self._target(str(child.attrs.get("href", "")))
                linked = bool(href)
                child.attrs = {"href": href}
                if href.startswith("http"):
                    child.attrs["rel"] = "noopener noreferrer"
            if child.type not in {"link_open", "link_close"} or linked:
                yield child

    def _target(self, href: str) -> str:
        """Return where a link leads, or an empty text when that is nowhere safe or not known."""
        names = _IN_HREF.findall(href)
        if not all(self.values.get(name) for name in names):
            return ""
        if _IN_HREF.fullmatch(href):
            href = self.values[names[0]]
        else:
            href = _IN_HREF.sub(lambda match: quote(self.values[match[1]], safe=""), href)
        if href.startswith("#"):
            return f"#{self.prefix}{href[1:]}"
        local = href.startswith("/") and not href.startswith(("//", "/\\"))
        return href if local or href.partition(":")[0].lower() in _SCHEMES else ""

    def _mark_headings(self, tokens: list[Token]) -> None:
        """Give each heading an id from its own words, whatever the values are."""
        seen: set[str] = set()
        for token, inline in zip(tokens, tokens[1:], strict=False):
            if token.type == "heading_open":
                word = slug(PLACEHOLDER.sub("", title(inline))) or "section"
                name, number = word, 2
                while name in seen:
                    name, number = f"{word}-{number}", number + 1
                seen.add(name)
                token.attrs = {"id": f"{self.prefix}{name}"}


def describe(name: str) -> str:
    """Say what a value is, for a place where it is not there yet."""
    if name.startswith(SETTINGS_PREFIX):
        words = name.removeprefix(SETTINGS_PREFIX).replace("_", " ").capitalize()
        return re.sub(r"(?i)\b(url|id|acs)(?=s?\b)", lambda match: match[0].upper(), words)
    return GUIDE_VALUES.get(name, name)


def slug(text: str) -> str:
    """Return a text as the id of a heading."""
    return re.sub(r"[^\w]+", "-", text.casefold()).strip("-")


def title(inline: Token) -> str:
    """Return the text of a heading."""
    return "".join(c.content for c in inline.children or () if c.type in {"text", "code_inline"})


def _shift_headings(tokens: list[Token]) -> None:
    """Make the highest heading an h2: the page around has the h1."""
    levels = [int(t.tag[1]) for t in tokens if t.type == "heading_open"]
    shift = 2 - min(levels, default=2)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"


def _html(content: str) -> Token:
    return Token("html_block", "", 0, content=content)


def _copy_fields(label: str, text: str, known: bool) -> str:
    """Draw a value to copy; several lines are several values, unless they are a certificate."""
    lines = [text] if "-----BEGIN" in text else text.splitlines()
    button = (
        '<button class="btn quiet" type="button" hidden>Copy'
        f'<span class="vh"> {escape(label)}</span></button>'
    )
    return "".join(
        f'<div class="copy"><code>{escape(line)}</code>{button if known else ""}</div>\n'
        for line in lines
    )
