"""Requests that cost the server more than the sender; each must be refused with a 4xx status."""

import base64
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import replace

from tests.bench.client import Target
from tests.bench.messages import (
    SIGNED_ENTITY_ID,
    Request,
    Response,
    authn_request,
    redirect_path,
)
from tests.bench.rounds import Turn

DOUBLINGS = 22
# A stylesheet as a transform of a signature: each step doubles a text, for any signer.
XSLT = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">'
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:template match="/"><xsl:variable name="v0" select="\'0123456789abcdef\'"/>{steps}'
    '<xsl:value-of select="string-length($v{last})"/></xsl:template></xsl:stylesheet>'
    "</ds:Transform>"
)
STEP = '<xsl:variable name="v{n}" select="concat($v{before}, $v{before})"/>'
SIGNATURE = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
    '<ds:Reference URI="#{id}"><ds:Transforms>{transforms}</ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    "<ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>"
)


def _posted(path: str, message: bytes) -> Request:
    fields = {"SAMLRequest": base64.b64encode(message).decode(), "RelayState": "x"}
    return Request(path, body=urllib.parse.urlencode(fields))


def _laughs(request: str) -> bytes:
    entities = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 10}">' for n in range(10)
    )
    root = request.replace("<saml:Issuer>", "<saml:Issuer>&l9;", 1)
    return f"<!DOCTYPE r [{entities}]>{root}".encode()


def _stylesheet(request: str, request_id: str) -> bytes:
    steps = "".join(STEP.format(n=n, before=n - 1) for n in range(1, DOUBLINGS + 1))
    signature = SIGNATURE.format(id=request_id, transforms=XSLT.format(steps=steps, last=DOUBLINGS))
    return request.replace("</saml:Issuer>", f"</saml:Issuer>{signature}").encode()


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    blocks = [packer.compress(b" " * 1_000_000) for _ in range(megabytes)]
    return b"".join(blocks) + packer.flush()


def cases(destination: str, signed_destination: str) -> dict[str, Callable[[], Request]]:
    """Return functions that make the requests, by name."""
    path = urllib.parse.urlsplit(destination).path
    signed_path = urllib.parse.urlsplit(signed_destination).path
    signed = authn_request(signed_destination, "_hostile", entity_id=SIGNED_ENTITY_ID)
    plain = authn_request(destination, "_hostile")
    elsewhere = plain.replace('URL="http://127.0.0.1:9/acs"', 'URL="https://evil.example/acs"')
    stylesheet = _stylesheet(signed, "_hostile")
    bombs = {size: base64.b64encode(_bomb(size)).decode() for size in (4, 40)}
    quoted = urllib.parse.quote(bombs[4], safe="")
    return {
        "not base64, by Redirect": lambda: Request(f"{path}?SAMLRequest=%21%21garbage%21%21"),
        "not XML, by POST": lambda: _posted(path, b"garbage" * 1000),
        "unregistered ACS URL": lambda: Request(redirect_path(path, elsewhere.encode(), "x")),
        "nested entities (billion laughs)": lambda: _posted(path, _laughs(plain)),
        "XSLT in a signature, 22 doublings": lambda: _posted(signed_path, stylesheet),
        "4 MB deflated, by Redirect": lambda: Request(f"{path}?SAMLRequest={quoted}"),
        "40 MB deflated, by POST": lambda: Request(
            path, body=urllib.parse.urlencode({"SAMLRequest": bombs[40]})
        ),
    }


def turns(target: Target, signed_destination: str) -> list[Turn]:
    """Return a turn for each case, sent with a session.

    Without a session, Ssoko would store a POST request until the browser sends its cookie.
    """

    def refused(request: Request, response: Response) -> None:
        assert 400 <= response.status < 500, f"{request.path[:100]}: {response.status}"
        assert b"SAMLResponse" not in response.body

    hostile_turns = []
    for name, make in cases(target.destination, signed_destination).items():
        sender = replace(target, name=name)

        def many(count: int, make: Callable[[], Request] = make) -> list[Request]:
            return [make()] * count

        hostile_turns.append(Turn(sender, many, refused))
    return hostile_turns
