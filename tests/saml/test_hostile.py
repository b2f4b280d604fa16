"""Random and damaged messages raise a refusal with a code, never another exception."""

import contextlib
import random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.bindings import decode_post, decode_redirect, encode_redirect
from ssoko.saml.idp_metadata import build_idp_metadata
from ssoko.saml.logout import build_logout_request, parse_logout_request, parse_logout_response
from ssoko.saml.request import check_authn_request, parse_authn_request
from ssoko.saml.response import NameId
from ssoko.saml.signing import sign_element
from ssoko.saml.sp_metadata.parse import parse_sp_metadata
from ssoko.saml.verify import verify_enveloped, verify_query

from .conftest import IDP, SP, SSO_URL

NOW = 1_795_500_000
SNIPPETS = [
    b"<!-- -->",
    b"<?x y?>",
    b"<![CDATA[",
    b"<!DOCTYPE a>",
    b"&#0;",
    b"&#xD;",
    b"\xff",
    b"\0",
    b'ID="_request1"',
    b' xmlns:saml="urn:x"',
    b"</saml:Issuer>",
    b"<a xmlns=''/>",
    b"9" * 5000,
    b"-1",
    b"true",
    "\u202e".encode(),
]


def read(xml: bytes, certificate: str) -> None:
    """Parse and verify a message like every message from an untrusted sender."""
    for parse in (parse_authn_request, parse_logout_request, parse_logout_response):
        with contextlib.suppress(MessageRefused):
            message, root = parse(xml)
            verify_enveloped(root, [certificate])
    with contextlib.suppress(MessageRefused):
        parse_sp_metadata(xml, now=NOW)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_refused(sp, data):
    read(data, sp.certificate)
    for decode in (decode_redirect, lambda d: verify_query(d, [sp.certificate])):
        with pytest.raises(MessageRefused):
            decode(data)
    with pytest.raises(MessageRefused):
        decode_post([("SAMLRequest", data.decode("latin-1"))])


def test_damaged_messages_are_refused(sp, make_request):
    """Cut, repeat and mix parts of correct messages, with a fixed random seed."""
    dice = random.Random(20261124)  # noqa: S311  not for secrets
    signed = etree.fromstring(
        make_request('<samlp:Scoping ProxyCount="0"/>', AttributeConsumingServiceIndex="1")
    )
    sign_element(signed, sp.key)
    logout = build_logout_request(
        request_id="_l1",
        issuer=SP,
        destination=SSO_URL,
        issue_instant=NOW,
        name_id=NameId("asha", names.NAMEID_EMAIL),
        key=sp.key,
    )
    metadata = build_idp_metadata(
        entity_id=IDP,
        sso_url=SSO_URL,
        slo_url=SSO_URL,
        certificates=[sp.certificate],
        name_id_formats=[names.NAMEID_EMAIL],
    ).replace(b"IDPSSODescriptor", b"SPSSODescriptor")
    for _ in range(600):
        xml = dice.choice([etree.tostring(signed), logout, metadata])
        for _ in range(dice.randint(1, 3)):
            begin, end = sorted(dice.randrange(len(xml)) for _ in range(2))
            begin = max(begin, end - 40)
            piece = dice.choice([b"", xml[begin:end] * 2, dice.choice(SNIPPETS)])
            xml = xml[:begin] + piece + xml[end:]
        read(xml, sp.certificate)


@given(st.dictionaries(st.sampled_from(["SAMLRequest", "SigAlg", "Signature", "x"]), st.binary()))
@settings(max_examples=200, deadline=None)
def test_queries_with_random_values_are_refused(sp, params):
    raw = "&".join(f"{name}={quote(value)}" for name, value in params.items()).encode()
    for decode in (decode_redirect, lambda d: verify_query(d, [sp.certificate])):
        with pytest.raises(MessageRefused):
            decode(raw)


@given(st.sampled_from(SNIPPETS), st.integers(0, 600))
@settings(max_examples=100, deadline=None)
def test_damaged_signed_query_is_refused(idp, snippet, place):
    url = encode_redirect(SSO_URL, b"<a/>", relay_state="r" * 40, key=idp.key)
    raw = url.partition("?")[2].encode()
    place %= len(raw)
    damaged = raw[:place] + quote(snippet).encode() + raw[place:]
    with contextlib.suppress(MessageRefused):
        decode_redirect(damaged)
    if place < raw.index(b"&Signature="):
        with pytest.raises(MessageRefused):
            verify_query(damaged, [idp.certificate])


def test_refusals_quote_a_limited_part_of_the_message(make_request, now):
    request, _ = parse_authn_request(make_request(Destination="https://x.example/" + "y" * 5000))
    with pytest.raises(MessageRefused) as caught:
        check_authn_request(request, now=now, destination=SSO_URL, entity_id=IDP)
    assert len(caught.value.received) == 500
