"""Decode and encode messages in query strings and forms."""

import os
import time
import zlib
from base64 import b64encode
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.bindings import (
    MAX_RELAY_STATE,
    decode_post,
    decode_redirect,
    encode_post,
    encode_redirect,
)
from ssoko.saml.xml import MAX_ENCODED, MAX_XML

XML = b"<samlp:AuthnRequest/>"


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


def query(**params: str | bytes) -> bytes:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items()).encode()


def packed(data: bytes = XML) -> str:
    return b64encode(deflate(data)).decode()


def refused_query(raw: bytes) -> str:
    with pytest.raises(MessageRefused) as caught:
        decode_redirect(raw)
    return caught.value.code


def refused_form(*pairs: tuple[str, str]) -> str:
    with pytest.raises(MessageRefused) as caught:
        decode_post(pairs)
    return caught.value.code


def test_redirect_round_trip_keeps_message_and_relay_state(idp):
    url = encode_redirect("https://x.example/slo?a=1", XML, relay_state="a b&c=d%20+\u00e4")
    assert url.startswith("https://x.example/slo?a=1&SAMLRequest=")
    inbound = decode_redirect(urlsplit(url).query.encode())
    assert (inbound.xml, inbound.relay_state) == (XML, "a b&c=d%20+\u00e4")
    assert (inbound.binding, inbound.signed_query) == (names.BINDING_REDIRECT, False)
    signed = encode_redirect("https://x.example/slo", XML, message="SAMLResponse", key=idp.key)
    assert decode_redirect(urlsplit(signed).query.encode(), message="SAMLResponse").signed_query


def test_form_round_trip_keeps_message_and_relay_state():
    inbound = decode_post([("SAMLRequest", encode_post(XML)), ("RelayState", "x"), ("csrf", "y")])
    assert (inbound.xml, inbound.relay_state) == (XML, "x")
    assert inbound.binding == names.BINDING_POST


def test_deflated_form_is_decoded():
    assert decode_post([("SAMLRequest", packed())]).xml == XML


WRITTEN = {
    "lines of 60, LF at the end": lambda text: "".join(
        f"{text[i : i + 60]}\n" for i in range(0, len(text), 60)
    ),
    "lines of 76, CRLF": lambda text: "\r\n".join(
        text[i : i + 76] for i in range(0, len(text), 76)
    ),
    "LF at the end": lambda text: f"{text}\n",
    "tabs and spaces": lambda text: f" {text[:8]}\t{text[8:]} ",
    "no padding": lambda text: text.rstrip("="),
    "URL-safe alphabet": lambda text: text.replace("+", "-").replace("/", "_"),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_base64_is_read_as_libraries_write_it(written):
    for size in range(300, 306):
        xml = b"<a>" + os.urandom(size).hex().encode() + b"</a>"
        inbound = decode_redirect(query(SAMLRequest=written(packed(xml)), RelayState="a b"))
        assert (inbound.xml, inbound.relay_state) == (xml, "a b")
        assert decode_post([("SAMLRequest", written(b64encode(xml).decode()))]).xml == xml


def test_plus_sign_in_base64_that_is_not_encoded_is_no_space():
    xml = b"<a>" + os.urandom(900).hex().encode() + b"</a>"
    text = packed(xml)
    assert "+" in text
    assert decode_redirect(f"SAMLRequest={text.replace('=', '%3D')}".encode()).xml == xml


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300))
def test_ar_36_relay_state_is_returned_unchanged(relay_state):
    raw = query(SAMLRequest=packed(), RelayState=relay_state)
    assert decode_redirect(raw).relay_state == relay_state
    form = [("SAMLRequest", encode_post(XML)), ("RelayState", relay_state)]
    assert decode_post(form).relay_state == relay_state
    url = encode_redirect("https://x.example/", XML, relay_state=relay_state)
    assert decode_redirect(url.partition("?")[2].encode()).relay_state == relay_state


