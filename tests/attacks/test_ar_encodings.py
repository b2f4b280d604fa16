"""Messages that cannot be decoded, or are not an AuthnRequest (AR-18, AR-19)."""

import base64
import zlib
from collections.abc import Callable

import pytest

from ..e2e.visitor import Response, Visitor
from . import kit
from .site import Target, gets_status, refused

BROKEN_VALUES = [
    "!!!!",
    "AAAA=AAAA",
    "====",
    "=",
    "A",
    "AAAAA",
    "AA AA",
    "A%00AA",
    "%00",
    "%ff%fe",
    "\u00e9",
    "AAAA%0aAAAA",
    "{good}=",
    "{whole}=",
    "{whole}==",
    "{good}AAAA",
    "{good}!",
    "{half}",
    "%2525",
    "null",
    "{url_safe}",
]


@pytest.mark.parametrize("value", BROKEN_VALUES)
def test_ar_18_broken_base64_or_deflate_is_refused(target: Target, value: str) -> None:
    xml = target.request(inside="<!-- \u00ff\u00fe\u00fd>>>??? -->" * 3)
    good = kit.deflated(xml)
    whole = next(
        text
        for text in (kit.deflated(target.request(ProviderName="x" * n)) for n in range(100))
        if not text.endswith("=")
    )
    values = {"whole": whole, "good": good, "half": good[: len(good) // 8 * 4]}
    values["url_safe"] = kit.posted(b"\xfb\xff\xfe" * 9).replace("/", "_").replace("+", "-")
    text = kit.query(SAMLRequest="*").replace("%2A", value.format(**values).replace("+", "%2B"))
    refused(target, lambda v: v.get(f"{target.login}?{iri(text)}"))


def iri(text: str) -> str:
    """Return what http.client can send: bytes outside ASCII percent-encoded, spaces too."""
    return "".join(c if "!" <= c <= "~" else kit.query(x=c)[2:] for c in text)


@pytest.mark.parametrize(
    "value",
    [
        "!!!!",
        "AAAA=AAAA",
        "====",
        "A",
        "AA AA",
        "\0",
        "\u00e9",
        "\ud7ff",
        "{good}=",
        "{good}AAAA",
        " ",
    ],
)
def test_ar_18_broken_base64_in_a_form_is_refused(target: Target, value: str) -> None:
    form = {"SAMLRequest": value.format(good=kit.posted(target.request()))}
    refused(target, target.by_form(form))


def test_ar_18_base64_without_deflate_by_redirect_is_refused(target: Target) -> None:
    refused(target, target.by_query(kit.query(SAMLRequest=kit.posted(target.request()))))


@pytest.mark.parametrize("compression", ["zlib", "gzip", "twice", "tail", "empty"])
def test_ar_18_other_compressions_are_refused(target: Target, compression: str) -> None:
    xml = target.request().encode()
    raw = zlib.compressobj(wbits=-15)
    packed = raw.compress(xml) + raw.flush()
    gzip = zlib.compressobj(wbits=31)
    data = {
        "zlib": zlib.compress(xml),
        "gzip": gzip.compress(xml) + gzip.flush(),
        "twice": base64.b64decode(kit.deflated(packed)),
        "tail": packed + packed,
        "empty": b"\x03\x00",
    }[compression]
    value = base64.b64encode(data).decode()
    refused(target, target.by_query(kit.query(SAMLRequest=value)))


def no_requests(request: Callable[..., str], entity_id: str) -> dict[str, bytes]:
    """Return documents that are not an AuthnRequest in UTF-8."""
    good = request()
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    declared = '<?xml version="1.0" encoding="{}"?>' + good
    return {
        "nothing": b" ",
        "text": b"hello",
        "JSON": b'{"SAMLRequest": 1}',
        "HTML": b"<html><body>hello</body></html>",
        "NUL": good.encode() + b"\0",
        "NUL inside": good.replace("Issuer>", "Issuer>\0").encode(),
        "unclosed": good[:-5].encode(),
        "two roots": (good + good).encode(),
        "text after": f"{good}x".encode(),
        "a comment alone": b"<!-- x -->",
        "a PI alone": b"<?x y?>",
        "undeclared prefix": good.replace(f' xmlns:saml="{kit.SAML}"', "").encode(),
        "entity": good.replace("</saml:", "&nbsp;</saml:").encode(),
        "character 1": good.replace("</saml:", "&#1;</saml:").encode(),
        "lone surrogate": good.encode().replace(b"</saml:", b"\xed\xa0\x80</saml:"),
        "overlong": good.encode().replace(b"</saml:", b"\xc0\xaf</saml:"),
        "latin-1 bytes": good.encode().replace(b"</saml:", b"\xe9</saml:"),
        "EBCDIC": declared.format("cp037").encode("cp037"),
        "UTF-7": declared.format("utf-7").encode("utf-7"),
        "UTF-16": declared.format("utf-16").encode("utf-16"),
        "UTF-16 undeclared": good.encode("utf-16"),
        "UTF-16 undeclared, no mark": good.encode("utf-16-be"),
        "UTF-32": declared.format("utf-32").encode("utf-32"),
        "no such encoding": declared.format("x-nothing").encode(),
        "XML 1.1": f'<?xml version="1.1" encoding="x"?>{good}'.encode(),
        "Response": request(name="Response").encode(),
        "LogoutRequest": request(name="LogoutRequest").encode(),
        "case": request(name="authnrequest").encode(),
        "foreign namespace": good.replace(kit.SAMLP, f"{kit.SAMLP}x").encode(),
        "SAML 1.1": (
            '<samlp:Request xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1" '
            f'MinorVersion="1" RequestID="_1" IssueInstant="{kit.instant()}"/>'
        ).encode(),
        "Version 1.1": request(Version="1.1").encode(),
        "Version 2.0.0": request(Version="2.0.0").encode(),
        "no Version": request(Version="").encode(),
        "no ID": request(ID="").encode(),
        "ID with markup": request(ID="&lt;b&gt;").encode(),
        "SOAP": f'<e:Envelope xmlns:e="{soap}"><e:Body>{good}</e:Body></e:Envelope>'.encode(),
        "wrapped": f"<x>{good}</x>".encode(),
        "no Issuer": good.replace("<saml:Issuer>", "<saml:X>")
        .replace("/saml:I", "/saml:X")
        .encode(),
        "Issuer of elements": good.replace("<saml:Issuer>", "<saml:Issuer><b/>").encode(),
        "two Issuers": request(inside=f"<saml:Issuer>{entity_id}</saml:Issuer>").encode(),
    }


NO_REQUESTS = list(no_requests(lambda **changes: kit.authn_request("x", **changes), "x"))


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_ar_19_other_messages_than_an_authn_request_are_refused(target: Target, name: str) -> None:
    refused(target, *target.either_way(no_requests(target.request, target.entity_id)[name]))


@pytest.mark.parametrize(
    "changes",
    [
        {"ID": "1a"},
        {"Evil": "1"},
        {"ForceAuthn": "False"},
        {"ProtocolBinding": " "},
        {"inside": '<v:x xmlns:v="urn:vendor"/>'},
        {"inside": "<samlp:NameIDPolicy>\n</samlp:NameIDPolicy>"},
    ],
)
def test_ar_19_harmless_deviations_are_accepted(target: Target, changes: dict[str, str]) -> None:
    if "ID" in changes:
        changes = {"ID": changes["ID"] + kit.new_id()}
    target.accepts(target.by_redirect(target.request(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"inside": "<x/>"},
        {"inside": "<samlp:X/>"},
        {"inside": "<samlp:NameIDPolicy/><samlp:NameIDPolicy/>"},
        {"ForceAuthn": "maybe"},
        {"forceAuthn": "true"},
    ],
)
def test_ar_19_ambiguous_requests_get_a_status(target: Target, changes: dict[str, str]) -> None:
    number = kit.new_id()
    send = target.by_redirect(target.request(ID=number, **changes))
    gets_status(target, send, "RequestUnsupported", request_id=number)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "us-ascii", "utf-16"])
