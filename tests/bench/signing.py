"""Compare making signed responses with the bare RSA-2048 signature, in CPU time.

Run ``python -m tests.bench.signing [rounds]``. Each round times every candidate for a short while,
one after the other, so that a busy machine slows all of them equally. The result is the median of
the ratios. The other libraries only sign a document that is already built, or nearly so.
"""

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from ssoko.saml.names import AUTHN_PASSWORD_PROTECTED, NAMEID_PERSISTENT
from ssoko.saml.request import parse_authn_request
from ssoko.saml.response import Attribute, NameId, SignIn, build_response
from ssoko.saml.signing import SigningKey
from ssoko.saml.writer import CanonicalWriter
from ssoko.saml.xml import instant

from tests.bench.keys import KeyFiles, write_key

ROUNDS = 25
SLICE = 0.04  # seconds of CPU for each candidate in a round
SAMPLES = 200
NOW = 1_795_500_000
LIMIT = "RSA-2048 signature alone"
OURS = "response, assertion signed"
ADD_SIGN = "python3-saml, add_sign"
Work = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Speed:
    """CPU seconds per call of one candidate, and its rate as a share of bare signatures."""

    cost: float
    of_limit: float


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


def candidates(files: KeyFiles) -> dict[str, Work]:
    """Return the functions to time, by name; the first is the limit."""
    pem, certificate = files.key.read_bytes(), files.certificate.read_text()
    key = SigningKey.from_pem(pem, certificate)
    private = key.private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    text = "x" * 500
    sign_ins = [sign_in(number) for number in range(SAMPLES)]
    doubly = [sign_in(number, sign_response=True) for number in range(SAMPLES)]
    requests = [authn_request(number) for number in range(SAMPLES)]
    response, assertion = _unsigned(key)

    def add_sign(_: int) -> str:
        signed = OneLogin_Saml2_Utils.add_sign(
            assertion,
            pem.decode(),
            certificate,
            sign_algorithm=OneLogin_Saml2_Constants.RSA_SHA256,
            digest_algorithm=OneLogin_Saml2_Constants.SHA256,
        )
        return response.decode().replace(assertion.decode(), signed.decode())

    works: dict[str, Work] = {
        LIMIT: lambda n: private.sign(f"{text}{n}".encode(), padding.PKCS1v15(), hashes.SHA256()),
        OURS: lambda n: build_response(sign_ins[n % SAMPLES], key),
        "response, both signed": lambda n: build_response(doubly[n % SAMPLES], key),
        "AuthnRequest, parse and schema": lambda n: parse_authn_request(requests[n % SAMPLES]),
        ADD_SIGN: add_sign,
    }
    return works | _signxml(response, private, certificate) | _pysaml2(files)


def _unsigned(key: SigningKey) -> tuple[bytes, bytes]:
    """Return a response without signatures, and the assertion in it."""
    root = etree.fromstring(build_response(sign_in(1), key))
    root[-1].remove(root[-1][1])
    return etree.tostring(root), etree.tostring(root[-1])


def _signxml(response: bytes, private: rsa.RSAPrivateKey, certificate: str) -> dict[str, Work]:
    try:
        from signxml import XMLSigner
        from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
    except ImportError:
        return {}
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )

    def signxml(_: int) -> bytes:
        root = etree.fromstring(response)
        root[-1] = signer.sign(root[-1], key=private, cert=certificate)
        return etree.tostring(root)

    return {"signxml": signxml}


def _pysaml2(files: KeyFiles) -> dict[str, Work]:
    try:
        from tests.bench.peers.pysaml2_response import responder
    except ImportError:
        return {}
    return {"pysaml2": responder(files)}


def cpu_per_call(work: Work) -> float:
    """Return the CPU seconds of one call, including child processes, over one slice."""
    count, begin = 0, _cpu()
    while (spent := _cpu() - begin) < SLICE:
        count += 1
        work(count)
    return spent / count


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def measure(directory: Path, rounds: int = ROUNDS) -> dict[str, Speed]:
    """Time the candidates in turn and return the speed of each, by name."""
    works = candidates(write_key(directory))
    for work in works.values():
        work(0)
    costs: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            costs[name].append(cpu_per_call(work))
    return {
        name: Speed(
            statistics.median(values),
            statistics.median(a / b for a, b in zip(costs[LIMIT], values, strict=True)),
        )
        for name, values in costs.items()
    }


def main(rounds: int) -> None:
    """Print the rate of each candidate as a share of the limit."""
    sys.stdout.write(f"{rounds} rounds, CPU time, medians\n")
    with tempfile.TemporaryDirectory(prefix="ssoko-bench-") as folder:
        speeds = measure(Path(folder), rounds)
    for name, speed in speeds.items():
        sys.stdout.write(
            f"{name:32} {speed.cost * 1e6:7.0f} us  {speed.of_limit:6.2f} of the limit"
            f"  = {1 / speed.of_limit:5.2f} signatures\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
