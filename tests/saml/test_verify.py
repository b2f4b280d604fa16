"""Signature verification: correct signatures pass, known attacks are refused."""

import copy
import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
import xmlsec
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from signxml import XMLSigner
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.bindings import decode_redirect, encode_redirect
from ssoko.saml.request import parse_authn_request
from ssoko.saml.signing import SigningKey, certificate_b64, sign_element
from ssoko.saml.verify import verify_enveloped, verify_query

from .conftest import IDP, SP, SSO_URL, KeyPair

DS = f"{{{names.NS_DS}}}"
SAMLP = f"{{{names.NS_SAMLP}}}"


def signed(xml: bytes, pair: KeyPair) -> bytes:
    root = etree.fromstring(xml)
    sign_element(root, pair.key)
    return etree.tostring(root)


def accepted(xml: bytes, *pairs: KeyPair) -> str:
    """Return the issuer that Ssoko reads from a verified message."""
    request, root = parse_authn_request(xml)
    verify_enveloped(root, [pair.certificate for pair in pairs])
    return request.issuer


def refused(xml: bytes, *pairs: KeyPair) -> str:
    begin = time.process_time()
    with pytest.raises(MessageRefused) as caught:
        accepted(xml, *pairs)
    assert time.process_time() - begin < 1
    assert caught.value.fix
    return caught.value.code


def naive(xml: bytes, pair: KeyPair) -> bool:
    """Verify the first signature in the document, as a careless implementation does."""
    root = etree.fromstring(xml)
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pair.certificate, xmlsec.constants.KeyDataFormatCertPem)
    try:
        context.verify(next(root.iter(f"{DS}Signature")))
    except xmlsec.Error:
        return False
    return True


def edited(xml: bytes, edit: Callable[[etree._Element], object]) -> bytes:
    root = etree.fromstring(xml)
    edit(root)
    return etree.tostring(root)


@pytest.fixture
def good(make_request, sp) -> bytes:
    return signed(make_request(), sp)


@pytest.mark.parametrize("algorithm", [names.RSA_SHA256, names.RSA_SHA384, names.RSA_SHA512])
def test_ar_21_correctly_signed_request_is_accepted(algorithm, make_request, sp):
    root = etree.fromstring(make_request())
    sign_element(root, SigningKey(sp.key.private_key, sp.key.certificate_b64, algorithm))
    assert accepted(etree.tostring(root), sp) == SP


def test_ecdsa_signatures_are_accepted(make_request, ec_p256, ec_p384, sp):
    for pair in (ec_p256, ec_p384):
        xml = signed(make_request(), pair)
        assert accepted(xml, sp, pair) == SP
        assert refused(xml, sp) == "signature-wrong"


def test_ar_21_signature_of_python3_saml_is_accepted(make_request, sp):
    xml = OneLogin_Saml2_Utils.add_sign(
        make_request(),
        sp.private_pem.decode(),
        sp.certificate,
        sign_algorithm=OneLogin_Saml2_Constants.RSA_SHA256,
        digest_algorithm=OneLogin_Saml2_Constants.SHA256,
    )
    assert accepted(xml, sp) == SP


def test_ar_41_signature_can_match_any_registered_certificate(good, sp, stranger):
    _, root = parse_authn_request(good)
    assert verify_enveloped(root, [stranger.certificate, sp.certificate]) == sp.certificate


def test_ar_22_request_without_its_signature_is_refused(make_request, sp):
    assert refused(make_request(), sp) == "signature-missing"


def test_without_registered_certificates_nothing_is_accepted(good):
    assert refused(good) == "signature-wrong"


def test_ar_23_signature_with_another_key_is_refused_whatever_its_key_info(
    make_request, sp, stranger
):
    own = signed(make_request(), stranger)
    assert refused(own, sp) == "signature-wrong"
    borrowed = own.replace(
        certificate_b64(stranger.certificate).encode(), certificate_b64(sp.certificate).encode()
    )
    assert borrowed != own
    assert refused(borrowed, sp) == "signature-wrong"


