"""Messages with too much XML or with external references (AR-13 to AR-17)."""

import base64
import socket
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ..e2e.server import Server
from . import kit
from .conftest import Listener
from .site import Target, memory, refused

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
def test_ar_13_a_document_type_is_refused(target: Target, dtd: str, encoding: str) -> None:
    declared = encoding.removesuffix("-sig").removesuffix("-be")
    xml = f'<?xml version="1.0" encoding="{declared}"?>{dtd}{target.request()}'
    refused(target, target.by_post(xml.encode(encoding)))


@pytest.mark.parametrize(
    "dtd", ["<!doctype x>", "<!DOCTYPE", "\n<!DOCTYPE x>", "<?x?><!DOCTYPE x>"]
)
def test_ar_13_a_document_type_by_redirect_is_refused(target: Target, dtd: str) -> None:
    refused(target, target.by_redirect(dtd + target.request()))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a file whose words must never be disclosed."""
    path = tmp_path / "secret.txt"
    path.write_text("WEREWOLF")
    return path


@pytest.mark.parametrize(
    "shape",
    ["entity in Issuer", "entity in an attribute", "parameter entity", "external DTD", "PUBLIC",
     "XInclude", "xml-stylesheet", "schemaLocation", "entity in Issuer, UTF-16"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["file", "http"])
def test_ar_14_xml_with_external_references_is_refused(
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
    """Return a small message that expands through its entities."""
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
def test_ar_15_entity_expansion_is_refused(ssoko: Server, target: Target, kind: str) -> None:
    xml = laughs(kind, target.request(issuer="*"))
    before = memory(ssoko)
    refused(target, *target.either_way(xml))
    assert memory(ssoko) - before < 100 * MEGABYTE


@pytest.mark.parametrize("size", [3_000_000, 5_500_000])
@pytest.mark.parametrize("head", [b"", b"<samlp:AuthnRequest>"])
def test_ar_16_a_deflate_bomb_by_redirect_is_refused(
    ssoko: Server, target: Target, size: int, head: bytes
) -> None:
    before = memory(ssoko)
    refused(target, target.by_redirect(head + b"\0" * size))
    assert memory(ssoko) - before < 20 * MEGABYTE


def test_ar_16_a_deflate_bomb_of_200_megabytes_by_post_is_refused(
    ssoko: Server, target: Target
) -> None:
    packer = zlib.compressobj(9, wbits=-15)
    packed = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(200)) + packer.flush()
    before = memory(ssoko)
    form = {"SAMLRequest": base64.b64encode(packed).decode()}
    refused(target, target.by_form(form), statuses=(400, 413))
    # As much of it as gets past the limit on forms.
    form = {"SAMLRequest": base64.b64encode(packed[:48_000]).decode()}
    refused(target, target.by_form(form))
    assert memory(ssoko) - before < 40 * MEGABYTE


def test_ar_16_a_nested_bomb_is_refused(target: Target) -> None:
    inner = kit.deflated(b" " * 5_000_000)
    refused(target, target.by_redirect(inner), target.by_post(inner))


def giants(target: Target) -> dict[str, Callable[[], str]]:
    """Return oversized messages, by what they have too much of."""

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
@pytest.mark.parametrize("binding", ["redirect", "post", "post, deflated"])
def test_ar_17_too_much_xml_is_refused(
    ssoko: Server, target: Target, name: str, binding: str
) -> None:
    xml = giants(target)[name]()
    before = memory(ssoko)
    if binding == "post" and len(xml) > MEGABYTE:
        # The server hangs up before it has read this much, so no client gets it all out.
        assert cut_off(target, kit.query(SAMLRequest=kit.posted(xml))) in (b"", b"413")
        target.accepts()
        return
    if binding == "post":
        send = target.by_post(xml)
    elif binding == "redirect":
        send = target.by_redirect(xml)
    else:
        send = target.by_form({"SAMLRequest": kit.deflated(xml)})
    refused(target, send, statuses=(400, 413, 414, 431))
    assert memory(ssoko) - before < 60 * MEGABYTE


def cut_off(target: Target, body: str) -> bytes:
    """Send a form until the server closes the connection; return the status, if any."""
    head = f"POST {urlsplit(target.login).path} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", target.server.port), timeout=10) as connection:
        try:
            connection.sendall(f"{head}\r\n{body}".encode())
            return connection.recv(100).partition(b" ")[2][:3]
        except (BrokenPipeError, ConnectionResetError):
            return b""
