"""Create enveloped XML signatures and signed query strings.

The algorithms are those of XML Signature and RFC 9231: RSA or ECDSA with SHA-2, a SHA-2 digest,
and exclusive C14N without comments. Weaker algorithms are not available.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256, sha384, sha512
from typing import NamedTuple
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from ssoko.saml import names
from ssoko.saml.writer import Canonical, CanonicalWriter
from ssoko.text.certificates import MIN_RSA_BITS, find_certificates, read_pem


class Algorithm(NamedTuple):
    """The key type, hash and digest URI of a signature algorithm."""

    family: str  # "rsa" or "ec"
    hash: hashes.HashAlgorithm
    digest_uri: str


ALGORITHMS = {
    names.RSA_SHA256: Algorithm("rsa", hashes.SHA256(), names.SHA256),
    names.RSA_SHA384: Algorithm("rsa", hashes.SHA384(), names.SHA384),
    names.RSA_SHA512: Algorithm("rsa", hashes.SHA512(), names.SHA512),
    names.ECDSA_SHA256: Algorithm("ec", hashes.SHA256(), names.SHA256),
    names.ECDSA_SHA384: Algorithm("ec", hashes.SHA384(), names.SHA384),
    names.ECDSA_SHA512: Algorithm("ec", hashes.SHA512(), names.SHA512),
}
_DIGESTS = {names.SHA256: sha256, names.SHA384: sha384, names.SHA512: sha512}
_PKCS1 = padding.PKCS1v15()
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with the certificate that its signatures contain.

    :param private_key: RSA with at least 2048 bits, or EC.
    :param certificate_b64: DER of the certificate in base64 without line breaks.
    :param algorithm: one of the URIs in ``ALGORITHMS`` for this type of key.
    """

    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    certificate_b64: str = field(repr=False)
    algorithm: str
    _hash: hashes.HashAlgorithm = field(init=False, repr=False, compare=False)
    _template: "_Template" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        algorithm = ALGORITHMS.get(self.algorithm)
        family = "rsa" if isinstance(self.private_key, rsa.RSAPrivateKey) else "ec"
        if algorithm is None or algorithm.family != family:
            raise ValueError(f"{self.algorithm} is not an algorithm for this key")
        if self.private_key.key_size < MIN_RSA_BITS and family == "rsa":
            raise ValueError(f"an RSA key needs at least {MIN_RSA_BITS} bits")
        object.__setattr__(self, "_hash", algorithm.hash)
        template = _Template.of(self.algorithm, algorithm.digest_uri, self.certificate_b64)
        object.__setattr__(self, "_template", template)

    @classmethod
    def from_pem(cls, private_pem: bytes, certificate_pem: str) -> "SigningKey":
        """Load a key. This takes about 40 ms, so do it once per process and key.

        :raises ValueError: when the PEM cannot be read, the key is too weak or neither RSA nor EC,
            or the certificate belongs to another key.
        """
        key = serialization.load_pem_private_key(private_pem, password=None)
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        if certificate.public_key() != key.public_key():
            raise ValueError("the certificate belongs to another key")
        if isinstance(key, rsa.RSAPrivateKey):
            algorithm = names.RSA_SHA256
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            algorithm = names.ECDSA_SHA256 if key.key_size <= 256 else names.ECDSA_SHA384
        else:
            raise ValueError("only RSA and EC keys can sign SAML messages")
        return cls(key, certificate_b64(certificate_pem), algorithm)

    def sign(self, data: bytes) -> bytes:
        """Return the signature of *data*; for EC the concatenated r and s (RFC 9231, 2.3.6)."""
        key = self.private_key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, _PKCS1, self._hash)
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(self._hash)))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def signature(self, canonical: bytes, element_id: str) -> str:
        """Return the ds:Signature of an element, in exclusive canonical form.

        :param canonical: the element without its signature, in exclusive canonical form.
        """
        if not _NCNAME.fullmatch(element_id):
            raise ValueError(f"{element_id!r} cannot be an XML ID")
        template = self._template
        digest = b64encode(template.digest(canonical).digest()).decode()
        info = f"{template.info}{element_id}{template.transforms}{digest}{template.info_end}"
        # For the hash, SignedInfo is an apex element and declares its namespace.
        value = b64encode(self.sign(f"{template.info_apex}{info}".encode())).decode()
        return f"{template.start}{info}{template.value}{value}{template.end}"


