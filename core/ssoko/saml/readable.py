"""Format XML messages for reading: indented, with long tags on several lines, and shortened."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from lxml import etree

from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.response import SignIn, unsigned_assertion
from ssoko.saml.xml import parse_xml

#: Characters of a formatted message.
MAX_SHOWN = 16 * 1024

#: A longer start tag has one line per attribute.
_WIDTH = 88
_CUT = "\n\u2026"
#: Messages that Ssoko accepts. Others may be assertions with personal data, so they stay hidden.
_SHOWN = frozenset(
    f"{{{names.NS_SAMLP}}}{name}" for name in ("AuthnRequest", "LogoutRequest", "LogoutResponse")
)


def shown_message(xml: bytes, *, limit: int = MAX_SHOWN) -> str:
    """Return a message as formatted text; text that cannot be parsed is returned unchanged.

    Comments and processing instructions are omitted, as they are when Ssoko reads a message.

    :param limit: characters; a longer text ends with an ellipsis.
    """
    try:
        root = parse_xml(xml)
    except MessageRefused:
        return _cut(xml[: 4 * limit].decode("utf-8", "replace"), limit)
    if root.tag not in _SHOWN:
        return _cut("".join(_start(root, "", {})) + f"\n  \u2026\n</{_name(root)}>", limit)
    pieces, size = [], 0
    for piece in _element(root, "", {}):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            break
    return _cut("".join(pieces), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - len(_CUT)] + _CUT


def _element(
    element: etree._Element, indent: str, declared: dict[str | None, str]
) -> Iterator[str]:
    yield from _start(element, indent, declared)
    name, text = _name(element), (element.text or "").strip()
    if not len(element):
        yield f"{escape(text)}</{name}>" if text else f"</{name}>"
        return
    inner = f"{indent}  "
    if text:
        yield f"\n{inner}{escape(text)}"
    for child in element:
        yield f"\n{inner}"
        yield from _element(child, inner, dict(element.nsmap))
        if tail := (child.tail or "").strip():
            yield f"\n{inner}{escape(tail)}"
    yield f"\n{indent}</{name}>"


def _start(element: etree._Element, indent: str, declared: dict[str | None, str]) -> Iterator[str]:
    parts = [
        (f"xmlns:{prefix}" if prefix else "xmlns", uri)
        for prefix, uri in element.nsmap.items()
        if declared.get(prefix) != uri
    ]
    parts += [(_attribute(element, str(key)), str(value)) for key, value in element.items()]
    attributes = [f'{key}="{escape(value, _QUOTED)}"' for key, value in parts]
    wide = sum(map(len, attributes)) + len(attributes) + len(indent) > _WIDTH
    separator = f"\n{indent}    " if wide else " "
    yield f"<{_name(element)}"
    for attribute in attributes:
        yield f"{separator}{attribute}"
    yield ">"


_QUOTED = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def _name(element: etree._Element) -> str:
    local = etree.QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local


def _attribute(element: etree._Element, key: str) -> str:
    name = etree.QName(key)
    if not name.namespace:
        return name.localname
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
    return f"{prefixes.get(name.namespace, 'xml')}:{name.localname}"


def draft_assertion(sign_in: SignIn) -> str:
    """Return the assertion of *sign_in* as indented text with a comment that marks it as a preview.

    :raises ValueError: when a value contains a character that XML does not allow.
    """
    root = etree.fromstring(unsigned_assertion(sign_in))
    etree.indent(root, "  ")
    text = etree.tostring(root, encoding="unicode")
    return f"<!-- Preview: not signed, and never sent -->\n{text}\n"
