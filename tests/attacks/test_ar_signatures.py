"""Signatures that are missing, wrong, wrapped or expensive (AR-21 to AR-28)."""

import base64
import hmac
import re
import urllib.parse

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from ..e2e.visitor import Visitor
from . import kit
from .conftest import Applications, Listener
from .site import Target, refused

MORE = "http://www.w3.org/2001/04/xmldsig-more#"


@pytest.fixture
def enveloped(signed: Target, sp: kit.Identity) -> str:
    """Return a correctly signed request that was not sent before."""
    return kit.sign_xml(signed.request(), sp)


def query_of(target: Target, signer: kit.Identity, **more: str) -> str:
    """Return a query string that is signed."""
    message = kit.deflated(target.request())
    return kit.signed_query(signer, SAMLRequest=message, RelayState="r", **more)


def without(text: str, name: str) -> str:
    """Remove one parameter."""
    return "&".join(p for p in text.split("&") if not p.startswith(f"{name}="))


def test_ar_21_a_correctly_signed_request_is_accepted(
    signed: Target, sp: kit.Identity, enveloped: str
) -> None:
    signed.accepts(signed.by_post(enveloped))
    signed.accepts(signed.by_query(query_of(signed, sp)))


def test_ar_21_a_signature_over_lowercase_percent_codes_is_accepted(
    signed: Target, sp: kit.Identity
) -> None:
    text = kit.query(SAMLRequest=kit.deflated(signed.request()), SigAlg=kit.RSA_SHA256)
    text = re.sub("%..", lambda m: m.group().lower(), text)
    raw_signature = sp.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    signature = kit.query(Signature=base64.b64encode(raw_signature).decode())
    signed.accepts(signed.by_query(f"{text}&{signature}"))


def test_ar_22_a_missing_required_signature_is_refused(signed: Target, enveloped: str) -> None:
    refused(signed, *signed.either_way(signed.request()))


@pytest.mark.parametrize("name", ["Signature", "SigAlg"])
def test_ar_22_a_stripped_parameter_is_refused(signed: Target, sp: kit.Identity, name: str) -> None:
    text = query_of(signed, sp)
    refused(signed, signed.by_query(without(text, name)))


def test_ar_22_stripping_both_parameters_is_refused(signed: Target, sp: kit.Identity) -> None:
    text = without(without(query_of(signed, sp), "Signature"), "SigAlg")
    refused(signed, signed.by_query(text))


@pytest.mark.parametrize("value", ["", "AAAA", "%00", "!!!", "A" * 20_000])
def test_ar_22_a_malformed_signature_is_refused(
    signed: Target, sp: kit.Identity, value: str
) -> None:
    text = without(query_of(signed, sp), "Signature")
    refused(signed, signed.by_query(f"{text}&Signature={value}"))


def test_ar_22_a_stripped_signature_element_is_refused(signed: Target, enveloped: str) -> None:
    bare = re.sub(r"<ds:Signature .*</ds:Signature>", "", enveloped, flags=re.S)
    assert "Signature" not in bare
    refused(signed, *signed.either_way(bare))


def test_ar_22_an_embedded_signature_by_another_key_on_redirect_is_refused(
    signed: Target, sp: kit.Identity, thief: kit.Identity
) -> None:
    forged = kit.sign_xml(signed.request(), thief)
    refused(signed, signed.by_redirect(forged))
    # Nor does a good signature of the query string make up for it.
    refused(signed, signed.by_query(kit.signed_query(sp, SAMLRequest=kit.deflated(forged))))


def test_ar_22_an_embedded_signature_of_the_sp_on_redirect_is_no_substitute(
    signed: Target, enveloped: str
) -> None:
    signed.accepts(signed.by_redirect(enveloped))


@pytest.mark.parametrize("borrowed", [False, True])
def test_ar_23_a_signature_by_another_key_is_refused(
    signed: Target, sp: kit.Identity, thief: kit.Identity, borrowed: bool
) -> None:
    certificate = (sp if borrowed else thief).certificate
    forged = kit.sign_xml(signed.request(), thief, certificate=certificate)
    refused(signed, *signed.either_way(forged), signed.by_query(query_of(signed, thief)))


def test_ar_23_a_signature_by_another_key_is_refused_even_when_none_is_required(
    applications: Applications, sp: kit.Identity, thief: kit.Identity
) -> None:
    target = applications("ar-23", certificates=[sp.certificate])
    forged = kit.sign_xml(target.request(), thief)
    refused(target, target.by_post(forged), target.by_query(query_of(target, thief)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/acs", "/acs2"),
        ('Version="2.0"', 'Version="2.0" ForceAuthn="true"'),
        ("</samlp:AuthnRequest>", "<samlp:Scoping/></samlp:AuthnRequest>"),
        ("<saml:Issuer>", "<saml:Issuer> "),
    ],
)
def test_ar_23_a_request_changed_after_signing_is_refused(
    signed: Target, enveloped: str, old: str, new: str
) -> None:
    assert old in enveloped
    refused(signed, signed.by_post(enveloped.replace(old, new, 1)))