def test_key_info_is_ignored(good, sp, stranger):
    without = edited(good, lambda r: r[1].remove(r[1][2]))
    assert accepted(without, sp) == SP
    foreign = good.replace(
        certificate_b64(sp.certificate).encode(), certificate_b64(stranger.certificate).encode()
    )
    assert accepted(foreign, sp) == SP


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"https://sp.example.org/acs", b"https://evil.example/acs"),
        (SP.encode(), b"https://other.example"),
        (b'Version="2.0"', b'ForceAuthn="true" Version="2.0"'),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AAAA"),
    ],
)
def test_ar_23_tampered_request_is_refused(old, new, good, sp):
    assert refused(good.replace(old, new, 1), sp) == "signature-wrong"


SHAPES = {
    "original in extensions, signature kept inside it": ("extensions", "original"),
    "original in extensions, signature on the evil root": ("extensions", "root"),
    "original in an object of the signature": ("object", "root"),
    "original as sibling in extensions after a foreign element": ("nested", "original"),
    "original nested in a foreign element, signature on the root": ("nested", "root"),
    "original as second child of the evil root": ("child", "root"),
    "original wraps the evil request in its extensions": ("wraps", "original"),
    "two signatures, one on each": ("extensions", "both"),
}


def wrap(good: bytes, shape: tuple[str, str], *, same_id: bool) -> bytes:
    where, signature_at = shape
    original = etree.fromstring(good)
    signature = original[1]
    evil = copy.deepcopy(original)
    evil.remove(evil[1])
    evil[0].text = "https://evil.example"
    if not same_id:
        evil.set("ID", "_evil")
    if where == "wraps":
        extensions = etree.Element(f"{SAMLP}Extensions")
        extensions.append(evil)
        original.insert(2, extensions)
        return etree.tostring(original)
    if signature_at in ("root", "both"):
        evil.insert(1, copy.deepcopy(signature) if signature_at == "both" else signature)
    if where == "object":
        etree.SubElement(evil[1], f"{DS}Object").append(original)
        return etree.tostring(evil)
    holder = evil
    if where in ("extensions", "nested"):
        holder = etree.Element(f"{SAMLP}Extensions")
        evil.insert(2 if signature_at != "original" else 1, holder)
    if where == "nested":
        holder = etree.SubElement(holder, "{urn:foreign}x")
    holder.append(original)
    return etree.tostring(evil)


@pytest.mark.parametrize("same_id", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_ar_25_signature_wrapping_is_refused(shape, same_id, good, sp):
    xml = wrap(good, shape, same_id=same_id)
    assert b"https://evil.example" in xml
    code = refused(xml, sp)
    assert code.startswith(("signature-", "xml-"))


def test_ar_25_wrapping_attacks_pass_a_check_of_the_signature_alone(good, sp):
    fooled = [s for s in SHAPES.values() if naive(wrap(good, s, same_id=False), sp)]
    assert len(fooled) >= 4


@pytest.mark.parametrize(
    ("part", "algorithm"),
    [
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        ("SignatureMethod", ""),
        ("SignatureMethod", "urn:unknown"),
        ("DigestMethod", names.SHA1),
        ("DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#md5"),
    ],
)
def test_ar_26_and_27_weak_and_unknown_algorithms_are_refused(part, algorithm, good, sp):
    def swap(root):
        next(root.iter(f"{DS}{part}")).set("Algorithm", algorithm)

    assert refused(edited(good, swap), sp) == "signature-algorithm"


def test_ar_26_correct_sha_1_signature_is_refused(make_request, sp):
    xml = OneLogin_Saml2_Utils.add_sign(
        make_request(),
        sp.private_pem.decode(),
        sp.certificate,
        sign_algorithm=OneLogin_Saml2_Constants.RSA_SHA1,
        digest_algorithm=OneLogin_Saml2_Constants.SHA1,
    )
    assert naive(xml, sp)
    assert refused(xml, sp) == "signature-algorithm"


def test_ar_27_hmac_with_the_certificate_as_key_is_refused(good, sp):
    def forge(root):
        info = root[1][0]
        info[1].set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
        canonical = etree.tostring(info, method="c14n", exclusive=True)
        mac = hmac.new(sp.certificate.encode(), canonical, hashlib.sha256).digest()
        root[1][1].text = b64encode(mac).decode()

    assert refused(edited(good, forge), sp) == "signature-algorithm"


XSLT = (
    '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<x:template match="/"><x:variable name="a" select="document(\'file:///etc/passwd\')"/>'
    "</x:template></x:stylesheet>"
)


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    ],
)
def test_ar_28_other_transforms_are_refused(algorithm, good, sp):
    def swap(root):
        transform = list(root.iter(f"{DS}Transform"))[1]
        transform.set("Algorithm", algorithm)
        transform.append(etree.fromstring(XSLT))

    assert refused(edited(good, swap), sp) == "signature-malformed"


