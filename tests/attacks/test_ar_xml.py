"""Messages that are no XML, too much of it, or XML that reaches out (AR-13 to AR-19)."""

import base64
import socket
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ..e2e.server import Server
from ..e2e.visitor import Answer, Visitor
from . import kit
from .conftest import Listener
from .house import Target, memory, refused

MEGABYTE = 1024 * 1024
DTD = "<!DOCTYPE samlp:AuthnRequest>"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-7", "utf-32"]
)
@pytest.mark.parametrize(
    "dtd",
    [
        DTD,
        "<!DOCTYPE samlp:AuthnRequest []>",
        "<!DOCTYPE samlp:AuthnRequest [<!ENTITY x 'y'>]>",
        "<!DOCTYPE samlp:AuthnRequest SYSTEM 'file:///dev/null'>",
    ],
)
def test_ar_13_a_document_type(target: Target, dtd: str, encoding: str) -> None:
    declared = encoding.removesuffix("-sig").removesuffix("-be")
    xml = f'<?xml version="1.0" encoding="{declared}"?>{dtd}{target.request()}'
    refused(target, target.by_post(xml.encode(encoding)))


@pytest.mark.parametrize(
    "dtd", ["<!doctype x>", "<!DOCTYPE", "\n<!DOCTYPE x>", "<?x?><!DOCTYPE x>"]
)
def test_ar_13_a_document_type_by_redirect(target: Target, dtd: str) -> None:
    refused(target, target.by_redirect(dtd + target.request()))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a file with words that must not come out."""
    path = tmp_path / "secret.txt"
    path.write_text("WEREWOLF")
    return path


@pytest.mark.parametrize(
    "shape",
    ["entity in Issuer", "entity in an attribute", "parameter entity", "external DTD", "PUBLIC",
     "XInclude", "xml-stylesheet", "schemaLocation", "entity in Issuer, UTF-16"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["file", "http"])
def test_ar_14_xml_that_reaches_out(
    target: Target, listener: Listener, secret: Path, shape: str, where: str
) -> None:
    url = secret.as_uri() if where == "file" else listener.url
    name = "samlp:AuthnRequest"
    body = target.request(issuer="https://nobody.example/")
    entity = body.replace("https://nobody.example/", "&x;")
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{}"/>'
    xml = {
        "entity in Issuer": f'<!DOCTYPE {name} [<!ENTITY x SYSTEM "{url}">]>{entity}',
        "entity in an attribute": f'<!DOCTYPE {name} [<!ENTITY x SYSTEM "{url}">]>'
        + body.replace('Version="2.0"', 'Version="2.0" ProviderName="&x;"'),
        "parameter entity": f'<!DOCTYPE {name} [<!ENTITY % x SYSTEM "{url}"> %x;]>{body}',
        "external DTD": f'<!DOCTYPE {name} SYSTEM "{url}">{body}',
        "PUBLIC": f'<!DOCTYPE {name} PUBLIC "-//x//y" "{url}">{body}',
        "XInclude": body.replace("https://nobody.example/", include.format(url)),
        "xml-stylesheet": f'<?xml-stylesheet type="text/xsl" href="{url}"?>{body}',
        "schemaLocation": body.replace(
            'Version="2.0"',
            'Version="2.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="{kit.SAMLP} {url}"',
        ),
    }
    if shape.endswith("UTF-16"):
        sent = f'<?xml version="1.0" encoding="utf-16"?>{xml["entity in Issuer"]}'.encode("utf-16")
    else:
        sent = xml[shape].encode()
    page = refused(target, *target.either_way(sent))
    assert "WEREWOLF" not in page.text
    assert listener.visits == 0


def laughs(kind: str, body: str) -> str:
    """Return a small message that grows when its entities are put in."""
    name = "samlp:AuthnRequest"
    if kind == "billion laughs":
        entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
        return f'<!DOCTYPE {name} [<!ENTITY a0 "lol">{entities}]>{body.replace("*", "&a11;")}'
    if kind == "quadratic":
        dtd = f'<!DOCTYPE {name} [<!ENTITY a "{"x" * 20_000}">]>'
        return dtd + body.replace("*", "&a;" * 4000)
    if kind == "parameter entities":
        entities = "".join(f'<!ENTITY % a{n} "{f"&#37;a{n - 1};" * 10}">' for n in range(1, 12))
        return f'<!DOCTYPE {name} [<!ENTITY % a0 "x">{entities} %a11;]>{body}'
    attributes = " ".join(f'a{n} CDATA "{"x" * 500}"' for n in range(300))
    return f"<!DOCTYPE {name} [<!ATTLIST {name} {attributes}>]>{body}"


@pytest.mark.parametrize(
    "kind", ["billion laughs", "quadratic", "parameter entities", "default attributes"]
)
def test_ar_15_entities_that_grow(ssoko: Server, target: Target, kind: str) -> None:
    xml = laughs(kind, target.request(issuer="*"))
    before = memory(ssoko)
    refused(target, *target.either_way(xml))
    assert memory(ssoko) - before < 100 * MEGABYTE


@pytest.mark.parametrize("size", [3_000_000, 5_500_000])
@pytest.mark.parametrize("head", [b"", b"<samlp:AuthnRequest>"])
def test_ar_16_a_deflate_bomb_by_redirect(
    ssoko: Server, target: Target, size: int, head: bytes
) -> None:
    before = memory(ssoko)
    refused(target, target.by_redirect(head + b"\0" * size))
    assert memory(ssoko) - before < 20 * MEGABYTE


def test_ar_16_a_deflate_bomb_of_200_megabytes_by_post(ssoko: Server, target: Target) -> None:
    packer = zlib.compressobj(9, wbits=-15)
    packed = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(200)) + packer.flush()
    before = memory(ssoko)
    form = {"SAMLRequest": base64.b64encode(packed).decode()}
    refused(target, target.by_form(form), statuses=(400, 413))
    # As much of it as gets past the limit on forms.
    form = {"SAMLRequest": base64.b64encode(packed[:48_000]).decode()}
    refused(target, target.by_form(form))
    assert memory(ssoko) - before < 40 * MEGABYTE


def test_ar_16_a_bomb_within_a_bomb(target: Target) -> None:
    inner = kit.deflated(b" " * 5_000_000)
    refused(target, target.by_redirect(inner), target.by_post(inner))


def giants(target: Target) -> dict[str, Callable[[], str]]:
    """Return messages that are too much, by what there is too much of."""

    def extended(inside: str) -> str:
        return target.request(
            inside=f'<samlp:Extensions xmlns:x="urn:x">{inside}</samlp:Extensions>'
        )

    return {
        "5 MB of text": lambda: target.request(issuer="x" * 5_000_000),
        "20,000 levels": lambda: extended("<x:a>" * 20_000 + "</x:a>" * 20_000),
        "200 levels": lambda: extended("<x:a>" * 200 + "</x:a>" * 200),
        "50,000 attributes": lambda: extended(
            "<x:a " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/>"
        ),
        "8,000 attributes": lambda: extended(
            "<x:a " + " ".join(f'a{n}="1"' for n in range(8_000)) + " Q=</x:a>"
        ),
        "1 MB name": lambda: extended(f"<x:{'a' * 1_000_000}/>"),
        "200 kB name": lambda: extended(f"<x:{'a' * 200_000}/>"),
        "30,000 elements": lambda: extended("<x:a/>" * 30_000),
        "10,000 namespaces": lambda: extended(
            "<x:a " + " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(10_000)) + "/>"
        ),
        "10,000 IDs": lambda: extended(
            "".join(f'<x:a ID="{n}"/>' for n in range(10_000)) + '<x:a ID="1"/>'
        ),
    }


@pytest.mark.parametrize(
    "name",
    ["5 MB of text", "20,000 levels", "200 levels", "50,000 attributes", "8,000 attributes",
     "1 MB name", "200 kB name", "30,000 elements", "10,000 namespaces", "10,000 IDs"],
)  # fmt: skip
@pytest.mark.parametrize("way", ["redirect", "post", "post, deflated"])
def test_ar_17_too_much_xml(ssoko: Server, target: Target, name: str, way: str) -> None:
    xml = giants(target)[name]()
    before = memory(ssoko)
    if way == "post" and len(xml) > MEGABYTE:
        # The server hangs up before it has read this much, so no client gets it all out.
        assert cut_off(target, kit.query(SAMLRequest=kit.posted(xml))) in (b"", b"413")
        target.lets_in()
        return
    if way == "post":
        send = target.by_post(xml)
    elif way == "redirect":
        send = target.by_redirect(xml)
    else:
        send = target.by_form({"SAMLRequest": kit.deflated(xml)})
    refused(target, send, statuses=(400, 413, 414, 431))
    assert memory(ssoko) - before < 60 * MEGABYTE


def cut_off(target: Target, body: str) -> bytes:
    """Send a form until the server has had enough, and return the status if there is one."""
    head = f"POST {urlsplit(target.login).path} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", target.server.port), timeout=10) as connection:
        try:
            connection.sendall(f"{head}\r\n{body}".encode())
            return connection.recv(100).partition(b" ")[2][:3]
        except (BrokenPipeError, ConnectionResetError):
            return b""


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
    " {good}",
    "{half}",
    "%2525",
    "null",
    "{url_safe}",
]


@pytest.mark.parametrize("value", BROKEN_VALUES)
def test_ar_18_broken_base64_and_deflate(target: Target, value: str) -> None:
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
def test_ar_18_broken_base64_in_a_form(target: Target, value: str) -> None:
    form = {"SAMLRequest": value.format(good=kit.posted(target.request()))}
    refused(target, target.by_form(form))


def test_ar_18_plain_base64_by_redirect(target: Target) -> None:
    refused(target, target.by_query(kit.query(SAMLRequest=kit.posted(target.request()))))


@pytest.mark.parametrize("way", ["zlib", "gzip", "twice", "tail", "empty"])
def test_ar_18_other_compressions(target: Target, way: str) -> None:
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
    }[way]
    value = base64.b64encode(data).decode()
    refused(target, target.by_query(kit.query(SAMLRequest=value)))


def no_requests(request: Callable[..., str], entity_id: str) -> dict[str, bytes]:
    """Return documents that are something else than an AuthnRequest in UTF-8."""
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
        "latin-1": declared.format("iso-8859-1").encode("latin-1"),
        "windows-1252": declared.format("windows-1252").encode(),
        "ASCII": declared.format("us-ascii").encode(),
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
        "ID with a digit first": request(ID="1a").encode(),
        "ID with markup": request(ID="&lt;b&gt;").encode(),
        "SOAP": f'<e:Envelope xmlns:e="{soap}"><e:Body>{good}</e:Body></e:Envelope>'.encode(),
        "wrapped": f"<x>{good}</x>".encode(),
        "no Issuer": good.replace("<saml:Issuer>", "<saml:X>")
        .replace("/saml:I", "/saml:X")
        .encode(),
        "Issuer of elements": good.replace("<saml:Issuer>", "<saml:Issuer><b/>").encode(),
        "two Issuers": request(inside=f"<saml:Issuer>{entity_id}</saml:Issuer>").encode(),
        "unknown element": request(inside="<x/>").encode(),
        "unknown attribute": request(Evil="1").encode(),
        "ForceAuthn maybe": request(ForceAuthn="maybe").encode(),
    }


NO_REQUESTS = list(no_requests(lambda **changes: kit.authn_request("x", **changes), "x"))


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_ar_19_no_authn_request(target: Target, name: str) -> None:
    refused(target, *target.either_way(no_requests(target.request, target.entity_id)[name]))


def test_ar_19_a_byte_order_mark_and_comments_are_no_trouble(target: Target) -> None:
    xml = target.request().replace("<saml:Issuer>", "<!-- a --><saml:Issuer><!-- b -->")
    target.lets_in(target.by_redirect(b"\xef\xbb\xbf" + xml.encode()))


def test_ar_19_a_comment_cannot_shorten_the_issuer(target: Target) -> None:
    issuer = f"{target.entity_id}<!-- -->.evil.example"
    xml = target.request(issuer="*").replace("*", issuer)
    refused(target, *target.either_way(xml))


def by_hand(target: Target, body: bytes) -> Answer:
    """Send a form body as it is."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Visitor().open("POST", target.login, body=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [b"", b"&", b"=", b"%", b"%zz=%zz", b"\xff\xfe", b"SAMLRequest=%ff", b"SAMLRequest[]=x",
     b"SAMLRequest;x", b"&".join(b"a=1" for _ in range(200)), b"\0" * 1000],
)  # fmt: skip
def test_ar_19_form_bodies_that_are_none(target: Target, body: bytes) -> None:
    page = by_hand(target, body)
    assert page.status == 400
    assert target.events(1)[0]["reference"] in page.text
    target.lets_in()