@pytest.mark.parametrize("name", ["SAMLRequest", "RelayState", "Signature", "SigAlg"])
def test_ar_23_a_query_string_changed_after_signing_is_refused(
    signed: Target, sp: kit.Identity, name: str
) -> None:
    parameters = dict(urllib.parse.parse_qsl(query_of(signed, sp)))
    other = dict(urllib.parse.parse_qsl(query_of(signed, sp)))
    other |= {"RelayState": "other", "SigAlg": f"{MORE}rsa-sha512"}
    refused(signed, signed.by_query(kit.query(**parameters | {name: other[name]})))


def test_ar_23_relay_state_added_or_removed_after_signing_is_refused(
    signed: Target, sp: kit.Identity
) -> None:
    text = query_of(signed, sp)
    bare = kit.signed_query(sp, SAMLRequest=kit.deflated(signed.request()))
    added = bare.replace("&SigAlg", "&RelayState=evil&SigAlg")
    refused(signed, signed.by_query(without(text, "RelayState")), signed.by_query(added))


def evil(target: Target) -> str:
    """Return a request that differs from the signed one, and would get a response if it counted."""
    return target.request(ForceAuthn="false", ProviderName="evil")


def wrapped(shape: str, good: str, target: Target) -> str:
    """Return one of the eight wrapping shapes: a forged root, with the original elsewhere."""
    original = etree.fromstring(good)
    signature = original.find("ds:Signature", kit.NS)
    root = etree.fromstring(evil(target))
    extensions = etree.Element(f"{{{kit.SAMLP}}}Extensions")
    if shape == "original in Extensions":
        extensions.append(original)
        root.insert(1, extensions)
    elif shape == "original in Extensions, signature at the root":
        original.remove(signature)
        extensions.append(original)
        root.insert(1, signature)
        root.insert(2, extensions)
    elif shape == "original below a foreign element":
        foreign = etree.SubElement(extensions, "{urn:foreign}box")
        foreign.append(original)
        root.insert(1, extensions)
    elif shape == "original in ds:Object":
        original.remove(signature)
        etree.SubElement(signature, f"{{{kit.DS}}}Object").append(original)
        root.insert(1, signature)
    elif shape == "the same ID twice":
        root.set("ID", original.get("ID"))
        original.remove(signature)
        extensions.append(original)
        root.insert(1, signature)
        root.insert(2, extensions)
    elif shape == "original as the last child":
        root.append(original)
    elif shape == "signature last":
        root.append(signature)
    else:
        outer = etree.Element(f"{{{kit.SAMLP}}}Box", nsmap={"samlp": kit.SAMLP})
        outer.extend([root, original])
        root = outer
    return etree.tostring(root).decode()


@pytest.mark.parametrize(
    "shape",
    [
        "original in Extensions",
        "original in Extensions, signature at the root",
        "original below a foreign element",
        "original in ds:Object",
        "the same ID twice",
        "original as the last child",
        "signature last",
        "a root around both",
    ],
)
def test_ar_25_signature_wrapping_is_refused(signed: Target, enveloped: str, shape: str) -> None:
    refused(signed, *signed.either_way(wrapped(shape, enveloped, signed)))


def test_ar_25_two_signatures_are_refused(
    signed: Target, sp: kit.Identity, thief: kit.Identity
) -> None:
    for first, second in ((sp, thief), (thief, sp), (sp, sp)):
        once = kit.sign_xml(signed.request(), first)
        refused(signed, signed.by_post(kit.sign_xml(once, second)))


def test_ar_25_an_id_in_another_attribute_is_refused(signed: Target, enveloped: str) -> None:
    number = etree.fromstring(enveloped).get("ID")
    for name in ("Id", "xml:id"):
        box = f'<samlp:Extensions><b xmlns="urn:b" {name}="{number}"/></samlp:Extensions>'
        xml = enveloped.replace("</ds:Signature>", f"</ds:Signature>{box}")
        refused(signed, signed.by_post(xml))


@pytest.mark.parametrize(
    ("method", "digest"),
    [("RsaSha1", "Sha256"), ("RsaSha1", "Sha1"), ("RsaSha256", "Sha1"), ("RsaSha224", "Sha256")],
)
def test_ar_26_old_algorithms_in_an_embedded_signature_are_refused(
    signed: Target, sp: kit.Identity, method: str, digest: str
) -> None:
    xml = kit.sign_xml(signed.request(), sp, method=method, digest=digest)
    refused(signed, signed.by_post(xml))


@pytest.mark.parametrize("algorithm", [kit.RSA_SHA1, f"{MORE}rsa-md5"])
def test_ar_26_old_algorithms_in_the_query_string_are_refused(
    signed: Target, sp: kit.Identity, algorithm: str
) -> None:
    message = kit.deflated(signed.request())
    refused(signed, signed.by_query(kit.signed_query(sp, alg=algorithm, SAMLRequest=message)))