class _Template(NamedTuple):
    """The constant parts of ds:Signature for one key."""

    digest: type  # the hashlib constructor
    start: str
    info_apex: str
    info: str
    transforms: str
    info_end: str
    value: str
    end: str

    @classmethod
    def of(cls, algorithm: str, digest_uri: str, certificate_b64: str) -> "_Template":
        # URIs of algorithms and base64 need no escaping.
        return cls(
            digest=_DIGESTS[digest_uri],  # type: ignore[arg-type]
            start=f'<ds:Signature xmlns:ds="{names.NS_DS}"><ds:SignedInfo>',
            info_apex=f'<ds:SignedInfo xmlns:ds="{names.NS_DS}">',
            info=_empty("CanonicalizationMethod", names.EXC_C14N)
            + _empty("SignatureMethod", algorithm)
            + '<ds:Reference URI="#',
            transforms='"><ds:Transforms>'
            + _empty("Transform", names.ENVELOPED)
            + _empty("Transform", names.EXC_C14N)
            + "</ds:Transforms>"
            + _empty("DigestMethod", digest_uri)
            + "<ds:DigestValue>",
            info_end="</ds:DigestValue></ds:Reference></ds:SignedInfo>",
            value="<ds:SignatureValue>",
            end="</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
            + certificate_b64
            + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        )


def _empty(name: str, algorithm: str) -> str:
    return f'<ds:{name} Algorithm="{algorithm}"></ds:{name}>'


def sign_written(writer: CanonicalWriter, element_id: str, key: SigningKey) -> Canonical:
    """Return the element of *writer* with a signature at the mark."""
    before, after = writer.split()
    signature = key.signature(f"{before}{after}".encode(), element_id)
    return Canonical(f"{before}{signature}{after}")


def sign_element(element: etree._Element, key: SigningKey, *, after: str = "Issuer") -> None:
    """Insert an enveloped signature into the root *element*, which must have an ID.

    The signature follows the first child if its name is *after*, else it comes first (metadata).
    """
    if element.getparent() is not None:
        raise ValueError("only the root of a document can be signed")
    canonical = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    signature = etree.fromstring(key.signature(canonical, element.get("ID", "")))
    children = list(element)
    place = 0
    if children and etree.QName(children[0]).localname == after:
        place = 1
    element.insert(place, signature)


def sign_query(params: Sequence[tuple[str, str]], key: SigningKey) -> str:
    """Return *params* as a signed query string (bindings, section 3.4.4.1).

    :param params: SAMLRequest or SAMLResponse, then RelayState if any; not percent-encoded.
    """
    signed = encode_query([*params, ("SigAlg", key.algorithm)])
    signature = b64encode(key.sign(signed.encode())).decode()
    return f"{signed}&Signature={quote(signature, safe='')}"


def encode_query(params: Sequence[tuple[str, str]]) -> str:
    """Return *params* as a percent-encoded query string in the same order."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in params)


@lru_cache(maxsize=256)
def certificate_key(certificate_pem: str) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """Return the public key of a certificate; SAML ignores its dates and its issuer.

    :raises ValueError: when it cannot be read, or is neither EC with at least 256 bits nor RSA with
        at least 2048 bits.
    """
    certificate = read_pem(certificate_pem)
    if certificate.problem:
        raise ValueError(certificate.problem)
    key = certificate.key
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)  # noqa: S101 - no problem
    return key


@lru_cache(maxsize=256)
def certificate_b64(certificate_pem: str) -> str:
    """Return the DER of a certificate in base64 without line breaks, as in ds:X509Certificate.

    :raises ValueError: when it cannot be read.
    """
    return b64encode(read_pem(certificate_pem).der).decode()


def certificate_pem(text: str) -> str:
    """Return the PEM of a certificate given as base64 (ds:X509Certificate) or PEM.

    :raises ValueError: when it cannot be read.
    """
    return find_certificates(text)[0].pem
