"""Encode and decode the HTTP-Redirect and HTTP-POST bindings (SAML bindings, 3.4 and 3.5).

Base64 and DEFLATE are read as service providers write them: white space and missing padding in
base64, and a DEFLATE stream without its last block, have one meaning. Everything else that is wrong
is an error. The decompressed size is limited, each parameter occurs at most once, and nothing is
truncated.
"""

import binascii
import zlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from ssoko.saml import names
from ssoko.saml.refusals import message_refused
from ssoko.saml.signing import SigningKey, encode_query, sign_query
from ssoko.saml.xml import MAX_ENCODED, MAX_XML

#: Bytes. The specification limits RelayState to 80; many SPs send more.
MAX_RELAY_STATE = 4096

_URL_SAFE = bytes.maketrans(b"-_", b"+/")

Parameter = Literal["SAMLRequest", "SAMLResponse"]


@dataclass(frozen=True, slots=True)
class Inbound:
    """A decoded message that is neither parsed nor verified.

    :param binding: URI of the binding.
    :param raw_query: the query string as received; a Redirect signature covers it.
    :param signed_query: the query string has a Signature; ``verify.verify_query`` verifies it.
    """

    xml: bytes
    relay_state: str
    binding: str
    raw_query: bytes = b""
    signed_query: bool = False


def decode_redirect(raw_query: bytes, *, message: Parameter = "SAMLRequest") -> Inbound:
    """Decode a query string.

    :raises MessageRefused: when a parameter is missing, repeated, malformed or too long.
    """
    params = _Parameters([_pair(part) for part in raw_query.split(b"&") if part])
    encoding = params.get("SAMLEncoding")
    if encoding not in (None, b"", names.ENCODING_DEFLATE.encode()):
        raise message_refused(
            "encoding-unknown",
            "The message has an unknown encoding.",
            received=encoding,
            expected=names.ENCODING_DEFLATE,
            source="Bindings, section 3.4.4",
        )
    signed = params.get("Signature") is not None
    if signed != (params.get("SigAlg") is not None):
        raise message_refused(
            "signature-incomplete",
            "The request has only one of SigAlg and Signature.",
            received="Signature without SigAlg" if signed else "SigAlg without Signature",
            expected="both, or neither",
            source="Bindings, section 3.4.4.1",
        )
    xml = inflate(_base64(params.required(message)))
    return Inbound(xml, params.relay_state(), names.BINDING_REDIRECT, raw_query, signed)


def decode_post(
    form_pairs: Sequence[tuple[str, str]], *, message: Parameter = "SAMLRequest"
) -> Inbound:
    """Decode the fields of a form.

    Some SPs use DEFLATE on POST too, so a message that does not look like XML is inflated.

    :raises MessageRefused: when a field is missing, repeated, malformed or too long.
    """
    params = _Parameters([(name, _form_bytes(name, value)) for name, value in form_pairs])
    xml = _base64(params.required(message))
    if not xml.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        xml = inflate(xml)
    return Inbound(xml, params.relay_state(), names.BINDING_POST)


def relay_state_of(raw_query: bytes) -> str:
    """Return the RelayState of a query string without a message; empty for none.

    :raises MessageRefused: when it is repeated, too long or unreadable.
    """
    return _Parameters([_pair(part) for part in raw_query.split(b"&") if part]).relay_state()


