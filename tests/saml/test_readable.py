"""Messages formatted for reading, and the certificate of their signature."""

import base64

import pytest
from lxml import etree
from ssoko.saml import names
from ssoko.saml.readable import MAX_SHOWN, shown_message
from ssoko.saml.signing import sign_element
from ssoko.saml.verify import signer_of
from ssoko.saml.xml import parse_xml

REQUEST = (
    f'<p:AuthnRequest xmlns:p="{names.NS_SAMLP}" xmlns="{names.NS_SAML}" ID="_1" Version="2.0" '
    'Destination="https://a.test/?x=1&amp;y=&quot;2&quot;">'
    "<Issuer>a &lt; b</Issuer><!-- hidden --><p:Extensions><x:y xmlns:x='urn:x' x:z='1'/>"
    "</p:Extensions></p:AuthnRequest>"
).encode()


def test_formatted_message_is_indented_and_equivalent() -> None:
    shown = shown_message(REQUEST)
    assert '\n    Destination="https://a.test/?x=1&amp;y=&quot;2&quot;">' in shown
    assert "\n  <Issuer>a &lt; b</Issuer>" in shown
    assert '\n    <x:y xmlns:x="urn:x" x:z="1"></x:y>' in shown
    again = etree.fromstring(shown.encode())
    stripped = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    as_sent, as_shown = etree.fromstring(REQUEST, stripped), etree.fromstring(shown, stripped)
    for root in (as_sent, as_shown):
        for element in root.iter():
            element.tail = None
            element.text = (element.text or "").strip()
    assert etree.tostring(as_shown, method="c14n") == etree.tostring(as_sent, method="c14n")
    assert again.get("ID") == "_1"


def test_long_message_ends_with_an_ellipsis() -> None:
    body = b"<p:Extensions>" + b"<y>z</y>" * 3000 + b"</p:Extensions>"
    start, end = REQUEST.split(b"<p:Extensions>")[0], b"</p:AuthnRequest>"
    shown = shown_message(start + body + end)
    assert len(shown) == MAX_SHOWN and shown.endswith("\u2026")


@pytest.mark.parametrize("xml", [b"", b"<a", b"\xff\xfe", b"<!DOCTYPE a><a/>", b"\0", b"<!-- -->"])
def test_text_that_cannot_be_parsed_is_returned_unchanged(xml: bytes) -> None:
    assert shown_message(xml) == xml.decode("utf-8", "replace")


def test_only_the_root_of_other_messages_is_shown() -> None:
    xml = f'<p:Response xmlns:p="{names.NS_SAMLP}" ID="_1"><a>secret</a></p:Response>'
    shown = shown_message(xml.encode())
    assert 'ID="_1"' in shown and "secret" not in shown


def signed(pair) -> etree._Element:
    root = parse_xml(REQUEST)
    sign_element(root, pair.key)
    return parse_xml(etree.tostring(root))


def test_certificate_of_the_signature_is_found(sp, ec_p256) -> None:
    for pair in (sp, ec_p256):
        assert signer_of(signed(pair)) == pair.certificate


def test_certificate_that_did_not_sign_is_not_returned(sp) -> None:
    root = signed(sp)
    root.set("Consent", "other")
    assert signer_of(root) == ""
    root = signed(sp)
    (element,) = root.iter(f"{{{names.NS_DS}}}X509Certificate")
    for text in ("", "no base64", "\u00e9", base64.b64encode(b"x" * 500).decode(), "A" * 20_000):
        element.text = text
        assert signer_of(root) == ""
    assert signer_of(parse_xml(REQUEST)) == ""