def test_ar_28_many_transforms_are_refused(good, sp):
    def flood(root):
        transforms = next(root.iter(f"{DS}Transforms"))
        for _ in range(1000):
            transforms.append(copy.deepcopy(transforms[1]))

    assert refused(edited(good, flood), sp) == "signature-malformed"


@pytest.mark.parametrize(
    "uri", ["", None, "http://127.0.0.1:1/x", "file:///etc/passwd", "#other", "#xpointer(/)"]
)
def test_ar_28_reference_to_another_element_is_refused(uri, good, sp):
    def swap(root):
        reference = next(root.iter(f"{DS}Reference"))
        reference.attrib.pop("URI")
        if uri is not None:
            reference.set("URI", uri)

    assert refused(edited(good, swap), sp) == "signature-malformed"


@pytest.mark.parametrize(
    "edit",
    [
        lambda r: r[1][0].append(copy.deepcopy(r[1][0][2])),
        lambda r: etree.SubElement(r[1], f"{DS}Object"),
        lambda r: etree.SubElement(
            etree.SubElement(etree.SubElement(r[1], f"{DS}Object"), f"{DS}Manifest"),
            f"{DS}Reference",
        ),
        lambda r: r[1][2].append(etree.Element(f"{DS}RetrievalMethod", URI="http://127.0.0.1:1/")),
        lambda r: r[1].insert(0, copy.deepcopy(r[1][0])),
        lambda r: r[1][0][0].set("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        lambda r: r[1][0][2][0][0].append(etree.Element(f"{DS}XPath")),
        lambda r: r[1][0][1].append(etree.Element(f"{DS}HMACOutputLength")),
        lambda r: r.insert(2, copy.deepcopy(r[1])),
        lambda r: etree.SubElement(r, f"{{{names.NS_SAMLP}}}Extensions").append(r[1]),
    ],
    ids=[
        "two references",
        "an object",
        "a manifest",
        "a key elsewhere",
        "two SignedInfo",
        "another C14N",
        "a parameter of the enveloped transform",
        "a parameter of the signature method",
        "two signatures",
        "a signature in another element",
    ],
)
def test_ar_28_other_signature_structures_are_refused(edit, good, sp):
    assert refused(edited(good, edit), sp) in {"signature-malformed", "xml-schema"}


def with_extension(make_request, content: str) -> etree._Element:
    return etree.fromstring(
        make_request(f"<samlp:Extensions><x:y xmlns:x='urn:x'>{content}</x:y></samlp:Extensions>")
    )


def test_correct_signature_in_another_place_is_refused(make_request, sp):
    root = with_extension(make_request, "")
    sign_element(root, sp.key)
    root[2][0].append(root[1])
    xml = etree.tostring(root)
    assert naive(xml, sp)
    assert refused(xml, sp) == "signature-malformed"


def test_second_signature_is_refused(make_request, sp):
    inner = signed(make_request(ID="_inner"), sp).decode()
    root = with_extension(make_request, inner)
    sign_element(root, sp.key)
    xml = etree.tostring(root)
    assert naive(xml, sp)
    assert refused(xml, sp) == "signature-malformed"


@pytest.mark.parametrize("attribute", ["id", "iD", "x:ID"])
def test_other_attribute_with_the_same_id_is_refused(attribute, make_request, sp):
    root = with_extension(make_request, f'<x:z {attribute}="_request1"/>')
    sign_element(root, sp.key)
    xml = etree.tostring(root)
    assert naive(xml, sp)
    assert refused(xml, sp) == "signature-malformed"


def test_relative_namespace_does_not_disable_the_digest(make_request, sp):
    xml = make_request("<samlp:Extensions><x:y xmlns:x='1'/></samlp:Extensions>")
    root = etree.fromstring(xml)
    sign_element(etree.fromstring(make_request()), sp.key)
    empty = b64encode(hashlib.sha256(b"").digest()).decode()
    template = etree.fromstring(signed(make_request(), sp))[1]
    next(template.iter(f"{DS}DigestValue")).text = empty
    canonical = etree.tostring(template[0], method="c14n", exclusive=True)
    template[1].text = b64encode(sp.key.sign(canonical)).decode()
    root.insert(1, template)
    assert refused(etree.tostring(root), sp) == "signature-wrong"


def test_comment_in_a_signed_value_does_not_truncate_it(good, sp):
    commented = good.replace(SP.encode(), SP[:20].encode() + b"<!-- -->" + SP[20:].encode())
    assert accepted(commented, sp) == SP


def test_inclusive_namespaces_are_accepted(make_request, sp):
    root = etree.fromstring(make_request())
    signature = xmlsec.template.create(
        root, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds"
    )
    root.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, xmlsec.constants.TransformSha256, uri="#_request1"
    )
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    transform = xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    inclusive = etree.SubElement(transform, f"{{{names.EXC_C14N}}}InclusiveNamespaces")
    inclusive.set("PrefixList", "saml")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(sp.private_pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.sign(signature)
    assert accepted(etree.tostring(root), sp) == SP


def test_weak_registered_certificate_verifies_nothing(good, sp):
    assert refused_with_text(good, ["no certificate"]) == "signature-wrong"
    raw = signed_query(good, sp)
    with pytest.raises(MessageRefused):
        verify_query(raw, ["no certificate"])


def refused_with_text(xml: bytes, certificates: list[str]) -> str:
    _, root = parse_authn_request(xml)
    with pytest.raises(MessageRefused) as caught:
        verify_enveloped(root, certificates)
    return caught.value.code


def signed_query(xml: bytes, pair: KeyPair, relay_state: str = "a b+c/%") -> bytes:
    url = encode_redirect("https://x.example/", xml, relay_state=relay_state, key=pair.key)
    return url.partition("?")[2].encode()


def query_refused(raw: bytes, *pairs: KeyPair) -> str:
    with pytest.raises(MessageRefused) as caught:
        verify_query(raw, [pair.certificate for pair in pairs])
    return caught.value.code


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_ar_21_correctly_signed_query_is_accepted(
    kind, make_request, sp, ec_p256, ec_p384, stranger
):
    pair = {"rsa": sp, "p256": ec_p256, "p384": ec_p384}[kind]
    for relay_state in ("", "a b+c/%\u00e4"):
        raw = signed_query(make_request(), pair, relay_state)
        assert decode_redirect(raw).signed_query
        certificates = [stranger.certificate, ec_p256.certificate, pair.certificate]
        assert verify_query(raw, certificates) == pair.certificate


def test_ar_21_query_signed_by_python3_saml_is_accepted(sp):
    settings = {
        "strict": True,
        "sp": {
            "entityId": SP,
            "assertionConsumerService": {"url": "https://sp.example.org/acs"},
            "x509cert": sp.certificate,
            "privateKey": sp.private_pem.decode(),
        },
        "idp": {
            "entityId": IDP,
            "singleSignOnService": {"url": SSO_URL},
            "x509cert": sp.certificate,
        },
        "security": {
            "authnRequestsSigned": True,
            "signatureAlgorithm": names.RSA_SHA256,
            "digestAlgorithm": names.SHA256,
        },
    }
    request = {"http_host": "sp.example.org", "script_name": "/", "https": "on"}
    auth = OneLogin_Saml2_Auth(request | {"get_data": {}, "post_data": {}}, settings)
    raw = auth.login(return_to="https://sp.example.org/deep?a=b c").partition("?")[2].encode()
    inbound = decode_redirect(raw)
    assert inbound.relay_state == "https://sp.example.org/deep?a=b c"
    assert parse_authn_request(inbound.xml)[0].issuer == SP
    assert verify_query(inbound.raw_query, [sp.certificate]) == sp.certificate


def test_query_is_verified_with_its_original_percent_encoding(make_request, sp):
    """Some SPs use lowercase percent-encoding; encoding again would break their signature."""
    raw = signed_query(make_request(), sp)
    signed_part = raw.partition(b"&Signature=")[0].replace(b"%2B", b"%2b").replace(b"%2F", b"%2f")
    signature = quote(b64encode(sp.key.sign(signed_part)), safe="").encode()
    lower = signed_part + b"&Signature=" + signature
    assert verify_query(lower, [sp.certificate]) == sp.certificate


def test_query_parameters_can_have_another_order_but_no_other_values(make_request, sp):
    parts = signed_query(make_request(), sp).split(b"&")
    shuffled = b"&".join([b"utm=1", b"utm=2", *reversed(parts)])
    assert verify_query(shuffled, [sp.certificate]) == sp.certificate
    without_relay = b"&".join(p for p in parts if not p.startswith(b"RelayState"))
    assert query_refused(without_relay, sp) == "signature-wrong"
    raw = b"&".join(parts)
    assert query_refused(raw.replace(b"RelayState=a", b"RelayState=b"), sp) == "signature-wrong"
    assert query_refused(raw + b"&RelayState=x", sp) == "signature-malformed"
    assert query_refused(raw + b"&Relay%53tate=x", sp) == "signature-malformed"


def test_ar_22_query_without_its_signature_is_refused(make_request, sp):
    parts = signed_query(make_request(), sp).split(b"&")
    for missing in (b"SigAlg", b"Signature", b"SAMLRequest"):
        raw = b"&".join(p for p in parts if not p.startswith(missing + b"="))
        assert query_refused(raw, sp) == "signature-missing"


def test_ar_23_query_signed_with_another_key_is_refused(make_request, sp, stranger, ec_p256):
    raw = signed_query(make_request(), stranger)
    assert query_refused(raw, sp, ec_p256) == "signature-wrong"
    assert query_refused(raw) == "signature-wrong"
    assert query_refused(signed_query(make_request(), ec_p256), sp) == "signature-wrong"


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "none",
        "",
        "urn:unknown",
    ],
)
def test_ar_27_unknown_query_algorithm_is_refused(algorithm, make_request, sp):
    raw = signed_query(make_request(), sp)
    rsa_sha256 = quote(names.RSA_SHA256, safe="").encode()
    swapped = raw.replace(rsa_sha256, quote(algorithm, safe="").encode())
    assert swapped != raw
    assert query_refused(swapped, sp) == "signature-algorithm"