def test_ar_36_relay_state_is_never_truncated():
    longest = "\u00e4" * (MAX_RELAY_STATE // 2)
    assert decode_redirect(query(SAMLRequest=packed(), RelayState=longest)).relay_state == longest
    raw = query(SAMLRequest=packed(), RelayState=longest + "x")
    assert refused_query(raw) == "relay-state-too-long"
    form = [("SAMLRequest", encode_post(XML)), ("RelayState", "x" * 100_000)]
    assert refused_form(*form) == "relay-state-too-long"


@pytest.mark.parametrize("value", [b"\xff", b"\xed\xa0\x80", b"a\0b"])
def test_relay_state_that_a_form_cannot_contain_is_refused(value):
    raw = query(SAMLRequest=packed(), RelayState=value)
    assert refused_query(raw) == "relay-state-unreadable"


def test_plus_sign_is_decoded_as_a_space():
    assert decode_redirect(query(SAMLRequest=packed()) + b"&RelayState=a+b").relay_state == "a b"


def test_repeated_parameter_is_refused():
    message = packed()
    assert refused_query(b"") == "parameter-missing"
    assert refused_query(b"SAMLRequest=") == "parameter-missing"
    assert refused_query(query(SAMLResponse=message)) == "parameter-missing"
    twice = query(SAMLRequest=message) + b"&" + query(SAMLRequest=message)
    assert refused_query(twice) == "parameter-repeated"
    hidden = query(SAMLRequest=message) + b"&SAML%52equest=" + quote(message, safe="").encode()
    assert refused_query(hidden) == "parameter-repeated"
    for name in ("RelayState", "SigAlg", "Signature", "SAMLEncoding"):
        again = f"&{name}=a&{name}=a".encode()
        assert refused_query(query(SAMLRequest=message) + again) == "parameter-repeated"
    form = ("SAMLRequest", encode_post(XML))
    assert refused_form(form, form) == "parameter-repeated"
    assert refused_form(form, ("RelayState", ""), ("RelayState", "x")) == "parameter-repeated"
    assert refused_form() == "parameter-missing"
    assert refused_form(form, ("SAMLResponse", "x")) == "parameter-conflict"
    assert refused_form(("SAMLRequest", "\udcff")) == "parameter-unreadable"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text.rstrip("=")) // 4 * 4 + 1],
        lambda text: text + "=",
        lambda text: text + text,
        lambda text: "\u00e4" + text,
        lambda text: text[:8] + "!" + text[8:],
        lambda text: text[:8] + "-+" + text[10:],
        lambda text: text[:8] + "====" + text[8:],
    ],
)
def test_ar_18_base64_with_two_meanings_is_refused(damage):
    text = packed(b"<a>12</a>")
    assert text.endswith("=")
    assert refused_query(query(SAMLRequest=damage(text))) == "base64"
    plain = b64encode(b"<a>1</a>").decode()
    assert refused_form(("SAMLRequest", damage(plain))) == "base64"


def flushed(data: bytes, mode: int = zlib.Z_SYNC_FLUSH) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush(mode)


def stored(data: bytes) -> bytes:
    packer = zlib.compressobj(0, wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    "data", [flushed(XML), flushed(XML + b"\r\n"), flushed(XML, zlib.Z_FULL_FLUSH), stored(XML)]
)
def test_deflate_stream_without_its_last_block_is_read(data):
    raw = query(SAMLRequest=b64encode(data).decode())
    assert decode_redirect(raw).xml.strip() == XML
    assert decode_post([("SAMLRequest", b64encode(data).decode())]).xml.strip() == XML


def test_ar_16_bomb_without_its_last_block_is_refused():
    for bomb in (b">" * (MAX_XML + 1), b">" * 3_000_000):
        assert refused_query(query(SAMLRequest=b64encode(flushed(bomb)).decode())) == "inflate"


@pytest.mark.parametrize(
    "data",
    [
        XML,  # plain base64 on redirect
        deflate(XML)[:-2],
        deflate(XML) + b"x",
        deflate(XML) + deflate(XML),
        zlib.compress(XML),
        b"\x07",
        b"",
    ],
)
def test_ar_18_only_one_complete_deflate_stream_is_decompressed(data):
    raw = query(SAMLRequest=b64encode(data).decode())
    assert refused_query(raw) == ("inflate" if data else "parameter-missing")


def test_ar_16_decompression_bomb_is_refused_without_decompressing_it():
    begin = time.process_time()
    bomb = b64encode(deflate(b"<a>" + b"\0" * 30_000_000)).decode()
    unpacked = time.process_time()
    assert len(bomb) < MAX_ENCODED
    with pytest.raises(MessageRefused) as caught:
        decode_redirect(query(SAMLRequest=bomb))
    assert (caught.value.code, caught.value.received) == ("inflate", f"more than {MAX_XML} bytes")
    assert refused_form(("SAMLRequest", bomb)) == "inflate"
    assert time.process_time() - unpacked < max(0.1, unpacked - begin)


def test_message_of_maximum_size_is_accepted_and_a_larger_one_refused():
    assert len(decode_redirect(query(SAMLRequest=packed(b"<" * MAX_XML))).xml) == MAX_XML
    assert refused_query(query(SAMLRequest=packed(b"<" * (MAX_XML + 1)))) == "inflate"
    big = "A" * (MAX_ENCODED + 4)
    assert refused_query(query(SAMLRequest=big)) == "message-too-large"
    assert refused_form(("SAMLRequest", big)) == "message-too-large"


def test_unknown_encoding_is_refused():
    supported = query(SAMLEncoding=names.ENCODING_DEFLATE, SAMLRequest=packed())
    assert decode_redirect(supported).xml == XML
    assert refused_query(query(SAMLEncoding="x", SAMLRequest=packed())) == "encoding-unknown"


@pytest.mark.parametrize("lonely", ["SigAlg", "Signature"])
def test_ar_22_incomplete_signature_is_refused(lonely):
    raw = query(SAMLRequest=packed(), **{lonely: "x"})
    assert refused_query(raw) == "signature-incomplete"


def test_ar_22_empty_signature_counts_as_a_signature():
    assert decode_redirect(query(SAMLRequest=packed(), SigAlg="", Signature="")).signed_query