def test_ar_19_ascii_with_another_declaration_is_accepted(target: Target, encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?>{target.request()}'
    target.accepts(target.by_redirect(xml))


@pytest.mark.parametrize("form", [" {}", "{}\n", "{}\r\n", "\t{}"])
def test_ar_18_white_space_in_base64_is_accepted(target: Target, form: str) -> None:
    text = form.format(kit.deflated(target.request()))
    target.accepts(target.by_query(kit.query(SAMLRequest=text)))


def test_ar_19_a_byte_order_mark_and_comments_are_accepted(target: Target) -> None:
    xml = target.request().replace("<saml:Issuer>", "<!-- a --><saml:Issuer><!-- b -->")
    target.accepts(target.by_redirect(b"\xef\xbb\xbf" + xml.encode()))


def test_ar_19_a_comment_cannot_shorten_the_issuer(target: Target) -> None:
    issuer = f"{target.entity_id}<!-- -->.evil.example"
    xml = target.request(issuer="*").replace("*", issuer)
    refused(target, *target.either_way(xml))


def by_hand(target: Target, body: bytes) -> Response:
    """Send a form body as it is."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Visitor().open("POST", target.login, body=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [b"", b"&", b"=", b"%", b"%zz=%zz", b"\xff\xfe", b"SAMLRequest=%ff", b"SAMLRequest[]=x",
     b"SAMLRequest;x", b"&".join(b"a=1" for _ in range(200)), b"\0" * 1000],
)  # fmt: skip
def test_ar_19_malformed_form_bodies_are_refused(target: Target, body: bytes) -> None:
    page = by_hand(target, body)
    assert page.status == 400
    assert target.events(1)[0]["reference"] in page.text
    target.accepts()
