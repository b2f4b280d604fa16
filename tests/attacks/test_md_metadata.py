"""Hostile SP metadata, and our own metadata (MD-01 to MD-08)."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.error import URLError

import pytest
from lxml import etree

from ..e2e.server import ApiError, Server, Workspace
from ..e2e.visitor import Visitor
from . import kit
from .bad_web import PATHS, BadWeb
from .conftest import Listener
from .site import Target, memory

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
ARTIFACT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"


def metadata(
    *,
    entity_id: str = "https://md.example/",
    role: str = "SPSSODescriptor",
    acs: str = "https://md.example/acs",
    binding: str = POST,
    keys: str = "",
    more: str = "",
    services: str | None = None,
) -> str:
    """Return valid SP metadata with the given changes."""
    if services is None:
        services = (
            f'<md:AssertionConsumerService Binding="{binding}" index="0" '
            f'Location="{kit.escape(acs)}"/>'
        )
    return (
        f'<md:EntityDescriptor xmlns:md="{kit.MD}" xmlns:ds="{kit.DS}" '
        f'entityID="{kit.escape(entity_id)}"{more}>'
        f'<md:{role} protocolSupportEnumeration="{kit.SAMLP}">{keys}{services}</md:{role}>'
        "</md:EntityDescriptor>"
    )


def key_descriptor(body: str, use: str = "") -> str:
    """Return a KeyDescriptor with a certificate."""
    return (
        f"<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{body}"
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def refuses(workspace: Workspace, *, status: int = 422, **body: str) -> str:
    """Check that metadata is refused within the time limit, and nothing is installed."""
    before = [a["id"] for a in workspace.api.items("/applications")]
    began = time.monotonic()
    with pytest.raises(ApiError) as refusal:
        workspace.api.post("/applications/metadata", **body)
    assert time.monotonic() - began < 15
    assert refusal.value.status == status, refusal.value.problem
    if "xml" in body:
        with pytest.raises(ApiError) as install:
            workspace.api.post(
                "/applications", integration="custom-saml", name="MD", sp_metadata=body["xml"]
            )
        assert install.value.status == status
    assert [a["id"] for a in workspace.api.items("/applications")] == before
    return refusal.value.problem


def test_valid_metadata_is_read(workspace: Workspace) -> None:
    (found,) = workspace.api.post("/applications/metadata", xml=metadata())["items"]
    assert found["entity_id"] == "https://md.example/"
    assert found["acs_urls"] == ["https://md.example/acs"]


@pytest.mark.parametrize(
    "dtd",
    [
        "<!DOCTYPE x>",
        '<!DOCTYPE x [<!ENTITY x SYSTEM "{url}">]>',
        '<!DOCTYPE x [<!ENTITY % x SYSTEM "{url}"> %x;]>',
        '<!DOCTYPE x SYSTEM "{url}">',
        '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    ],
)
def test_md_01_a_document_type_is_refused(
    workspace: Workspace, listener: Listener, dtd: str
) -> None:
    xml = dtd.format(url=listener.url) + metadata(entity_id="https://md.example/*")
    for entity in ("&x;", "&c;", ""):
        refuses(workspace, xml=xml.replace("*", entity))
    assert listener.visits == 0


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://localhost/",
        "https://localhost.localdomain/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25lo]/",
        "https://[fd00::1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.1.:443/",
        "https://\u2460\u2461\u2466.0.0.1/",
        "https://127\u30020\u30020\u30021/",
        "https://user@127.0.0.1/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1#@example.com/",
        "https://127.0.0.1\\@example.com/",
        "https://example.com:22/",
        "http://example.com/",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "data:text/xml,<x/>",
        "jar:https://127.0.0.1!/",
        "//127.0.0.1/",
        "127.0.0.1",
        "https://",
        "https:///etc/passwd",
        "https://[",
        "https://x:y/",
        "https://x:99999/",
        "https://a\r\nHost: b/",
        "https://a\x00b/",
        "https://" + "a" * 5000,
        "https://" + "a." * 127 + "a/",
        "",
    ],
)
def test_md_02_internal_urls_are_never_fetched(workspace: Workspace, address: str) -> None:
    problem = refuses(workspace, url=address)
    assert "root:" not in problem and "Errno" not in problem


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"]
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_md_02_no_local_port_is_contacted(
    workspace: Workspace, listener: Listener, host: str, scheme: str
) -> None:
    refuses(workspace, url=f"{scheme}://{host}:{listener.port}/metadata")
    assert listener.visits == 0


@pytest.mark.parametrize("size", [900_000, 3_000_000])
def test_md_03_too_large_metadata_is_refused(
    ssoko: Server, workspace: Workspace, size: int
) -> None:
    before = memory(ssoko)
    xml = metadata(services="<!--" + "x" * size + "-->")
    # It hangs up before it has read three megabytes, so the response may be lost.
    with pytest.raises((ApiError, URLError)) as refusal:
        workspace.api.post("/applications/metadata", xml=xml)
    assert size > 1_000_000 or refusal.value.status == 422
    assert memory(ssoko) - before < 60 * 1024 * 1024


def test_md_03_misbehaving_metadata_servers_are_contained(
    ssoko: Server, workspace: Workspace, bad_web: BadWeb
) -> None:
    before = memory(ssoko)

    def ask(path: str) -> tuple[int, str, float]:
        began = time.monotonic()
        with pytest.raises(ApiError) as refusal:
            workspace.api.post(
                "/applications/metadata", url=f"http://127.0.0.1:{bad_web.server_port}/{path}"
            )
        return refusal.value.status, refusal.value.problem, time.monotonic() - began

    # The slow ones last, beside each other, so that it all takes as long as one of them.
    paths = sorted(PATHS, key=lambda path: path in ("slow", "silent"))
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(paths, pool.map(ask, paths), strict=True))
    for path, (status, problem, took) in answers.items():
        assert status == 422 and took < 15, f"{path}: {status} in {took} s: {problem}"
        assert "url" in problem and "WEREWOLF" not in problem and "root:" not in problem
    assert bad_web.visits == Counter({f"/{path}": 1 for path in PATHS}), "no redirect is followed"
    assert memory(ssoko) - before < 40 * 1024 * 1024


BAD = {
    "expired": {"more": ' validUntil="2020-01-01T00:00:00Z"'},
    "no ACS": {"services": ""},
    "artifact only": {"binding": ARTIFACT},
    "javascript ACS": {"acs": "javascript:alert(1)"},
    "data ACS": {"acs": "data:text/html,x"},
    "relative ACS": {"acs": "/acs"},
    "http ACS": {"acs": "http://md.example/acs"},
    "ACS with a user": {"acs": "https://u@md.example/acs"},
    "ACS with a backslash": {"acs": "https://md.example\\@evil.example/"},
    "ACS with a line break": {"acs": "https://md.example/\nx"},
    "ACS with a fragment": {"acs": "https://md.example/#x"},
    "long entity ID": {"entity_id": "https://md.example/" + "x" * 2000},
    "no entity ID": {"entity_id": ""},
    "script in it": {"services": "<script>alert(1)</script>"},
}


@pytest.mark.parametrize("name", list(BAD))
def test_md_04_unusable_metadata_is_refused(workspace: Workspace, name: str) -> None:
    refuses(workspace, xml=metadata(**BAD[name]))


@pytest.mark.parametrize(
    "xml",
    [
        "",
        " ",
        "hello",
        "{}",
        "<x/>",
        "<html></html>",
        "<" * 10_000,
        f'<md:EntityDescriptor xmlns:md="{kit.MD}"/>',
        f'<md:EntitiesDescriptor xmlns:md="{kit.MD}"/>',
        f'<md:EntitiesDescriptor xmlns:md="{kit.MD}">' * 80
        + metadata()
        + "</md:EntitiesDescriptor>" * 80,
        '<?xml version="1.0" encoding="utf-16"?><x/>',
        metadata().replace(kit.MD, f"{kit.MD}x"),
        metadata() + metadata(),
        metadata().replace("<md:A", "<md:A xml:id='a' ID='a'"),
    ],
)
def test_md_04_files_that_are_not_metadata_are_refused(workspace: Workspace, xml: str) -> None:
    refuses(workspace, xml=xml)


def test_md_04_metadata_of_an_identity_provider_is_refused(
    workspace: Workspace, target: Target
) -> None:
    ours = Visitor().get(target.application["metadata"]["metadata_url"]).text
    refuses(workspace, xml=ours)


@pytest.mark.parametrize("body", ["", "AAAA", "not base64!", "weak"])
def test_md_04_a_certificate_that_proves_nothing_is_not_trusted(
    workspace: Workspace, body: str
) -> None:
    if body == "weak":
        body = kit.make_identity("weak", bits=1024).body
    xml = metadata(keys=key_descriptor(body))
    (found,) = workspace.api.post("/applications/metadata", xml=xml)["items"]
    assert found["certificates"] == {"signing": [], "encryption": []}
    assert found["unused"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4"},
        {"X-Original-URL": "/evil", "X-Rewrite-URL": "/evil"},
        {"Forwarded": "host=evil.example;proto=https"},
    ],
)
def test_md_06_request_headers_do_not_change_our_metadata(
    target: Target, headers: dict[str, str]
) -> None:
    address = target.application["metadata"]["metadata_url"]
    page = Visitor().open("GET", address, headers=headers)
    assert page.status == 200
    assert page.body == Visitor().get(address).body
    root = etree.fromstring(page.body)
    assert root.get("entityID") == target.application["metadata"]["entity_id"]
    locations = root.xpath("//@Location")
    assert locations and all(url.startswith(target.server.url) for url in locations)
    assert "PRIVATE" not in page.text and "evil" not in page.text
    (body,) = set(re.findall("X509Certificate>([^<]+)<", page.text))
    assert "".join(body.split()) == kit.Identity("", target.certificate).body
    assert (
        Visitor().open("GET", address, headers={"If-None-Match": page.headers["etag"]}).status
        == 304
    )


def test_md_06_a_foreign_host_header_is_refused(target: Target) -> None:
    address = target.application["metadata"]["metadata_url"]
    page = Visitor().open("GET", address, headers={"Host": "evil.example"})
    assert page.status == 400 or (page.status == 200 and "evil.example" not in page.text)
    assert "evil.example" not in page.headers.get("location", "")


def test_md_08_a_key_without_use_signs_and_encrypts(
    workspace: Workspace, amina: dict, sp: kit.Identity, thief: kit.Identity
) -> None:
    xml = metadata(entity_id="https://md-08.example/", keys=key_descriptor(sp.body))
    xml = xml.replace("<md:SPSSODescriptor", '<md:SPSSODescriptor AuthnRequestsSigned="true"')
    (found,) = workspace.api.post("/applications/metadata", xml=xml)["items"]
    assert len(found["certificates"]["signing"]) == len(found["certificates"]["encryption"]) == 1
    application = workspace.api.post(
        "/applications", integration="custom-saml", name="MD-08", sp_metadata=xml
    )
    role = application["default_role"]["id"]
    workspace.api.post(f"/users/{amina['id']}/roles", role=role)
    target = Target(workspace.server, workspace, application, workspace.sign_in("amina"), sp)
    target.accepts()
    for hostile in (kit.sign_xml(target.request(), thief), target.request()):
        page = target.by_post(hostile)(target.person)
        assert page.status == 400 and not page.has_assertion()
