"""Certificates are found in what people paste, and read for their key."""

import datetime
import textwrap
import time
from base64 import b64decode, b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from ssoko.text.certificates import (
    CertificateError,
    find_certificates,
    fingerprint,
    read_pem,
    without_issuers,
)

KEY = rsa.generate_private_key(65537, 2048)
PRINTABLE = b"\x13\x07wiki.ex"


def issue(
    name: str = "wiki.example",
    *,
    issuer: str = "",
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY,
    serial: int = 1,
) -> x509.Certificate:
    """Return a new certificate."""
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, issuer or name)
    ]
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=365))
        .sign(key, SHA256())
    )


LEAF = issue()
CA = issue("CA")
PEM = LEAF.public_bytes(Encoding.PEM).decode()
CA_PEM = CA.public_bytes(Encoding.PEM).decode()
DER = LEAF.public_bytes(Encoding.DER)
BARE = b64encode(DER).decode()
TEXT = "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 1 (0x1)\n"
BAG = "Bag Attributes\n    friendlyName: wiki\n    localKeyID: 01 02\nsubject=CN = wiki.example\n"


@pytest.mark.parametrize(
    "pasted",
    [
        PEM,
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", " "),
        PEM.replace("\n", "\\n"),
        f'"{PEM}"'.replace("\n", "\\n"),
        PEM.replace("\n", "\\r\\n"),
        textwrap.indent(PEM, "    "),
        "\ufeff" + PEM + "\u200b",
        BAG + PEM,
        TEXT + PEM,
        PEM.replace("BEGIN CERTIFICATE", "BEGIN TRUSTED CERTIFICATE").replace(
            "END CERTIFICATE", "END TRUSTED CERTIFICATE"
        ),
        PEM.replace("CERTIFICATE", "X509 CERTIFICATE"),
        PEM.replace("-----", "\u2014\u2014"),
        BARE,
        textwrap.fill(BARE, 64),
        BARE.rstrip("="),
        DER.hex(),
        DER.hex(":"),
        DER.hex(" ").upper(),
        DER.decode("latin-1"),
        f"<ds:X509Certificate>\n{BARE}\n</ds:X509Certificate>",
        pkcs7.serialize_certificates([LEAF], Encoding.PEM).decode(),
        b64encode(pkcs7.serialize_certificates([LEAF], Encoding.DER)).decode(),
    ],
)
def test_certificate_is_found_in_every_usual_form(pasted: str) -> None:
    (found,) = find_certificates(pasted)
    assert found.der == DER
    assert found.words == "CN=wiki.example, RSA 2048 bits"


@pytest.mark.parametrize(
    "pasted",
    [
        PEM + CA_PEM,
        f"{BAG}{PEM}{BAG}{CA_PEM}",
        f"{BARE}\n\n{b64encode(CA.public_bytes(Encoding.DER)).decode()}",
        pkcs7.serialize_certificates([LEAF, CA], Encoding.PEM).decode(),
    ],
)
def test_every_certificate_of_a_text_is_found(pasted: str) -> None:
    assert {c.subject for c in find_certificates(pasted)} == {"CN=wiki.example", "CN=CA"}


PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
CSR = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]))
    .sign(KEY, SHA256())
)
PFX = pkcs12.serialize_key_and_certificates(b"x", KEY, LEAF, None, BestAvailableEncryption(b"x"))


