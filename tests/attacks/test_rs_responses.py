"""Responses, parsed strictly (RS-01 to RS-15)."""

import base64
import re
import time
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from ..e2e.server import ApiError, Workspace
from ..e2e.visitor import Visitor
from . import kit
from .conftest import Applications
from .site import Target, posted_response, status_of

XENC = "http://www.w3.org/2001/04/xmlenc#"
GCM = "http://www.w3.org/2009/xmlenc11#aes"


def seconds(text: str) -> float:
    """Return the epoch seconds of a time that must be in UTC with a Z."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text).timestamp()


def one(root: etree._Element, path: str) -> etree._Element | str:
    """Return the only match of an XPath."""
    found = root.xpath(path, namespaces=kit.NS)
    assert len(found) == 1, f"{path}: {len(found)}"
    return found[0]


def values(root: etree._Element, name: str) -> list[str]:
    """Return the values of an attribute, by its name; the attribute is there once."""
    attribute = one(root, f"//saml:Attribute[@Name='{name}']")
    return ["".join(v.itertext()) for v in attribute]


def test_rs_01_a_response_passes_a_strict_reader(target: Target) -> None:
    number = kit.new_id()
    root = target.accepts(target.by_redirect(target.request(ID=number)))
    now = time.time()
    assertion = one(root, "/samlp:Response/saml:Assertion")
    idp = target.application["metadata"]["entity_id"]
    assert root.get("Destination") == target.acs_url
    assert root.get("InResponseTo") == number
    assert {e.text for e in root.iter(f"{{{kit.SAML}}}Issuer")} == {idp}
    assert one(assertion, "saml:Conditions/saml:AudienceRestriction/saml:Audience").text == (
        target.entity_id
    )
    confirmation = one(assertion, "saml:Subject/saml:SubjectConfirmation")
    assert confirmation.get("Method") == "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    data = one(confirmation, "saml:SubjectConfirmationData")
    assert data.get("Recipient") == target.acs_url
    assert data.get("InResponseTo") == number
    assert data.get("NotBefore") is None
    assert now < seconds(data.get("NotOnOrAfter")) <= now + 600
    conditions = one(assertion, "saml:Conditions")
    assert now - 300 <= seconds(conditions.get("NotBefore")) <= now
    assert now < seconds(conditions.get("NotOnOrAfter")) <= now + 600
    statement = one(assertion, "saml:AuthnStatement")
    assert seconds(statement.get("AuthnInstant")) <= now
    assert statement.get("SessionIndex")
    ids = root.xpath("//@ID")
    assert len(ids) == len(set(ids)) == 2
    assert all(len(i) >= 22 and re.fullmatch("[A-Za-z_][A-Za-z0-9_.-]*", i) for i in ids)


def test_rs_01_each_signature_covers_its_own_element(target: Target, thief: kit.Identity) -> None:
    root = target.accepts()
    assertion = one(root, "saml:Assertion")
    for element in (root, assertion):
        assert kit.is_signed_by(element, target.certificate)
        assert not kit.is_signed_by(element, thief.certificate)
    methods = root.xpath("//ds:SignatureMethod/@Algorithm", namespaces=kit.NS)
    digests = root.xpath("//ds:DigestMethod/@Algorithm", namespaces=kit.NS)
    assert set(methods) == {kit.RSA_SHA256} and set(digests) == {kit.SHA256}
    transforms = {tuple(t.xpath("*/@Algorithm")) for t in root.iter(f"{{{kit.DS}}}Transforms")}
    assert transforms == {(kit.ENVELOPED, kit.EXC_C14N)}
    # A change anywhere is noticed.
    one(root, "//saml:NameID").text = "admin@attacked.test"
    assert not kit.is_signed_by(assertion, target.certificate)


HOSTILE_NAMES = [
    "</saml:AttributeValue><saml:AttributeValue>admin",
    "admin<!-- -->@evil",
    "<![CDATA[x]]> ]]>",
    "<?php echo 1 ?>",
    "&lt;b&gt; &amp;amp; &#x41;",
    "{{ 7*191 }} ${7*191} #{7*191} <%= 7*191 %>",
    "\" onload='alert(1)' x=\"",
    "\u00e9\u4e2d\U0001f600 \u202e\u200b",
    "tab\tand  two spaces",
]


@pytest.mark.parametrize("text", HOSTILE_NAMES)
def test_rs_02_markup_in_values_is_escaped_in_the_response(
    workspace: Workspace, applications: Applications, amina: dict, target: Target, text: str
) -> None:
    workspace.api.patch(f"/users/{amina['id']}", attributes={"motto": text})
    workspace.api.put(
        f"/applications/{target.id}/mappers",
        [{"name": "motto", "source": "user.attributes.motto"}],
    )
    root = target.accepts()
    saved = workspace.api.get(f"/users/{amina['id']}")["attributes"]["motto"]
    assert saved in (text, [text])
    assert values(root, "motto") == [text]
    assert kit.is_signed_by(one(root, "saml:Assertion"), target.certificate)


@pytest.mark.parametrize("text", ["a\x00b", "a\x01b", "a\x1fb", "\ud800", "a\ufffe", "\uffff"])
def test_rs_02_characters_that_xml_cannot_carry_are_rejected(
    workspace: Workspace, amina: dict, target: Target, text: str
) -> None:
    for change in ({"first_name": text}, {"attributes": {"motto": text}}):
        with pytest.raises(ApiError) as refusal:
            workspace.api.patch(f"/users/{amina['id']}", **change)
        assert refusal.value.status in (400, 422)
    target.accepts()


def decrypted(root: etree._Element, reader: kit.Identity) -> tuple[etree._Element, bytes, bytes]:
    """Return the assertion inside a response, the key that was used, and the IV."""
    data = one(root, "/samlp:Response/saml:EncryptedAssertion/xenc:EncryptedData")
    method = one(data, "xenc:EncryptionMethod/@Algorithm")
    assert method in (f"{GCM}128-gcm", f"{GCM}256-gcm")
    wrapped = one(root, "//xenc:EncryptedKey")
    assert "rsa-oaep" in one(wrapped, "xenc:EncryptionMethod/@Algorithm")
    sha1 = hashes.SHA1()  # noqa: S303  inside OAEP, where collisions do not matter
    oaep = padding.OAEP(padding.MGF1(sha1), sha1, None)
    text = one(wrapped, "xenc:CipherData/xenc:CipherValue").text
    key = reader.private.decrypt(base64.b64decode(text), oaep)
    sealed = base64.b64decode(one(data, "xenc:CipherData/xenc:CipherValue").text)
    plain = AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
    return etree.fromstring(plain), key, sealed[:12]


def test_rs_06_an_encrypted_assertion_reveals_nothing(
    applications: Applications, sp: kit.Identity
) -> None:
    target = applications(
        "rs-06", encrypt_assertions=True, certificates=[sp.certificate], sign_response=False
    )
    used = set()
    for _ in range(2):
        root = target.accepts()
        assert kit.is_signed_by(root, target.certificate)
        text = etree.tostring(root).decode()
        assert "amina" not in text and not root.xpath("//saml:NameID", namespaces=kit.NS)
        assertion, key, iv = decrypted(root, sp)
        assert assertion.tag == f"{{{kit.SAML}}}Assertion"
        assert kit.is_signed_by(assertion, target.certificate)
        assert one(assertion, "//saml:Audience").text == target.entity_id
        used |= {key, iv}
    assert len(used) == 4, "a key and an IV of its own for each message"


def test_rs_07_the_posting_page_is_locked_down(target: Target) -> None:
    page = target.by_redirect(target.request())(target.person)
    assert "no-store" in page.headers["cache-control"]
    policy = page.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]{16,})'", policy).group(1)
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "form-action" not in policy, "browsers apply it to the SP's redirects"
    (script,) = page.document().xpath("//script")
    assert script.get("nonce") == nonce
    assert page.document().xpath("//form//button"), "it works without script"
    again = target.by_redirect(target.request())(target.person)
    assert nonce not in again.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("how", ["role", "user", "delete"])
def test_rs_08_a_removed_role_counts_immediately(
    workspace: Workspace, target: Target, how: str
) -> None:
    person = workspace.create_user(f"leaver-{how}")
    api, role = workspace.api, target.application["default_role"]["id"]
    api.post(f"/users/{person['id']}/roles", role=role)
    visitor = workspace.sign_in(person["username"])
    send = target.by_redirect(target.request())
    assert send(visitor).has_assertion()
    if how == "role":
        api.delete(f"/users/{person['id']}/roles/{role}")
    elif how == "user":
        api.patch(f"/users/{person['id']}", active=False)
    else:
        api.delete(f"/users/{person['id']}")
    assert not send(visitor).has_assertion()
    assert not visitor.get(target.application["launch_url"]).has_assertion()
    if how == "user":
        api.patch(f"/users/{person['id']}", active=True)
        assert not send(visitor).has_assertion(), "the old session stays ended"
    target.accepts()


def test_rs_09_transient_and_persistent_name_ids_are_opaque(
    workspace: Workspace, applications: Applications, amina: dict
) -> None:
    seen: dict[str, list[str]] = {}
    for name, form in (
        ("rs-09-t", kit.TRANSIENT),
        ("rs-09-p", kit.PERSISTENT),
        ("rs-09-q", kit.PERSISTENT),
    ):
        target = applications(name, name_id_format=form)
        for turn in range(2):
            name_id = one(target.accepts(), "//saml:Subject/saml:NameID")
            assert name_id.get("Format") == form
            seen.setdefault(name, []).append(name_id.text)
            if turn == 0 and form == kit.PERSISTENT:
                workspace.api.patch(f"/users/{amina['id']}", first_name="Renamed")
    assert seen["rs-09-t"][0] != seen["rs-09-t"][1]
    assert seen["rs-09-p"][0] == seen["rs-09-p"][1]
    assert seen["rs-09-q"][0] == seen["rs-09-q"][1] != seen["rs-09-p"][0]
    for text in (t for texts in seen.values() for t in texts):
        assert len(text) <= 256 and "amina" not in text and text == text.lower()


def test_rs_10_an_idp_initiated_response_has_no_in_response_to(
    workspace: Workspace, target: Target
) -> None:
    _, root, _ = posted_response(target.person.get(target.application["launch_url"]))
    assert status_of(root) == [f"{kit.STATUS}Success"]
    assert not root.xpath("//@InResponseTo")
    assert kit.is_signed_by(one(root, "saml:Assertion"), target.certificate)
    workspace.create_user("rs-10")
    page = workspace.sign_in("rs-10").get(target.application["launch_url"])
    assert page.status == 403 and not page.has_assertion()


def test_rs_11_an_error_response_has_no_assertion(target: Target) -> None:
    xml = target.request(inside='<samlp:NameIDPolicy Format="urn:x"/>')
    _, root, _ = posted_response(target.by_redirect(xml)(target.person))
    assert not root.xpath("//ds:Signature", namespaces=kit.NS)
    assert not root.xpath("//saml:Assertion", namespaces=kit.NS)
    metadata = Visitor().get(target.application["metadata"]["metadata_url"])
    assert "Signature>" not in metadata.text, "unsigned, or by another key than the responses"


@pytest.mark.parametrize("kind", ["1024 bits", "EC for encryption", "no certificate", "a key"])
def test_rs_12_weak_or_unsuitable_keys_are_rejected(target: Target, kind: str) -> None:
    weak = {
        "1024 bits": lambda: kit.make_identity("weak", bits=1024).certificate,
        "EC for encryption": lambda: kit.make_identity("ec", curve=True).certificate,
        "no certificate": lambda: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "a key": lambda: kit.make_identity("key").key,
    }[kind]()
    settings = {"certificates": [weak], "encrypt_assertions": True}
    with pytest.raises(ApiError) as refusal:
        target.workspace.api.patch(f"/applications/{target.id}", settings=settings)
    assert refusal.value.status == 422 and "certificates" in refusal.value.problem
    assert "PRIVATE KEY" not in refusal.value.problem
    target.accepts()


def test_rs_12_our_own_keys_are_long_enough(target: Target) -> None:
    key = x509.load_pem_x509_certificate(target.certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048


def test_rs_13_a_value_of_64_kilobytes_arrives_complete(
    workspace: Workspace, amina: dict, target: Target
) -> None:
    with pytest.raises(ApiError) as refusal:
        workspace.api.patch(f"/users/{amina['id']}", attributes={"motto": "x" * 65_536})
    assert refusal.value.status == 422
    target.accepts()


def test_rs_13_two_hundred_groups_arrive_complete(
    workspace: Workspace, amina: dict, target: Target
) -> None:
    names = {f"Group {n:03} <&> \u00e9" for n in range(200)}
    for name in names:
        group = workspace.api.post("/groups", name=name)
        workspace.api.post(f"/groups/{group['id']}/members", user=amina["id"])
    workspace.api.put(
        f"/applications/{target.id}/mappers", [{"name": "groups", "source": "user.groups"}]
    )
    page = target.by_redirect(target.request())(target.person)
    assert len(page.body) < 2_000_000
    _, root, _ = posted_response(page)
    assert set(values(root, "groups")) == names


def test_rs_14_the_authn_context_matches_the_sign_in(target: Target) -> None:
    classes = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
    done = f"{classes}PasswordProtectedTransport"
    for asked, comparison, said in (
        (done, "exact", {done}),
        (f"{classes}Password", "exact", {done, f"{classes}Password"}),
        (f"{classes}Password", "minimum", {done, f"{classes}Password"}),
    ):
        wish = f"<saml:AuthnContextClassRef>{asked}</saml:AuthnContextClassRef>"
        inside = (
            f'<samlp:RequestedAuthnContext Comparison="{comparison}">{wish}'
            "</samlp:RequestedAuthnContext>"
        )
        root = target.accepts(target.by_redirect(target.request(inside=inside)))
        assert one(root, "//saml:AuthnContextClassRef").text in said


def test_rs_15_only_mapped_attributes_are_sent(
    workspace: Workspace, amina: dict, target: Target
) -> None:
    workspace.api.patch(f"/users/{amina['id']}", attributes={"salary": "topsecret"})
    workspace.api.put(
        f"/applications/{target.id}/mappers", [{"name": "mail", "source": "user.email"}]
    )
    root = target.accepts()
    assert root.xpath("//saml:Attribute/@Name", namespaces=kit.NS) == ["mail"]
    assert b"topsecret" not in etree.tostring(root)