def encode_redirect(
    url: str,
    xml: bytes,
    *,
    message: Parameter = "SAMLRequest",
    relay_state: str = "",
    key: SigningKey | None = None,
) -> str:
    """Return *url* with *xml* in its query string, signed if there is a *key*."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = compressor.compress(xml) + compressor.flush()
    params: list[tuple[str, str]] = [(message, b64encode(deflated).decode())]
    if relay_state:
        params.append(("RelayState", relay_state))
    query = sign_query(params, key) if key else encode_query(params)
    return f"{url}{'&' if '?' in url else '?'}{query}"


def encode_post(xml: bytes) -> str:
    """Return *xml* as the value of a form field."""
    return b64encode(xml).decode()


def decode_base64(text: bytes) -> bytes:
    """Decode base64 with line breaks, without padding, or in the URL-safe alphabet (RFC 4648).

    :raises ValueError: when there are other characters, or the length cannot be right.
    """
    body = b"".join(text.split())
    if (b"-" in body or b"_" in body) and not (b"+" in body or b"/" in body):
        body = body.translate(_URL_SAFE)
    digits = body.rstrip(b"=")
    padding = b"=" * (-len(digits) % 4)
    if body not in (digits, digits + padding):
        raise binascii.Error("Incorrect padding")
    return binascii.a2b_base64(digits + padding, strict_mode=True)


def inflate(data: bytes) -> bytes:
    """Return the content of a raw DEFLATE stream, at most ``MAX_XML`` bytes.

    :raises MessageRefused: code ``inflate``, when it is larger, truncated, malformed, or followed
        by other data.
    """
    try:
        return _inflate(data, limit=MAX_XML)
    except ValueError as error:
        raise message_refused(
            "inflate",
            "The message cannot be decompressed.",
            received=str(error),
            expected=f"one raw DEFLATE stream of at most {MAX_XML} bytes of XML",
            source="Bindings, section 3.4.4.1",
        ) from None


def _inflate(data: bytes, *, limit: int) -> bytes:
    """Return the content of one raw DEFLATE stream.

    Some libraries flush the stream and never write its last block. What they send ends with the
    last ``>`` of the message; a stream that was cut off does not.

    :param limit: bytes; more are never decompressed.
    :raises ValueError: when the content is larger, malformed, cut off, or followed by other data.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(content) > limit:
        raise ValueError(f"more than {limit} bytes")
    if stream.unused_data:
        raise ValueError("data after the stream")
    if not stream.eof and not content.rstrip().endswith(b">"):
        raise ValueError("the stream is truncated")
    return content


class _Parameters:
    """The SAML parameters of a request; each occurs at most once."""

    _NAMES = frozenset(
        {"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"}
    )

    def __init__(self, pairs: Sequence[tuple[str, bytes]]) -> None:
        self._values: dict[str, bytes] = {}
        for name, value in pairs:
            if name not in self._NAMES:
                continue
            if name in self._values:
                raise message_refused(
                    "parameter-repeated",
                    f"The request has {name} more than once.",
                    received=name,
                    expected="each parameter once",
                )
            self._values[name] = value
        if "SAMLRequest" in self._values and "SAMLResponse" in self._values:
            raise message_refused(
                "parameter-conflict",
                "The request has both SAMLRequest and SAMLResponse.",
                received="SAMLRequest and SAMLResponse",
                expected="one of them",
            )

    def get(self, name: str) -> bytes | None:
        return self._values.get(name)

    def required(self, name: str) -> bytes:
        value = self._values.get(name, b"")
        if not value:
            raise message_refused(
                "parameter-missing",
                f"The request has no {name}.",
                received=f"an empty {name}" if name in self._values else f"no {name}",
                expected=f"one {name}",
            )
        if len(value) > MAX_ENCODED:
            raise message_refused(
                "message-too-large",
                "The message is too large.",
                received=f"{len(value)} bytes of base64",
                expected=f"at most {MAX_ENCODED}",
            )
        return value

    def relay_state(self) -> str:
        value = self._values.get("RelayState", b"")
        if len(value) > MAX_RELAY_STATE:
            raise message_refused(
                "relay-state-too-long",
                "RelayState is too long.",
                received=f"{len(value)} bytes",
                expected=f"at most {MAX_RELAY_STATE} bytes; the specification allows 80",
                source="Bindings, sections 3.4.3 and 3.5.3",
            )
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise message_refused(
                "relay-state-unreadable",
                "RelayState cannot be returned unchanged.",
                received=value,
                expected="UTF-8 text without NUL",
            )
        return text


def _pair(part: bytes) -> tuple[str, bytes]:
    name, _, value = part.partition(b"=")
    decoded = _unquote(name).decode("utf-8", "replace")
    # A plus sign in base64 that the sender forgot to percent-encode is no space.
    is_base64 = decoded in ("SAMLRequest", "SAMLResponse")
    return decoded, unquote_to_bytes(value) if is_base64 else _unquote(value)


def _unquote(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _form_bytes(name: str, value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:  # surrogates: the framework decoded bytes that are not UTF-8
        raise message_refused(
            "parameter-unreadable", f"{name} is not in UTF-8.", received=value, expected="UTF-8"
        ) from None


def _base64(value: bytes) -> bytes:
    try:
        return decode_base64(value)
    except ValueError as error:
        raise message_refused(
            "base64",
            "The message is not valid base64.",
            received=f"{len(value)} bytes that are not base64 ({error})",
            expected="base64, percent-encoded in a URL",
            source="Bindings, section 3.4.4.1; RFC 4648",
        ) from None
