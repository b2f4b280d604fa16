"""Parse untrusted XML: one hardened parser, times and numbers.

Every message goes through this module. It allows no DTD, no entities and no network access, and
limits size, depth and number of elements. Messages are in UTF-8, or in a declared encoding of one
byte per character that any parser reads in the same way.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from lxml import etree

from ssoko.saml.refusals import message_refused

#: Bytes of base64 in a message.
MAX_ENCODED = 64 * 1024
#: Bytes of XML in a message.
MAX_XML = 256 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 20_000

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?"
    r"(?:[Zz]|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_ID_ATTRIBUTES = ("ID", "Id", "{http://www.w3.org/XML/1998/namespace}id")
_UTF8_BOM = b"\xef\xbb\xbf"
#: Declared encoding to the one that the bytes are decoded with.
_ENCODINGS = {
    **dict.fromkeys(("utf-8", "utf8", "utf-16", "utf16", "unicode"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii"), "ascii"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1"), "latin-1"),
    "windows-1252": "cp1252",
}


def prepare() -> None:
    """Create the parser before threads use it."""
    _parser()


def parse_xml(
    data: bytes, *, max_bytes: int = MAX_XML, max_elements: int = MAX_ELEMENTS
) -> etree._Element:
    """Parse *data* and return its root element.

    Comments and processing instructions are removed, and the text around them is joined.

    :raises MessageRefused: with a code that starts with ``xml-``.
    """
    if len(data) > max_bytes:
        raise message_refused(
            "xml-too-large",
            "The message is too large.",
            received=f"{len(data)} bytes",
            expected=f"at most {max_bytes} bytes",
        )
    data = _as_utf8(data.removeprefix(_UTF8_BOM).lstrip())
    # Only the prolog can contain a DTD. Refusing these strings everywhere is simpler and harmless.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise message_refused(
            "xml-dtd",
            "The message contains a document type declaration.",
            received="DOCTYPE" if b"<!DOCTYPE" in data else "ENTITY",
            expected="no DOCTYPE",
            source="SAML messages have no DTD; attackers use DTDs against XML parsers.",
        )
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise message_refused(
            "xml-malformed",
            "The message is not well-formed XML.",
            received=str(error),
            expected="one XML document in UTF-8",
        ) from None
    if root is None:  # lxml returns None for a document with comments only
        raise message_refused(
            "xml-malformed",
            "The message contains no XML element.",
            received="no element",
            expected="one XML document in UTF-8",
        )
    _check_tree(root, max_elements)
    return root


def check_text(value: str) -> str:
    """Return *value* if XML 1.0 allows all its characters.

    :raises ValueError: when it contains a control character, a lone surrogate, U+FFFE or U+FFFF.
    """
    match = _FORBIDDEN.search(value)
    if match:
        raise ValueError(
            f"character U+{ord(match.group()):04X} at position {match.start() + 1} "
            "cannot be sent in a SAML message"
        )
    return value


def text_of(element: etree._Element | None) -> str:
    """Return all text in *element* without surrounding whitespace; empty for None."""
    if element is None:
        return ""
    return ("".join(element.itertext()) if len(element) else element.text or "").strip()


@lru_cache(maxsize=64)
def instant(seconds: int) -> str:
    """Return epoch *seconds* as a SAML time in UTC (SAML core, section 1.3.3)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def parse_instant(text: str) -> int:
    """Return the epoch seconds of an ``xs:dateTime``; the default time zone is UTC.

    :raises MessageRefused: code ``xml-instant``.
    """
    match = _INSTANT.fullmatch(text.strip())
    try:
        if not match:
            raise ValueError
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        sign, hours, minutes = match.groups()[6:]
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment + offset if sign == "-" else moment - offset
    except (ValueError, OverflowError):
        raise message_refused(
            "xml-instant",
            "A time in the message cannot be read.",
            received=text,
            expected="a time such as 2026-11-24T09:14:07Z",
            source="SAML core, section 1.3.3",
        ) from None
    return int(moment.timestamp())


def parse_number(text: str) -> int:
    """Return the whole number in an attribute, of at most 18 digits.

    :raises MessageRefused: code ``xml-number``.
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise message_refused(
            "xml-number",
            "A number in the message cannot be read.",
            received=text,
            expected="a whole number",
        )
    return int(text)


@cache
def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _as_utf8(data: bytes) -> bytes:
    """Return *data* in UTF-8, whatever its declaration says.

    .NET declares UTF-16 where it writes UTF-8. Bytes in UTF-16 have NULs in every tag, so the
    declaration cannot be right.
    """
    declared = _DECLARED.match(data)
    name = declared.group(1).decode("ascii", "replace") if declared else "utf-8"
    encoding = _ENCODINGS.get(name.lower())
    if encoding and b"\0" not in data:
        try:
            return data.decode(encoding).encode("utf-8")
        except UnicodeDecodeError:
            pass
    raise message_refused(
        "xml-encoding", "The message is not in UTF-8.", received=name, expected="UTF-8"
    )


def _check_tree(root: etree._Element, max_elements: int) -> None:
    """Refuse too many elements, elements nested too deeply, and repeated IDs."""
    ids: set[str] = set()
    level, depth, elements = [root], 0, 0
    while level:
        depth, elements = depth + 1, elements + len(level)
        if depth > MAX_DEPTH or elements > max_elements:
            raise message_refused(
                "xml-too-complex",
                "The message has too many elements or nests them too deeply.",
                received=f"at least {elements} elements, {depth} levels",
                expected=f"at most {max_elements} elements, {MAX_DEPTH} levels",
            )
        for element in level:
            if element.attrib:
                _collect_ids(element, ids)
        level = [child for element in level for child in element]


def _collect_ids(element: etree._Element, ids: set[str]) -> None:
    for name in _ID_ATTRIBUTES:
        value = element.get(name)
        if value is None:
            continue
        if value in ids:
            raise message_refused(
                "xml-duplicate-id",
                "Two elements of the message have the same ID.",
                received=f"{value} twice",
                expected="each ID once",
                source="SAML core, section 1.3.4",
            )
        ids.add(value)
