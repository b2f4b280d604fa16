"""Find X.509 certificates in pasted text, and read them for their public key.

SAML uses a certificate only as a container of a key (SAML metadata, section 2.4.1.1), so a name,
date or extension that breaks X.509 is no reason to refuse one. The DER is read just far enough to
find the key (RFC 5280, section 4.1).
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

MIN_RSA_BITS = 2048
MIN_EC_BITS = 256

_SEQUENCE, _INTEGER, _OID, _SET, _BIT_STRING, _TAG_0 = 0x30, 0x02, 0x06, 0x31, 0x03, 0xA0
_TIMES = {0x17: 13, 0x18: 15}
#: Encodings of the string types of names, by DER tag; others are read as Latin-1.
_STRINGS = {0x0C: "utf-8", 0x1E: "utf-16-be", 0x1C: "utf-32-be"}
#: RFC 4514, section 3; and the email address of PKCS #9.
_NAMES = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "emailAddress",
}
#: Bounded, so that the time stays linear.
_DASHES = re.compile(
    "[-\u2010-\u2015\u2212]{2,8}[ \t]{0,8}(BEGIN|END) ([A-Z0-9 ]{1,40}?)[ \t]{0,8}"
    "[-\u2010-\u2015\u2212]{2,8}"
)
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----")
_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_XML = re.compile(r"<(?:\w+:)?X509Certificate(?:\s[^>]*)?>([^<]*)</", re.DOTALL)
_FINGERPRINT = re.compile(r"(?:[A-Za-z0-9 -]+[:=]\s*)?[0-9A-Fa-f]{2}(?:[: ][0-9A-Fa-f]{2}){15,31}")
_CERTIFICATE_LABELS = {"CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"}
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"))

_PRIVATE_KEY = (
    "This is a private key. Keep it secret, and paste the certificate. If it was sent to anyone, "
    "replace the key"
)
_PUBLIC_KEY = "This is a public key without a certificate. Paste the certificate"
_CSR = "This is a certificate signing request. Paste the certificate that was issued for it"
_CRL = "This is a list of revoked certificates. Paste the certificate"
_BY_LABEL = {
    "PUBLIC KEY": _PUBLIC_KEY,
    "RSA PUBLIC KEY": _PUBLIC_KEY,
    "SSH2 PUBLIC KEY": _PUBLIC_KEY,
    "CERTIFICATE REQUEST": _CSR,
    "NEW CERTIFICATE REQUEST": _CSR,
    "X509 CRL": _CRL,
}
_CUT_OFF = (
    "This certificate cannot be read. Copy it again, from BEGIN CERTIFICATE to END CERTIFICATE"
)
_NONE = "Paste one certificate, from BEGIN CERTIFICATE to END CERTIFICATE"


class CertificateError(ValueError):
    """The text says what was found instead of a certificate, and what to do."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, read for its key.

    :param subject: in the order of RFC 4514, such as ``CN=app.example.com,O=Example``.
    :param not_after: epoch seconds; None when it cannot be read.
    """

    der: bytes = field(repr=False)
    subject: str = field(compare=False)
    subject_der: bytes = field(repr=False, compare=False)
    issuer_der: bytes = field(repr=False, compare=False)
    not_after: int | None = field(compare=False)
    key: object = field(repr=False, compare=False)

    @property
    def pem(self) -> str:
        """The certificate in PEM, with a line break at its end."""
        body = b64encode(self.der).decode()
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"

    @property
    def key_size(self) -> str:
        """Type and size of the key, such as ``RSA 2048 bits``."""
        if isinstance(self.key, rsa.RSAPublicKey):
            return f"RSA {self.key.key_size} bits"
        if isinstance(self.key, ec.EllipticCurvePublicKey):
            return f"EC {self.key.curve.name}"
        return type(self.key).__name__.removesuffix("PublicKey").lstrip("_")

    @property
    def shortcoming(self) -> str:
        """What its key lacks, as a clause; or an empty text."""
        if isinstance(self.key, rsa.RSAPublicKey):
            weak = self.key.key_size < MIN_RSA_BITS
            return f"an RSA key needs {MIN_RSA_BITS} bits or more" if weak else ""
        if isinstance(self.key, ec.EllipticCurvePublicKey):
            weak = self.key.curve.key_size < MIN_EC_BITS
            return f"an elliptic curve must be P-{MIN_EC_BITS} or larger" if weak else ""
        return "the key must be RSA or an elliptic curve"

    @property
    def problem(self) -> str:
        """Why its key cannot be used, and what to do; or an empty text."""
        if isinstance(self.key, rsa.RSAPublicKey):
            found = f"The RSA key of {self.subject} has {self.key.key_size} bits"
            fix = f"{MIN_RSA_BITS} bits or more"
        elif isinstance(self.key, ec.EllipticCurvePublicKey):
            found = f"The elliptic curve of {self.subject} is {self.key.curve.name}"
            fix = f"P-{MIN_EC_BITS} or larger"
        else:
            found, fix = f"The key of {self.subject} is {self.key_size}", "an RSA or EC key"
        return f"{found}. Use a certificate with {fix}" if self.shortcoming else ""

    @property
    def words(self) -> str:
        """Subject and key as one text."""
        return f"{self.subject}, {self.key_size}"


def find_certificates(text: str) -> tuple[Certificate, ...]:
    """Return the certificates in a text, in their order.

    The text is PEM with anything around it (``openssl x509 -text``, Bag Attributes), base64 or
    hexadecimal DER, PKCS #7, an XML element X509Certificate, or PEM on one line with ``\\n``.

    :raises CertificateError: when there is none, one of them cannot be read, or the text has a
        private key.
    """
    if text.startswith("0\x82"):
        return _from_der(text.encode("latin-1", "replace"))
    text = text.replace("\\r", "").replace("\\n", "\n").translate(_INVISIBLE)
    text = _DASHES.sub(r"-----\1 \2-----", text)
    if "PRIVATE KEY" in text or "PuTTY-User-Key-File" in text:
        raise CertificateError(_PRIVATE_KEY)
    found: list[Certificate] = []
    blocks = _BLOCK.findall(text)
    for label, body in blocks:
        if label in _CERTIFICATE_LABELS:
            found.append(_read(_from_base64(body)))
        elif label in {"PKCS7", "CMS"}:
            found += map(_read, _pkcs7(_from_base64(body)))
    if found:
        return tuple(found)
    for label, _ in blocks:
        raise CertificateError(_BY_LABEL.get(label, _NONE))
    if _BEGIN.search(text):
        raise CertificateError(_CUT_OFF)
    return _find_bare(text)


def read_pem(pem: str) -> Certificate:
    """Return the one certificate of a PEM text.

    :raises CertificateError: when it cannot be read.
    """
    return _cached(pem)


def is_rsa(certificate: Certificate) -> bool:
    """Return whether the key can encrypt."""
    return isinstance(certificate.key, rsa.RSAPublicKey)


def without_issuers(
    certificates: Iterable[Certificate],
) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    """Return the certificates of a chain that sign messages, and those that only issue others.

    Two certificates with one name, such as an old and a new one, issue neither.
    """
    every = tuple(dict.fromkeys(certificates))
    issuers = {c.issuer_der for c in every if c.issuer_der != c.subject_der}
    leaves = tuple(c for c in every if c.subject_der not in issuers)
    return leaves, tuple(c for c in every if c.subject_der in issuers)


def fingerprint(certificate: Certificate) -> str:
    """Return the SHA-256 of a certificate in hexadecimal."""
    return hashlib.sha256(certificate.der).hexdigest()


def _find_bare(text: str) -> tuple[Certificate, ...]:
    """Read a text without PEM armor."""
    if bodies := _XML.findall(text):
        return tuple(_read(_from_base64(body)) for body in bodies)
    stripped = text.strip().strip("\"'")
    if re.match(r"(ssh-|ecdsa-sha2-)", stripped):
        raise CertificateError(_PUBLIC_KEY)
    if re.match(r"https?://\S+$", stripped):
        raise CertificateError("This is a URL. Open it, and paste the certificate that it shows")
    if _FINGERPRINT.fullmatch(stripped):
        raise CertificateError("This is a fingerprint. Paste the certificate itself")
    if stripped.startswith("Certificate:") and "Serial Number" in stripped:
        raise CertificateError(
            "This is the description of a certificate. Paste the part from BEGIN CERTIFICATE to "
            "END CERTIFICATE"
        )
    compact = re.sub(r"[\s:]", "", stripped)
    if re.fullmatch(r"3082[0-9A-Fa-f]+", compact) and len(compact) % 2 == 0:
        return _from_der(bytes.fromhex(compact))
    parts = [part for part in re.split(r"\n\s*\n|[,;]", stripped) if part.strip()]
    if len(parts) > 1:
        try:
            return tuple(c for part in parts for c in _from_der(_from_base64(part)))
        except CertificateError:
            pass
    if not re.match(r"MI[A-Za-z0-9+/]", compact):
        raise CertificateError(_NONE)
    return _from_der(_from_base64(stripped))


def _from_base64(body: str) -> bytes:
    lines = [line for line in body.splitlines() if ":" not in line]  # RFC 1421 headers
    text = "".join("".join(lines).split())
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:  # also for characters outside ASCII
        raise CertificateError(_CUT_OFF) from None


def _from_der(der: bytes) -> tuple[Certificate, ...]:
    try:
        return (_read(der),)
    except CertificateError as error:
        kind = _kind(der)
        if kind == "pkcs7":
            return tuple(map(_read, _pkcs7(der)))
        raise CertificateError(kind or str(error)) from None


def _kind(der: bytes) -> str:
    """Return ``pkcs7``, or the message for something else in DER; or an empty text."""
    try:
        children = list(_children(der, *_enter(der, 0, _SEQUENCE)))
        tags = [child.tag for child in children]
        if tags[:1] == [_OID]:
            return "pkcs7"
        if tags == [_SEQUENCE, _BIT_STRING]:
            return _PUBLIC_KEY
        if tags[:1] == [_INTEGER]:  # PKCS #1, PKCS #8, SEC 1, and PKCS #12, which has a key
            return _PRIVATE_KEY if tags[1:] != [_INTEGER] else _PUBLIC_KEY
        if tags == [_SEQUENCE, _SEQUENCE, _BIT_STRING]:
            inner = list(_children(der, children[0].start, children[0].end))
            return _CSR if inner[0].tag == _INTEGER and len(inner) <= 4 else ""
    except (ValueError, IndexError):
        pass
    return ""


@lru_cache(maxsize=512)
def _cached(pem: str) -> Certificate:
    match = _BLOCK.fullmatch(pem.strip())
    if not match or match[1] not in _CERTIFICATE_LABELS:
        raise CertificateError(_NONE)
    return _read(_from_base64(match[2]))


def _read(der: bytes) -> Certificate:
    try:
        return _parse(der)
    except (ValueError, IndexError, OverflowError, UnsupportedAlgorithm):
        raise CertificateError(_CUT_OFF) from None


class _Element(NamedTuple):
    """One element of DER: its tag, where it starts, and start and end of its content."""

    tag: int
    at: int
    start: int
    end: int


def _parse(der: bytes) -> Certificate:
    certificate = _element(der, 0, len(der))
    if certificate.tag != _SEQUENCE:
        raise ValueError("not a certificate")
    tbs = _element(der, certificate.start, certificate.end)
    fields = list(_children(der, tbs.start, tbs.end))
    if fields[0].tag == _TAG_0:  # the version
        fields = fields[1:]
    _, algorithm, issuer, validity, subject, key = fields[:6]
    shape = [f.tag for f in (algorithm, issuer, validity, subject, key)]
    if tbs.tag != _SEQUENCE or shape != [_SEQUENCE] * 5:
        raise ValueError("not a certificate")
    return Certificate(
        der=der[: certificate.end],
        subject=_name(der, subject),
        subject_der=der[subject.at : subject.end],
        issuer_der=der[issuer.at : issuer.end],
        not_after=_not_after(der, validity),
        key=load_der_public_key(der[key.at : key.end]),
    )


def _element(data: bytes, at: int, end: int) -> _Element:
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("a length that DER does not allow")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > end:
        raise ValueError("cut off")
    return _Element(tag, at, start, start + length)


def _children(data: bytes, start: int, end: int) -> Iterator[_Element]:
    while start < end:
        element = _element(data, start, end)
        yield element
        start = element.end


def _enter(data: bytes, at: int, tag: int) -> tuple[int, int]:
    element = _element(data, at, len(data))
    if element.tag != tag:
        raise ValueError("another element")
    return element.start, element.end


def _pkcs7(der: bytes) -> Sequence[bytes]:
    """Return the certificates of PKCS #7 SignedData (RFC 5652, section 5.1)."""
    try:
        _, content = _children(der, *_enter(der, 0, _SEQUENCE))
        signed = _element(der, content.start, content.end)
        sets = [e for e in _children(der, signed.start, signed.end) if e.tag == _TAG_0]
        return [der[e.at : e.end] for s in sets[:1] for e in _children(der, s.start, s.end)]
    except (ValueError, IndexError):
        raise CertificateError(_CUT_OFF) from None


def _name(der: bytes, name: _Element) -> str:
    parts = []
    for rdn in _children(der, name.start, name.end):
        for pair in _children(der, rdn.start, rdn.end):
            oid, value = _children(der, pair.start, pair.end)
            kind = _NAMES.get(der[oid.start : oid.end])
            if kind:
                encoding = _STRINGS.get(value.tag, "latin-1")
                text = der[value.start : value.end].decode(encoding, "replace")
                parts.append(f"{kind}={''.join(c for c in text if c.isprintable())}")
    return ",".join(reversed(parts))[:200] or "no name"


def _not_after(der: bytes, validity: _Element) -> int | None:
    try:
        _, end = _children(der, validity.start, validity.end)
        text = der[end.start : end.end].decode("ascii")
        if len(text) != _TIMES[end.tag]:
            return None
        if end.tag == 0x17:  # RFC 5280, section 4.1.2.5.1
            text = ("20" if int(text[:2]) < 50 else "19") + text
        moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (ValueError, KeyError):
        return None
    return int(moment.timestamp())