def bare(pem: str) -> str:
    """Return PEM without its first and last line."""
    return "".join(pem.split("-----")[2].split())


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        (PRIVATE, "private key"),
        (PRIVATE.replace("\n", "\\n"), "private key"),
        (PEM + PRIVATE, "private key"),
        (bare(PRIVATE), "private key"),
        (
            KEY.private_bytes(
                Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
            ).decode(),
            "private key",
        ),
        (
            KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
            "private key",
        ),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nx", "private key"),
        ("PuTTY-User-Key-File-3: ssh-rsa", "private key"),
        (b64encode(PFX).decode(), "private key"),
        (PUBLIC, "public key"),
        (bare(PUBLIC), "public key"),
        ("ssh-rsa AAAAB3Nz wiki", "public key"),
        (CSR.public_bytes(Encoding.PEM).decode(), "signing request"),
        (b64encode(CSR.public_bytes(Encoding.DER)).decode(), "signing request"),
        ("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----", "revoked"),
        (PEM[:300], "Copy it again"),
        (PEM.replace("MII", "MIJ", 1), "Copy it again"),
        (BARE[:300], "Copy it again"),
        (BARE[:300] + "é", "Copy it again"),
        (PEM.replace("MII", "MIé", 1), "Copy it again"),
        (TEXT, "description of a certificate"),
        (fingerprint(read_pem(PEM)).upper(), "BEGIN CERTIFICATE"),
        ("sha256 Fingerprint=" + LEAF.fingerprint(SHA256()).hex(":").upper(), "fingerprint"),
        ("https://wiki.example/cert.pem", "URL"),
        ("wiki.pem", "BEGIN CERTIFICATE"),
        ("", "BEGIN CERTIFICATE"),
    ],
    # The values are different in each process; names of tests are not.
    ids=lambda value: "pasted" if len(value) > 40 else None,
)
def test_anything_else_is_refused_by_its_name(pasted: str, words: str) -> None:
    with pytest.raises(CertificateError) as caught:
        find_certificates(pasted)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", [b"*.wiki_", b"a@b.exa", b"\xff\xfe#&!? "])
def test_name_that_breaks_x509_is_no_obstacle(name: bytes) -> None:
    (at,) = {i for i in (DER.find(b"\x0c\x0cwiki.example"),)}
    broken = DER.replace(b"\x0c\x0cwiki.example", b"\x13\x0c" + name.ljust(12, b"_"))
    assert at > 0
    with pytest.raises(ValueError):
        x509.load_der_x509_certificate(broken)
    (found,) = find_certificates(b64encode(broken).decode())
    assert found.key == KEY.public_key()
    assert found.problem == ""


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (rsa.generate_private_key(65537, 1024), "has 1024 bits"),  # noqa: S505  on purpose
        (ec.generate_private_key(ec.SECP192R1()), "secp192r1"),
        (ec.generate_private_key(ec.SECP256R1()), ""),
        (KEY, ""),
    ],
)
def test_weak_key_is_named_with_its_subject(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, words: str
) -> None:
    pem = issue(key=key).public_bytes(Encoding.PEM).decode()
    problem = read_pem(pem).problem
    assert words in problem if words else problem == ""
    assert not words or "CN=wiki.example" in problem


def test_certificate_that_issued_another_one_is_separated() -> None:
    root, middle, leaf = issue("root"), issue("middle", issuer="root"), issue(issuer="middle")
    pems = "".join(c.public_bytes(Encoding.PEM).decode() for c in (root, middle, leaf))
    leaves, issuers = without_issuers(find_certificates(pems))
    assert [c.subject for c in leaves] == ["CN=wiki.example"]
    assert [c.subject for c in issuers] == ["CN=root", "CN=middle"]


def test_old_and_new_certificate_of_one_name_are_both_kept() -> None:
    pems = PEM + issue(serial=2).public_bytes(Encoding.PEM).decode()
    leaves, issuers = without_issuers(find_certificates(pems))
    assert (len(leaves), issuers) == (2, ())


def test_pem_is_written_as_openssl_does() -> None:
    assert read_pem(PEM).pem == PEM


def test_expiry_is_read() -> None:
    assert read_pem(PEM).not_after == int(LEAF.not_valid_after_utc.timestamp())


@pytest.mark.parametrize("cut", range(0, 800, 7))
def test_damaged_der_is_refused_without_a_fault(cut: int) -> None:
    for damaged in (DER[:cut], DER[:cut] + b"\xff" + DER[cut + 1 :]):
        try:
            find_certificates(b64encode(damaged).decode())
        except CertificateError:
            continue


@pytest.mark.parametrize(
    "unit",
    ["-", "-----BEGIN CERTIFICATE-----", "\n", "MII", "a:", "<X509Certificate>", "30:82:", " "],
)
def test_searching_takes_linear_time(unit: str) -> None:
    began = time.process_time()
    with pytest.raises(CertificateError):
        find_certificates(unit * (400_000 // len(unit)))
    assert time.process_time() - began < 5


def test_base64_of_the_certificate_is_that_of_its_der() -> None:
    assert b64decode("".join(PEM.splitlines()[1:-1])) == read_pem(PEM).der
