"""Verify signatures of messages with registered certificates.

The structure is checked before any cryptography runs: one signature, a child of the root, over the
root. So the element that is verified is the element that is read, which excludes attacks with
signature wrapping, transforms and embedded keys. KeyInfo is ignored.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote_to_bytes

import xmlsec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound, decode_base64
from ssoko.saml.refusals import message_refused
from ssoko.saml.signing import ALGORITHMS, certificate_key, certificate_pem

_DS = f"{{{names.NS_DS}}}"
_EXC_NS = f"{{{names.EXC_C14N}}}InclusiveNamespaces"
_RULE = "SAML core, section 5.4; XML Signature"
_SIGNED_PARAMETERS = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")
_DIGESTS = (names.SHA256, names.SHA384, names.SHA512)

_REFERENCE_TRANSFORMS = (
    xmlsec.constants.TransformEnveloped,
    xmlsec.constants.TransformExclC14N,
    xmlsec.constants.TransformSha256,
    xmlsec.constants.TransformSha384,
    xmlsec.constants.TransformSha512,
)
_SIGNATURE_TRANSFORMS = (
    xmlsec.constants.TransformExclC14N,
    xmlsec.constants.TransformRsaSha256,
    xmlsec.constants.TransformRsaSha384,
    xmlsec.constants.TransformRsaSha512,
    xmlsec.constants.TransformEcdsaSha256,
    xmlsec.constants.TransformEcdsaSha384,
    xmlsec.constants.TransformEcdsaSha512,
)


def verify_enveloped(root: etree._Element, certificates: Sequence[str]) -> str:
    """Verify the enveloped signature of *root* and return the certificate that matches.

    :param root: root of a document from ``xml.parse_xml``; read only this element afterwards.
    :param certificates: PEM; the registered certificates of the sender.
    :raises MessageRefused: code ``signature-...``.
    """
    signature = _only_signature(root)
    _check_structure(signature, root)
    for certificate in certificates:
        if _matches_enveloped(signature, root, certificate):
            return certificate
    raise _unverified(certificates)


def verify_query(
    raw_query: bytes,
    certificates: Sequence[str],
    *,
    message: Literal["SAMLRequest", "SAMLResponse"] = "SAMLRequest",
) -> str:
    """Verify a signed query string and return the certificate that matches.

    The signature covers the percent-encoded parameters as received, in a fixed order (SAML
    bindings, section 3.4.4.1).

    :param raw_query: the query string as received.
    :raises MessageRefused: code ``signature-...``.
    """
    parts = _raw_parts(raw_query)
    if "SigAlg" not in parts or "Signature" not in parts or message not in parts:
        raise message_refused(
            "signature-missing",
            "The message is not signed.",
            received="no signature",
            expected="SigAlg and Signature in the query string",
            source="SAML bindings, section 3.4.4.1",
        )
    algorithm = unquote_to_bytes(parts["SigAlg"]).decode("ascii", "replace")
    _check_algorithm(algorithm, ALGORITHMS)
    order = [name for name in (message, "RelayState", "SigAlg") if name in parts]
    signed = b"&".join(name.encode() + b"=" + parts[name] for name in order)
    signature = _signature_value(unquote_to_bytes(parts["Signature"]))
    for certificate in certificates:
        if _matches(certificate, algorithm, signature, signed):
            return certificate
    raise _unverified(certificates)


def verify_request(
    root: etree._Element, inbound: Inbound, certificates: Sequence[str], *, required: bool
) -> bool:
    """Return whether a request for a sign-in has a verified signature.

    When no signature is required, one that proves nothing counts as none: without a certificate on
    record, with SHA-1 or another algorithm that is not accepted, or where each certificate has a
    weak key. One that does not match the certificates is refused all the same.

    :raises MessageRefused: code ``signature-...``.
    """
    verifiers: list[Callable[[], object]] = []
    if inbound.signed_query:
        verifiers.append(lambda: verify_query(inbound.raw_query, certificates))
    if root.find(f"{_DS}Signature") is not None:
        verifiers.append(lambda: verify_enveloped(root, certificates))
    if required and (not verifiers or not certificates):
        received = "a signature that no certificate is recorded for"
        raise message_refused(
            "signature-required",
            "This application accepts only signed requests.",
            received=received if verifiers else "no signature",
            expected="a signature by one of the certificates in the application's settings",
            source="The settings of the application require signed requests.",
        )
    if not verifiers or not (required or any(map(_is_strong, certificates))):
        return False
    verified = False
    for verify in verifiers:
        try:
            verify()
            verified = True
        except MessageRefused as refusal:
            if refusal.code != "signature-algorithm" or required:
                raise
    return verified


def _is_strong(certificate: str) -> bool:
    try:
        certificate_key(certificate)
    except ValueError:
        return False
    return True


def _raw_parts(raw_query: bytes) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    for pair in raw_query.split(b"&"):
        encoded, _, value = pair.partition(b"=")
        name = unquote_to_bytes(encoded).decode("ascii", "replace")
        if name not in _SIGNED_PARAMETERS:
            continue
        if name in parts:
            raise _malformed(f"{name} twice")
        parts[name] = value
    return parts


def _signature_value(text: bytes) -> bytes:
    try:
        return decode_base64(text)
    except ValueError:
        raise _malformed("Signature is not base64") from None


def _matches(certificate: str, algorithm: str, signature: bytes, signed: bytes) -> bool:
    required = ALGORITHMS[algorithm]
    try:
        key = certificate_key(certificate)
        if isinstance(key, rsa.RSAPublicKey) and required.family == "rsa":
            key.verify(signature, signed, padding.PKCS1v15(), required.hash)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and required.family == "ec":
            half = (key.curve.key_size + 7) // 8
            if len(signature) != 2 * half:
                return False
            r, s = signature[:half], signature[half:]
            der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            key.verify(der, signed, ec.ECDSA(required.hash))
            return True
    except (InvalidSignature, ValueError):  # ValueError: a certificate too weak to trust
        pass
    return False


def _only_signature(root: etree._Element) -> etree._Element:
    if root.getparent() is not None:
        raise ValueError("only the root of a document can be verified")
    signatures = list(root.iter(f"{_DS}Signature"))
    if not signatures:
        raise message_refused(
            "signature-missing",
            "The message is not signed.",
            received="no signature",
            expected="a ds:Signature in the root element",
            source=_RULE,
        )
    if len(signatures) > 1:
        raise _malformed(f"{len(signatures)} signatures", "exactly one signature")
    (signature,) = signatures
    # The schema has it after Issuer. Which child it is proves nothing: the reference does.
    if signature.getparent() is not root:
        raise _malformed(
            "a signature in another place", "a signature that is a child of the root element"
        )
    return signature


def _check_structure(signature: etree._Element, root: etree._Element) -> None:
    """Require SignedInfo with exactly one reference, to the whole document."""
    tags = [str(child.tag) for child in signature]
    expected = [f"{_DS}SignedInfo", f"{_DS}SignatureValue", f"{_DS}KeyInfo"]
    if tags not in (expected, expected[:2]):
        raise _malformed(" ".join(tags), "SignedInfo, SignatureValue and KeyInfo")
    info = signature[0]
    tags = [str(child.tag) for child in info]
    expected = [f"{_DS}CanonicalizationMethod", f"{_DS}SignatureMethod", f"{_DS}Reference"]
    if tags != expected:
        raise _malformed(" ".join(tags), "exactly one Reference")
    canonicalization, method, reference = info
    _check_c14n(canonicalization)
    _check_algorithm(method.get("Algorithm", ""), ALGORITHMS)
    if len(method):
        raise _malformed("SignatureMethod with parameters", "no parameters")
    _check_reference(reference, root)
    for element in signature.iter():
        if element.tag == f"{_DS}RetrievalMethod":
            raise _malformed("RetrievalMethod", "no reference to another key")


def _check_reference(reference: etree._Element, root: etree._Element) -> None:
    root_id = root.get("ID")
    count = sum(value == root_id for e in root.iter() for value in _ids(e))
    if not root_id or reference.get("URI") != f"#{root_id}" or count != 1:
        raise _malformed(
            f"URI {reference.get('URI')!r}", f"URI '#{root_id}', an ID that occurs once"
        )
    tags = [str(child.tag) for child in reference]
    if tags != [f"{_DS}Transforms", f"{_DS}DigestMethod", f"{_DS}DigestValue"]:
        raise _malformed(" ".join(tags), "Transforms, DigestMethod and DigestValue")
    transforms, digest, _ = reference
    if [str(t.tag) for t in transforms] != [f"{_DS}Transform"] * len(transforms):
        raise _malformed("another element in Transforms", "Transform")
    algorithms = [t.get("Algorithm") for t in transforms]
    if algorithms != [names.ENVELOPED, names.EXC_C14N]:
        raise _malformed(
            ", ".join(map(str, algorithms[:5])), "enveloped-signature, then exclusive C14N"
        )
    if len(transforms[0]):
        raise _malformed("enveloped-signature with parameters", "no parameters")
    _check_c14n(transforms[1])
    _check_algorithm(digest.get("Algorithm", ""), _DIGESTS)


def _check_c14n(element: etree._Element) -> None:
    children = [str(child.tag) for child in element]
    if element.get("Algorithm") != names.EXC_C14N or children not in ([], [_EXC_NS]):
        raise _malformed(element.get("Algorithm", ""), names.EXC_C14N)


def _check_algorithm(algorithm: str, allowed: Collection[str]) -> None:
    if algorithm not in allowed:
        raise message_refused(
            "signature-algorithm",
            "The message is signed with an algorithm that is not accepted.",
            received=algorithm,
            expected=", ".join(allowed),
            source="Signatures with SHA-1, MD5 or HMAC do not prove who sent a message.",
            fix="Set the signature algorithm at the service provider to RSA-SHA256.",
        )


def _ids(element: etree._Element) -> list[str]:
    return [str(v) for k, v in element.items() if etree.QName(k).localname.lower() == "id"]


def _matches_enveloped(signature: etree._Element, root: etree._Element, certificate: str) -> bool:
    try:
        certificate_key(certificate)
    except ValueError:  # too weak to trust
        return False
    context = xmlsec.SignatureContext()
    context.key = _xmlsec_key(certificate)
    context.register_id(root, "ID")
    for transform in _REFERENCE_TRANSFORMS:
        context.enable_reference_transform(transform)
    for transform in _SIGNATURE_TRANSFORMS:
        context.enable_signature_transform(transform)
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


@lru_cache(maxsize=256)
def _xmlsec_key(certificate: str) -> xmlsec.Key:
    return xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)


def _malformed(received: str, expected: str = "") -> MessageRefused:
    return message_refused(
        "signature-malformed",
        "The signature has a form that SAML does not allow.",
        received=received,
        expected=expected,
        source=_RULE,
    )


def _unverified(certificates: Sequence[str]) -> MessageRefused:
    return message_refused(
        "signature-wrong",
        "The signature matches none of the sender's certificates.",
        received="a signature by another key, or a message that was changed in transit",
        expected=f"a signature by one of {len(certificates)} registered certificates",
        source=_RULE,
        fix="Add the certificate that the service provider signs with.",
    )


#: Characters of base64 in one certificate, and the number of certificates in one message.
_MAX_CERTIFICATE = 8000
_MAX_CERTIFICATES = 3


def signer_of(root: etree._Element) -> str:
    """Return the certificate in a message that matches its signature, as PEM; empty for none.

    The sender chose this certificate. It only proves that the sender has its key.
    """
    for text in _certificates(root):
        try:
            return verify_enveloped(root, [certificate_pem(text)])
        except (MessageRefused, ValueError):
            continue
    return ""


def _certificates(root: etree._Element) -> Iterator[str]:
    namespaces = {"ds": names.NS_DS}
    path = "./ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
    for element in root.findall(path, namespaces)[:_MAX_CERTIFICATES]:
        text = element.text or ""
        if 0 < len(text) <= _MAX_CERTIFICATE:
            yield text
