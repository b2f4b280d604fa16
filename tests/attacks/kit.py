"""What an attacker has: messages as text, signatures by cryptography and xmlsec.

Nothing of ``ssoko.saml`` is used here, so that a mistake there cannot hide here.
"""

import base64
import secrets
import urllib.parse
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
NS = {"samlp": SAMLP, "saml": SAML, "ds": DS, "md": MD, "xenc": "http://www.w3.org/2001/04/xmlenc#"}
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = f"{DS}rsa-sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENVELOPED = f"{DS}enveloped-signature"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

_HASHES = {RSA_SHA256: hashes.SHA256, RSA_SHA1: hashes.SHA1, f"{DS}rsa-md5": hashes.MD5}
_HASHES["http://www.w3.org/2001/04/xmldsig-more#rsa-md5"] = hashes.MD5


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key and a certificate for it, both PEM."""

    key: str
    certificate: str

    @property
    def private(self) -> rsa.RSAPrivateKey:
        """Return the key to use."""
        return serialization.load_pem_private_key(self.key.encode(), None)

    @property
    def body(self) -> str:
        """Return the certificate as XML carries it."""
        return "".join(self.certificate.split("-----")[2].split())


def make_identity(name: str, *, bits: int = 2048, curve: bool = False) -> Identity:
    """Return a new key with a self-signed certificate."""
    if curve:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 4711)
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=300))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate = builder.sign(key, hashes.SHA256())
    return Identity(private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


def new_id() -> str:
    """Return a message ID that was not used before."""
    return f"_{secrets.token_hex(16)}"


def instant(seconds: float = 0) -> str:
    """Return the current time plus *seconds* in SAML's format."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def authn_request(
    issuer: str,
    *,
    inside: str = "",
    before: str = "",
    name: str = "AuthnRequest",
    **attributes: str,
) -> str:
    """Return an AuthnRequest; an attribute that is empty is left out.

    :param inside: XML after Issuer; *before*: what comes before the root.
    """
    attributes = {"ID": new_id(), "Version": "2.0", "IssueInstant": instant()} | attributes
    written = "".join(f' {k}="{escape(v)}"' for k, v in attributes.items() if v)
    return (
        f'{before}<samlp:{name} xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{written}>'
        f"<saml:Issuer>{escape(issuer)}</saml:Issuer>{inside}</samlp:{name}>"
    )


def escape(text: str) -> str:
    """Return *text* as an attribute or an element can hold it."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text


def as_bytes(xml: str | bytes) -> bytes:
    """Return the bytes that are sent."""
    return xml.encode() if isinstance(xml, str) else xml


def deflated(xml: str | bytes) -> str:
    """Return the value of SAMLRequest by HTTP-Redirect, not percent-encoded yet."""
    packer = zlib.compressobj(9, wbits=-15)
    return base64.b64encode(packer.compress(as_bytes(xml)) + packer.flush()).decode()


def posted(xml: str | bytes) -> str:
    """Return the value of SAMLRequest by HTTP-POST."""
    return base64.b64encode(as_bytes(xml)).decode()


def query(**parameters: str) -> str:
    """Return a query string with every byte that may be encoded encoded."""
    return "&".join(f"{k}={urllib.parse.quote(v, safe='')}" for k, v in parameters.items())


def signed_query(
    signer: Identity, *, alg: str = RSA_SHA256, claim: str | None = None, **parameters: str
) -> str:
    """Return a query string with SigAlg and Signature.

    :param alg: how it is signed; *claim*: what SigAlg says instead.
    """
    text = query(**parameters, SigAlg=alg if claim is None else claim)
    algorithm = _HASHES.get(alg, hashes.SHA256)()
    signature = signer.private.sign(text.encode(), padding.PKCS1v15(), algorithm)
    return f"{text}&{query(Signature=base64.b64encode(signature).decode())}"


def sign_xml(
    xml: str,
    signer: Identity,
    *,
    method: str = "RsaSha256",
    digest: str = "Sha256",
    transforms: Sequence[str] = ("Enveloped", "ExclC14N"),
    uri: str | None = None,
    certificate: str | None = None,
    place: int = 1,
) -> str:
    """Return the message with an enveloped signature after its Issuer, by xmlsec.

    :param certificate: PEM for KeyInfo; by default the signer's own.
    :param place: among the root's children; metadata have it first.
    """
    root = etree.fromstring(xml.encode())
    method, digest = (getattr(xmlsec.constants, f"Transform{n}") for n in (method, digest))
    signature = xmlsec.template.create(root, xmlsec.constants.TransformExclC14N, method, ns="ds")
    root.insert(place, signature)
    target = f"#{root.get('ID')}" if uri is None else uri
    reference = xmlsec.template.add_reference(signature, digest, uri=target)
    for name in transforms:
        transform = getattr(xmlsec.constants, f"Transform{name}")
        xmlsec.template.add_transform(reference, transform)
    info = etree.SubElement(signature, f"{{{DS}}}KeyInfo")
    data = etree.SubElement(info, f"{{{DS}}}X509Data")
    shown = Identity("", certificate) if certificate else signer
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = shown.body
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signer.key, xmlsec.constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.sign(signature)
    return etree.tostring(root).decode()


def is_signed_by(element: etree._Element, certificate: str) -> bool:
    """Return whether the signature in an element covers the whole element, by this certificate."""
    signature = element.find("ds:Signature", NS)
    if signature is None:
        return False
    references = signature.findall("ds:SignedInfo/ds:Reference", NS)
    if [r.get("URI") for r in references] != [f"#{element.get('ID')}"]:
        return False
    # A document of its own, so that nothing outside can take part.
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
    context.register_id(alone, "ID")
    try:
        context.verify(alone.find("ds:Signature", NS))
    except xmlsec.Error:
        return False
    return True
