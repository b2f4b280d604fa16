"""Turn an uploaded, fetched or pasted metadata file into XML text.

Files come compressed, in the encodings of Windows tools, with an encoding declaration that is wrong
since the text was copied, or as something else altogether: then the error says what it is.
"""

import codecs
import html
import io
import lzma
import re
import struct
import zipfile
import zlib
from typing import Any

from ssoko.errors import MessageRefused
from ssoko.saml.refusals import message_refused

#: Bytes of a metadata file, packed or not. Files of whole federations are larger.
MAX_METADATA = 2 * 1024 * 1024

_FIX = "Use the metadata file of the service provider."
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""\A\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)
_DECLARATION = re.compile(r"\A<\?xml\s[^>]{0,500}?\?>")
#: Encodings of text files; others, such as UTF-7, could hide markup.
_ENCODINGS = re.compile(
    r"(utf-?8|us-ascii|ascii|iso-?8859-?\d+|latin-?1|(windows-|cp)125\d|utf-?16(-?[lb]e)?|koi8-[ru]"
    r"|shift[_-]jis|euc-(jp|kr)|gb2312|gbk|gb18030|big5|iso-2022-jp|macintosh)",
    re.IGNORECASE,
)
_LEADING = " \t\r\n\f\v\0\ufeff\u200b\u200c\u200d\u2060\u00a0\ufffe"
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_HTML = re.compile(r"\s*(<!--.{0,2000}?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)
_BROWSER_NOTE = "This XML file does not appear to have any style information"
#: What zipfile raises for damaged, encrypted or unusual archives.
_UNREADABLE_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(ValueError, LookupError, ArithmeticError, RuntimeError, EOFError, OSError),
)
_PACKED = {
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"0\x82": "a certificate or key in DER",
}


def xml_text(data: bytes | str) -> tuple[str, str]:
    """Return the XML of a file without its declaration, and a warning about its encoding.

    :param data: text is what was pasted: its encoding declaration no longer applies.
    :raises MessageRefused: code ``metadata-...`` or ``xml-too-large``, when it is no XML.
    """
    warning = ""
    if isinstance(data, bytes):
        text, warning = _decode(_unpack(data))
    else:
        text = data
    if len(text) > MAX_METADATA:
        raise _too_large()
    text = _unwrap(text.strip(_LEADING))
    if not text:
        raise _refused("metadata-empty", "The metadata is empty.", "nothing")
    _refuse_other(text)
    return _DECLARATION.sub("", text, count=1), warning


def _unpack(data: bytes) -> bytes:
    if len(data) > MAX_METADATA:
        raise _too_large()
    if data.startswith(b"\x1f\x8b"):
        return _check_packed(_gunzip(data))
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _check_packed(_unzip(data))
    return _check_packed(data)


def _gunzip(data: bytes) -> bytes:
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = unzip.decompress(data, MAX_METADATA + 1)
    except zlib.error:
        text = b""
    if len(text) > MAX_METADATA:
        raise _too_large()
    if not unzip.eof:
        raise _refused(
            "metadata-packed", "The gzip file is damaged.", "gzip", fix="Download it again."
        )
    return text