@pytest.mark.parametrize("signature", [b"", b"AAAA", b"%00", b"not-base64", b"A"])
def test_malformed_query_signature_is_refused(signature, make_request, sp, ec_p256):
    for pair in (sp, ec_p256):
        raw = signed_query(make_request(), pair).partition(b"&Signature=")[0]
        code = query_refused(raw + b"&Signature=" + signature, pair)
        assert code in {"signature-wrong", "signature-malformed"}


def test_signature_of_signxml_is_accepted(make_request, sp):
    root = etree.fromstring(make_request())
    place = etree.Element(f"{DS}Signature", Id="placeholder")
    root.insert(1, place)
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    done = signer.sign(
        root,
        key=sp.key.private_key,
        cert=sp.certificate,
        reference_uri="_request1",
        id_attribute="ID",
    )
    assert accepted(etree.tostring(done), sp) == SP


def test_only_the_root_of_a_document_can_be_verified_or_signed(good, sp):
    child = etree.fromstring(good)[0]
    with pytest.raises(ValueError, match="root"):
        verify_enveloped(child, [sp.certificate])
    with pytest.raises(ValueError, match="root"):
        sign_element(child, sp.key)


def test_ecdsa_signature_is_r_and_s_concatenated(make_request, ec_p256):
    signature = etree.fromstring(signed(make_request(), ec_p256))[1][1].text
    assert len(b64decode(signature)) == 64


def test_ecdsa_signature_in_another_form_is_refused(make_request, ec_p256):
    raw = signed_query(make_request(), ec_p256).partition(b"&Signature=")[0]
    value = ec_p256.key.sign(raw)
    for signature, fits in ((value, True), (value[:32] + b"\0" + value[32:], False)):
        encoded = quote(b64encode(signature), safe="").encode()
        query = raw + b"&Signature=" + encoded
        if fits:
            assert verify_query(query, [ec_p256.certificate])
        else:
            assert query_refused(query, ec_p256) == "signature-wrong"
