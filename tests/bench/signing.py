"""Compare making signed responses with the bare RSA-2048 signature, in CPU time.

Run ``python tests/bench/signing.py [rounds]``. Each round times every candidate for a short
while, one after the other, so that a busy machine slows all alike; the medians of the ratios count.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from signxml import XMLSigner
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from ssoko.saml.names import AUTHN_PASSWORD_PROTECTED, NAMEID_PERSISTENT
from ssoko.saml.request import parse_authn_request
from ssoko.saml.response import Attribute, NameId, SignIn, build_response
from ssoko.saml.signing import SigningKey
from ssoko.saml.writer import CanonicalWriter
from ssoko.saml.xml import instant

ROUNDS = 25
SLICE = 0.04  # seconds of CPU for each candidate in a round
SAMPLES = 200
NOW = 1_795_500_000


def make_key() -> tuple[bytes, str]:
    """Return a new private key and its certificate, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    start = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, certificate.public_bytes(serialization.Encoding.PEM).decode()


def sign_in(number: int, *, sign_response: bool = False) -> SignIn:
    """Return a sign-in of 8 attributes with 12 values, different each time."""
    single = tuple(
        Attribute(f"urn:oid:0.9.2342.19200300.100.1.{i}", (f"value {i} of person {number}",))
        for i in range(7)
    )
    roles = tuple(f"arn:aws:iam::123456789012:role/Role{i}" for i in range(5))
    return SignIn(
        response_id=f"_r{number:032x}",
        assertion_id=f"_a{number:032x}",
        issuer="https://sso.example.com/saml/4f0c2f7d/metadata",
        acs_url="https://signin.aws.amazon.com/saml",
        in_response_to=f"_q{number:032x}",
        issue_instant=NOW,
        not_before=NOW - 60,
        not_on_or_after=NOW + 300,
        audience="urn:amazon:webservices",
        name_id=NameId(f"person{number}@example.com", NAMEID_PERSISTENT),
        session_index=f"_s{number:032x}",
        authn_instant=NOW + number - 5,
        authn_context=AUTHN_PASSWORD_PROTECTED,
        attributes=(*single, Attribute("https://aws.amazon.com/SAML/Attributes/Role", roles)),
        sign_response=sign_response,
    )


def authn_request(number: int) -> bytes:
    """Return a plain AuthnRequest."""
    writer = CanonicalWriter()
    writer.start(
        "samlp:AuthnRequest",
        ID=f"_q{number:032x}",
        Version="2.0",
        IssueInstant=instant(NOW + number),
        Destination="https://sso.example.com/saml/4f0c2f7d/login",
        AssertionConsumerServiceURL="https://signin.aws.amazon.com/saml",
    )
    writer.leaf("saml:Issuer", "urn:amazon:webservices")
    writer.leaf("samlp:NameIDPolicy", AllowCreate="true", Format=NAMEID_PERSISTENT)
    writer.end()
    return writer.finish().encode()


def candidates() -> dict[str, Callable[[int], object]]:
    """Return what is timed, by name; the first is the limit."""
    pem, certificate = make_key()
    key = SigningKey.from_pem(pem, certificate)
    private = key.private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    text = "x" * 500
    sign_ins = [sign_in(number) for number in range(SAMPLES)]
    doubly = [sign_in(number, sign_response=True) for number in range(SAMPLES)]
    requests = [authn_request(number) for number in range(SAMPLES)]
    unsigned = _unsigned_assertion(key)
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )

    def signxml(number: int) -> bytes:
        return etree.tostring(
            signer.sign(etree.fromstring(unsigned), key=private, cert=certificate)
        )

    def add_sign(number: int) -> object:
        return OneLogin_Saml2_Utils.add_sign(
            unsigned,
            pem.decode(),
            certificate,
            sign_algorithm=OneLogin_Saml2_Constants.RSA_SHA256,
            digest_algorithm=OneLogin_Saml2_Constants.SHA256,
        )

    return {
        "RSA-2048 signature alone": lambda n: private.sign(
            f"{text}{n}".encode(), padding.PKCS1v15(), hashes.SHA256()
        ),
        "response, assertion signed": lambda n: build_response(sign_ins[n % SAMPLES], key),
        "response, both signed": lambda n: build_response(doubly[n % SAMPLES], key),
        "AuthnRequest parse and schema": lambda n: parse_authn_request(requests[n % SAMPLES]),
        "signxml": signxml,
        "python3-saml add_sign": add_sign,
    }


def _unsigned_assertion(key: SigningKey) -> bytes:
    root = etree.fromstring(build_response(sign_in(1), key))
    assertion = root[-1]
    assertion.remove(assertion[1])
    return etree.tostring(assertion)


def cpu_per_call(work: Callable[[int], object]) -> float:
    """Return the CPU seconds that one call costs, over one slice."""
    count, begin = 0, time.process_time()
    while (spent := time.process_time() - begin) < SLICE:
        count += 1
        work(count)
    return spent / count


def main(rounds: int = ROUNDS) -> dict[str, float]:
    """Print and return the rate of each candidate as a share of the limit."""
    works = candidates()
    for work in works.values():
        work(0)
    costs: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            costs[name].append(cpu_per_call(work))
    limit = next(iter(costs.values()))
    shares = {}
    print(f"{rounds} rounds, CPU time, medians")  # noqa: T201  a script prints
    for name, values in costs.items():
        shares[name] = statistics.median(a / b for a, b in zip(limit, values, strict=True))
        cost = statistics.median(values) * 1e6
        print(  # noqa: T201  a script prints
            f"{name:32} {cost:7.0f} us  {shares[name]:6.2f} of the limit"
            f"  = {1 / shares[name]:5.2f} signatures"
        )
    return shares


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
