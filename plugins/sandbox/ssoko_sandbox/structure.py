"""Check the structure of a Response before python3-saml does, which accepts too much.

Other transforms can keep it busy for seconds, and it ignores additional content of a signature.
"""

import base64
import binascii

from lxml import etree

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

MAX_BYTES = 256 * 1024
_TRANSFORMS = {f"{DS}enveloped-signature", EXCLUSIVE}
_IN_SIGNATURE = {f"{{{DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo")}


class Refused(Exception):
    """The response is not accepted; the text is the reason."""


def read_response(encoded: str) -> etree._Element:
    """Return the Response element.

    :raises Refused: for anything but a plain Response with at most one signature on it and one on
        its assertion.
    """
    if len(encoded) > MAX_BYTES:
        raise Refused(f"SAMLResponse is longer than {MAX_BYTES} characters")
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("SAMLResponse is not base64") from None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Refused(f"SAMLResponse is not XML: {error.msg}") from None
    if root.getroottree().docinfo.doctype:
        raise Refused("SAMLResponse has a document type")
    if root.tag != f"{{{SAMLP}}}Response":
        raise Refused(f"SAMLResponse is {etree.QName(root).localname}, not Response")
    _check_ids(root)
    for signature in root.iter(f"{{{DS}}}Signature"):
        _check_signature(root, signature)
    return root


def _check_ids(root: etree._Element) -> None:
    ids = [element.get("ID") for element in root.iter() if element.get("ID") is not None]
    if len(set(ids)) < len(ids):
        raise Refused("Two elements have the same ID")


def _check_signature(root: etree._Element, signature: etree._Element) -> None:
    signed = signature.getparent()
    is_assertion = signed is not None and signed.tag == f"{{{SAML}}}Assertion"
    if signed is not root and not (is_assertion and signed.getparent() is root):  # type: ignore[union-attr]
        raise Refused("A signature is in an unexpected place")
    if {child.tag for child in signature} - _IN_SIGNATURE:
        raise Refused("A signature has more than SignedInfo, SignatureValue and KeyInfo")
    references = list(signature.iter(f"{{{DS}}}Reference"))
    if len(references) != 1 or references[0].get("URI") != f"#{signed.get('ID')}":  # type: ignore[union-attr]
        raise Refused("A signature must have one reference, to its parent element")
    transforms = [t.get("Algorithm") for t in references[0].iter(f"{{{DS}}}Transform")]
    if len(transforms) > 2 or set(transforms) - _TRANSFORMS:
        raise Refused("A signature has a transform other than enveloped and exclusive c14n")
