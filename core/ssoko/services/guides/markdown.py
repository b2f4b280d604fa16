"""Render untrusted Markdown to HTML, with values filled in.

Values are inserted into the parsed tokens, not into the source, so a company called ``*Acme* <b>``
is shown as it is spelled. Raw HTML is disabled, and the output is sanitized as well.
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

#: A placeholder in a link's target, where markdown-it encodes braces and spaces.
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
    """Parsed Markdown with its values, to render as a whole or in parts.

    :param values: name to text; a name without a value is shown as its description.
    :param prefix: of heading ids, so that they differ from other ids of the page.
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

    def render(self, tokens: Iterable[Token]) -> str:
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
        """Return the text to show for a name, and whether it is its value."""
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
                names = PLACEHOLDER.findall(token.content)
                has_values = all(self.values.get(name.strip()) for name in names)
                yield _html(_copy_fields("this value", text, has_values))
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
        """Return the target of a link, or an empty text if it is unsafe or has no value."""
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
        """Give each heading an id made of its text without placeholders."""
        used: set[str] = set()
        for token, inline in zip(tokens, tokens[1:], strict=False):
            if token.type == "heading_open":
                word = slug(PLACEHOLDER.sub("", title(inline))) or "section"
                name, number = word, 2
                while name in used:
                    name, number = f"{word}-{number}", number + 1
                used.add(name)
                token.attrs = {"id": f"{self.prefix}{name}"}


def describe(name: str) -> str:
    """Return the description of a value, to show while it has none."""
    if name.startswith(SETTINGS_PREFIX):
        words = name.removeprefix(SETTINGS_PREFIX).replace("_", " ").capitalize()
        return re.sub(r"(?i)\b(url|id|acs)(?=s?\b)", lambda match: match[0].upper(), words)
    return GUIDE_VALUES.get(name, name)


def slug(text: str) -> str:
    """Return the id of a heading with this text."""
    return re.sub(r"[^\w]+", "-", text.casefold()).strip("-")


def title(inline: Token) -> str:
    """Return the text of a heading."""
    return "".join(c.content for c in inline.children or () if c.type in {"text", "code_inline"})


def _shift_headings(tokens: list[Token]) -> None:
    """Shift the levels so that the highest heading is an h2; the page has the h1."""
    levels = [int(t.tag[1]) for t in tokens if t.type == "heading_open"]
    shift = 2 - min(levels, default=2)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"


def _html(content: str) -> Token:
    return Token("html_block", "", 0, content=content)


def _copy_fields(label: str, text: str, has_value: bool) -> str:
    """Render one copy field per line, or one for a whole certificate.

    :param has_value: whether the field gets a copy button.
    """
    lines = [text] if "-----BEGIN" in text else text.splitlines()
    button = (
        '<button class="btn quiet" type="button" hidden>Copy'
        f'<span class="vh"> {escape(label)}</span></button>'
    )
    return "".join(
        f'<div class="copy"><code>{escape(line)}</code>{button if has_value else ""}</div>\n'
        for line in lines
    )
