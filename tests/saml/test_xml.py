"""Parsing XML, times and text."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from ssoko.errors import MessageRefused
from ssoko.saml.xml import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_XML,
    check_text,
    instant,
    parse_instant,
    parse_xml,
    text_of,
)

LAUGHS = b'<!DOCTYPE a [<!ENTITY a0 "ha">' + b"".join(
    b'<!ENTITY a%d "&a%d;&a%d;">' % (i, i - 1, i - 1) for i in range(1, 30)
)


def refused(data: bytes) -> str:
    begin = time.process_time()
    with pytest.raises(MessageRefused) as caught:
        parse_xml(data)
    assert time.process_time() - begin < 1
    assert caught.value.fix
    assert len(caught.value.received) <= 500
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>',
        LAUGHS + b"]><a>&a29;</a>",
        b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 10_000 + b"</a>",
        b'\xef\xbb\xbf<!DOCTYPE a [<!ATTLIST a ID ID "x">]><a/>',
    ],
)
def test_ar_13_to_15_every_dtd_is_refused(data):
    assert refused(data) == "xml-dtd"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"])
@pytest.mark.parametrize("declared", [True, False])
def test_ar_13_dtd_in_another_encoding_is_refused(codec, declared):
    declaration = f'<?xml version="1.0" encoding="{codec}"?>' if declared else ""
    text = f'{declaration}<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    if codec == "utf-7" and declared:
        data = text.replace("<!", "+ADwAIQ-").encode("ascii")
    else:
        data = text.encode(codec)
    assert refused(data) in {"xml-encoding", "xml-dtd", "xml-malformed"}


@pytest.mark.parametrize("name", ["utf-7", "cp037", "no-such", "", "utf-32", "shift_jis"])
def test_ar_19_other_declared_encodings_are_refused(name):
    assert refused(f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()) == "xml-encoding"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("utf-16", "utf-8"),  # as .NET declares what it then writes in UTF-8
        ("UTF-16", "utf-8"),
        ("UTF8", "utf-8"),
        ("iso-8859-1", "latin-1"),
        ("Windows-1252", "cp1252"),
    ],
)
def test_declaration_that_the_bytes_allow_is_followed(declared, codec):
    text = f'<?xml version="1.0" encoding="{declared}"?><a>caf\u00e9</a>'
    assert parse_xml(text.encode(codec)).text == "caf\u00e9"
    assert parse_xml(b" \r\n" + text.encode(codec)).text == "caf\u00e9"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32"])
def test_message_in_utf_16_is_refused(codec):
    text = f'<?xml version="1.0" encoding="{codec[:6]}"?><a/>'
    assert refused(text.encode(codec)) in {"xml-encoding", "xml-malformed"}


@pytest.mark.parametrize("data", [b"<a>\xff</a>", b"<a>\xc0\x80</a>", b"<a>\x00</a>"])
def test_bytes_that_are_not_utf_8_are_refused(data):
    assert refused(data) == "xml-encoding"


@pytest.mark.parametrize("data", [b'<?xml version="1.0" encoding="UTF-8"?><a/>', b"<a/>"])
def test_utf_8_is_read_with_or_without_a_byte_order_mark(data):
    assert parse_xml(data).tag == "a"
    assert parse_xml(b"\xef\xbb\xbf" + data).tag == "a"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"not xml",
        b"<a>",
        b"<a/><b/>",
        b"<a/>rest",
        b"<!-- nothing else -->",
        b"<a>&unknown;</a>",
        b"<a b='1' b='2'/>",
        b"<p:a/>",
        b'{"json": true}',
    ],
)
def test_ar_19_text_that_is_not_one_document_is_refused(data):
    assert refused(data) == "xml-malformed"


def test_ar_17_documents_over_the_limits_are_refused():
    assert refused(b"<a>" + b"x" * MAX_XML + b"</a>") == "xml-too-large"
    assert refused(b"<a>" * 20_000 + b"</a>" * 20_000) in {"xml-too-complex", "xml-malformed"}
    assert refused(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1)) == "xml-too-complex"
    assert refused(b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>") == "xml-too-complex"
    assert refused(b"<" + b"n" * 100_000 + b"/>") == "xml-malformed"


def test_ar_17_many_attributes_are_parsed_quickly():
    begin = time.process_time()
    parse_xml(b"<a " + b" ".join(b'a%d=""' % i for i in range(20_000)) + b"/>")
    assert time.process_time() - begin < 1


def test_text_around_comments_and_instructions_is_joined():
    root = parse_xml(b"<a>admin<!-- x -->@example.com<?pi y?><![CDATA[.evil]]></a>")
    assert text_of(root) == "admin@example.com.evil"
    assert len(root) == 0


def test_ar_14_xinclude_is_not_processed():
    include = b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    root = parse_xml(b"<a>" + include + b"</a>")
    assert text_of(root) == ""


@pytest.mark.parametrize(
    "data",
    [b'<a ID="x"><b ID="x"/></a>', b'<a ID="x"><b Id="x"/></a>', b'<a ID="x"><b xml:id="x"/></a>'],
)
def test_repeated_id_is_refused(data):
    assert refused(data) == "xml-duplicate-id"


def test_error_of_another_thread_is_not_reported():
    together = Barrier(4)

    def errors_in(number):
        together.wait()
        for _ in range(200):
            with pytest.raises(MessageRefused) as caught:
                parse_xml(b"<thread-%d>" % number)
            yield caught.value.received

    with ThreadPoolExecutor(4) as pool:
        reported = list(pool.map(lambda number: list(errors_in(number)), range(4)))
    for number, errors in enumerate(reported):
        assert all(f"thread-{number} " in error for error in errors), errors[:3]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-24T09:14:07Z", 1795511647),
        ("2026-11-24T09:14:07.123456789Z", 1795511647),
        ("2026-11-24T09:14:07", 1795511647),
        ("2026-11-24T11:14:07+02:00", 1795511647),
        ("2026-11-24T04:44:07-04:30", 1795511647),
        (" 2026-11-24T09:14:07Z\n", 1795511647),
        ("2026-11-24 09:14:07Z", 1795511647),
        ("2026-11-24T09:14:07.123z", 1795511647),
        ("2026-11-24T11:14:07+0200", 1795511647),
    ],
)
def test_instants_are_parsed(text, seconds):
    assert parse_instant(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-24",
        "2026-13-24T09:14:07Z",
        "2026-11-24T25:00:00Z",
        "0000-01-01T",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_other_times_are_refused(text):
    with pytest.raises(MessageRefused) as caught:
        parse_instant(text)
    assert caught.value.code == "xml-instant"


def test_instants_are_written_in_utc():
    assert instant(1795511647) == "2026-11-24T09:14:07Z"


def test_text_for_xml_is_unchanged_or_refused():
    assert check_text("a\tb\n\U0001f600\x85") == "a\tb\n\U0001f600\x85"
    with pytest.raises(ValueError, match="U\\+FFFF at position 2"):
        check_text("a\uffff")