@pytest.mark.parametrize(
    "claim",
    ["", "none", "None", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", f"{MORE}hmac-sha256",
     "urn:x", "rsa-sha256", kit.RSA_SHA256.upper(), f"{kit.RSA_SHA256} ", f"{kit.RSA_SHA256}\0",
     f"{MORE}ecdsa-sha256", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
     "http://www.w3.org/2000/09/xmldsig#dsa-sha1", "%s%n", "x" * 5000],
)  # fmt: skip
def test_ar_27_a_mislabeled_signature_algorithm_is_refused(
    signed: Target, sp: kit.Identity, claim: str
) -> None:
    # Correctly signed with RSA-SHA256, so a fallback to it would accept the request.
    message = kit.deflated(signed.request())
    refused(signed, signed.by_query(kit.signed_query(sp, claim=claim, SAMLRequest=message)))


@pytest.mark.parametrize("secret", ["pem", "body", "der"])
def test_ar_27_an_hmac_keyed_with_the_certificate_is_refused(
    signed: Target, sp: kit.Identity, secret: str
) -> None:
    key = {
        "pem": sp.certificate.encode(),
        "body": sp.body.encode(),
        "der": base64.b64decode(sp.body),
    }[secret]
    message = kit.deflated(signed.request())
    text = kit.query(SAMLRequest=message, SigAlg=f"{MORE}hmac-sha256")
    mac = base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
    refused(signed, signed.by_query(f"{text}&{kit.query(Signature=mac)}"))
    xml = kit.sign_xml(signed.request(), sp).replace(kit.RSA_SHA256, f"{MORE}hmac-sha256")
    xml = re.sub("(<ds:SignatureValue>)[^<]*", rf"\g<1>{mac}", xml)
    refused(signed, signed.by_post(xml))


def bomb(good: str, name: str, listener: Listener) -> str:
    """Return a signed request with one part of its signature replaced."""
    enveloped = f'<ds:Transform Algorithm="{kit.ENVELOPED}"/>'
    assert enveloped in good
    url, number = listener.url, etree.fromstring(good).get("ID")
    double = "".join(
        f'<xsl:variable name="v{n}"><xsl:copy-of select="$v{n - 1}"/>'
        f'<xsl:copy-of select="$v{n - 1}"/></xsl:variable>'
        for n in range(1, 23)
    )
    xslt = (
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">'
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        '<xsl:template match="/"><xsl:variable name="v0"><a>xxxxxxxxxx</a></xsl:variable>'
        f'{double}<xsl:copy-of select="$v22"/></xsl:template></xsl:stylesheet></ds:Transform>'
    )
    xpath = (
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
        f"<ds:XPath>{'count(//.|//@*|//namespace::*)+' * 30}1</ds:XPath></ds:Transform>"
    )
    c14n = f'<ds:Transform Algorithm="{kit.EXC_C14N}"/>'
    external = f'<ds:KeyInfo><ds:RetrievalMethod URI="{url}"/></ds:KeyInfo>'
    return {
        "XSLT": lambda: good.replace(enveloped, xslt + enveloped),
        "XPath": lambda: good.replace(enveloped, xpath + enveloped),
        "600 transforms": lambda: good.replace(enveloped, enveloped + c14n * 600),
        "http reference": lambda: good.replace(f'URI="#{number}"', f'URI="{url}"'),
        "file reference": lambda: good.replace(f'URI="#{number}"', 'URI="file:///etc/passwd"'),
        "empty reference": lambda: good.replace(f'URI="#{number}"', 'URI=""'),
        "no reference": lambda: good.replace(f' URI="#{number}"', ""),
        "xpointer": lambda: good.replace(f'"#{number}"', f"\"#xpointer(id('{number}'))\""),
        "RetrievalMethod": lambda: re.sub(
            "<ds:KeyInfo>.*</ds:KeyInfo>", external, good, flags=re.S
        ),
        "inclusive c14n": lambda: good.replace(
            kit.EXC_C14N, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
        ),
        "relative namespace": lambda: good.replace("<saml:Issuer", '<saml:Issuer xmlns:r="r"', 1),
        "manifest": lambda: good.replace(
            f'URI="#{number}"', f'URI="#{number}" Type="{kit.DS}Manifest"'
        ),
    }[name]()


@pytest.mark.parametrize(
    "name",
    ["XSLT", "XPath", "600 transforms", "http reference", "file reference", "empty reference",
     "no reference", "xpointer", "RetrievalMethod", "inclusive c14n", "relative namespace",
     "manifest"],
)  # fmt: skip
def test_ar_28_an_expensive_signature_is_refused_quickly(
    signed: Target, enveloped: str, listener: Listener, name: str
) -> None:
    xml = bomb(enveloped, name, listener)
    assert xml != enveloped
    refused(signed, signed.by_post(xml), statuses=(400, 413))
    assert listener.visits == 0


def test_ar_28_thousands_of_transforms_by_redirect_are_refused(
    signed: Target, enveloped: str
) -> None:
    c14n = f'<ds:Transform Algorithm="{kit.EXC_C14N}"/>'
    xml = enveloped.replace("<ds:Transforms>", "<ds:Transforms>" + c14n * 5000)
    message = kit.query(SAMLRequest=kit.deflated(xml))
    refused(signed, lambda v: v.get(f"{signed.login}?{message}"))
    assert Visitor().get(f"{signed.server.url}/healthz").status == 200