def _unzip(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [
                file
                for file in archive.infolist()
                if not file.is_dir()
                and not file.filename.startswith("__MACOSX/")
                and not file.filename.rpartition("/")[2].startswith(".")
            ]
            _check_one_file(files)
            with archive.open(files[0]) as file:
                text = file.read(MAX_METADATA + 1)
    except _UNREADABLE_ZIP:
        raise _refused(
            "metadata-packed",
            "The ZIP file is damaged or protected by a password.",
            "ZIP",
            fix="Unpack it, and use the metadata file in it.",
        ) from None
    if len(text) > MAX_METADATA:
        raise _too_large()
    return text


def _check_one_file(files: list[zipfile.ZipInfo]) -> None:
    names = [_printable(file.filename) for file in files]
    if "[Content_Types].xml" in names:
        raise _is("an Office document", "", "Use the metadata file itself.")
    if len(names) != 1:
        listed = ", ".join(names[:10]) or "no file"
        raise _refused(
            "metadata-packed",
            f"The ZIP file has {len(names)} files: {listed}.",
            f"ZIP with {len(names)} files",
            fix="Unpack it, and use the metadata file of the service provider.",
        )


def _check_packed(data: bytes) -> bytes:
    for start, kind in _PACKED.items():
        if data.startswith(start):
            raise _is(kind, "", _FIX)
    if data[257:262] == b"ustar":
        raise _is("a TAR archive", "", "Unpack it, and use the metadata file in it.")
    return data


def _decode(data: bytes) -> tuple[str, str]:
    """Return the text of a file; its byte order mark and its content precede its declaration."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decoded(data[len(bom) :], encoding), ""
    start = data[:64].lstrip(b" \t\r\n")[:4]
    if start[:4] == b"<\0\0\0" or start[:2] == b"<\0":
        return _decoded(data, "utf-32-le" if start == b"<\0\0\0" else "utf-16-le"), ""
    if data[:2] == b"\0<" or data[:4] == b"\0\n\0<":
        return _decoded(data, "utf-16-be"), ""
    match = _DECLARED.match(data)
    declared = match[1].decode() if match else "utf-8"
    if not _ENCODINGS.fullmatch(declared):
        raise _encoding(declared)
    if re.fullmatch(r"(?i)(utf-?(8|16.*)|(us-)?ascii)", declared):
        try:
            return data.decode("utf-8"), ""
        except UnicodeDecodeError as error:
            where = data.count(b"\n", 0, error.start) + 1
        warning = (
            f"Line {where} is not in {declared}, as the file says. It was read as windows-1252: "
            "check names with special characters."
        )
        return data.decode("windows-1252", "replace"), warning
    return _decoded(data, declared), ""


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise _encoding(encoding) from None


def _unwrap(text: str) -> str:
    """Return the XML without what a browser or a page puts around it."""
    if text.startswith("&lt;"):
        text = html.unescape(text).strip(_LEADING)
    before, bracket, after = text.partition("<")
    if bracket and _BROWSER_NOTE in before:
        return bracket + after
    if text.startswith("```") and text.endswith("```"):
        return text[text.find("<") :].rstrip("`").rstrip() if bracket else text
    return text


def _refuse_other(text: str) -> None:
    """Refuse a file that is no XML, or a page of HTML, and say what it is."""
    head = text[:4096]
    if _HTML.match(re.sub(r"\A<\?xml[^>]{0,500}\?>", "", head)):
        title = _TITLE.search(head)
        named = f" with the title “{' '.join(html.unescape(title[1]).split())}”" if title else ""
        raise _is(
            "an HTML page",
            named,
            "It may be a sign-in page: open the URL in a browser, sign in, save the metadata "
            "file, and upload it.",
        )
    if head.startswith(("{", "[")):
        raise _is("JSON", "", "Use the SAML metadata, an XML file.")
    if "PRIVATE KEY-----" in head:
        raise _is("a private key", "", "Keep it secret. Use the metadata file, an XML file.")
    if head.startswith("-----BEGIN"):
        raise _is("a certificate or key", "", "Use the metadata file, an XML file.")
    if re.fullmatch(r"https?://\S+", text):
        raise _is("a URL", "", "Enter it as Metadata URL, or use the file that it leads to.")
    if not head.startswith("<"):
        start = _printable(head)[:40]
        raise _refused(
            "metadata-not-xml",
            f"This is not XML. It starts with “{start}”.",
            start,
            fix=_FIX if "<" not in text else "Remove the text before the first <.",
        )


def _is(kind: str, more: str, fix: str) -> MessageRefused:
    return _refused("metadata-not-xml", f"This is {kind}{more}, not metadata.", kind, fix=fix)


def _encoding(encoding: str) -> MessageRefused:
    return _refused(
        "metadata-encoding",
        f"The file cannot be read in the encoding {encoding}.",
        encoding,
        fix="Save it in UTF-8, or paste its text.",
    )


def _too_large() -> MessageRefused:
    return message_refused(
        "xml-too-large",
        "The metadata is larger than 2 MB.",
        received=f"more than {MAX_METADATA} bytes",
        expected=f"at most {MAX_METADATA} bytes",
        fix="Use only the part with the service provider.",
    )


def _refused(code: str, message: str, received: str, **more: Any) -> MessageRefused:
    return message_refused(
        code, message, received=received, expected="SAML 2.0 metadata", **({"fix": _FIX} | more)
    )


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:100]
