import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from ssoko.plugin import (
    Fact,
    Integration,
    Mapping,
    Person,
    Problem,
    SamlAttribute,
    ServiceProvider,
)
from ssoko.plugin.host.validate import (
    check_attributes,
    check_mappers,
    check_service_provider,
    integration_problems,
)
from ssoko.plugin.typecheck import WrongType

SP = ServiceProvider(entity_id="urn:app", acs_urls=("https://app.test/acs",))


def certificate(key) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app.test")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=365))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


@pytest.fixture(scope="module")
def rsa_pem() -> str:
    return certificate(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def ec_pem() -> str:
    return certificate(ec.generate_private_key(ec.SECP256R1()))


def fields(**changes: object) -> list[str]:
    """Return the fields that are named when some values of a good SP are replaced."""
    return [problem.field for problem in check_service_provider(replace(SP, **changes))]


@pytest.mark.parametrize(
    "entity_id", ["urn:amazon:webservices", "Dropbox", "https://a/", "x" * 1024]
)
def test_entity_id_can_be_any_uri_or_word(entity_id):
    assert fields(entity_id=entity_id) == []


@pytest.mark.parametrize(
    "entity_id", ["", " ", "x" * 1025, "a\x00", "a\ufffe", "a\ud800", " a", "a\n", "a\nb"]
)
def test_entity_id_that_metadata_cannot_hold_is_refused(entity_id):
    assert fields(entity_id=entity_id) == ["entity_id"]


@pytest.mark.parametrize(
    "url",
    [
        "https://app.test/acs?tenant=1&x=%20",
        "https://app.test:8443/acs",
        "https://xn--bcher-kva.example/acs",
        "https://[2001:db8::1]/acs",
        "https://my_app.test/acs",
        "http://127.0.0.1:35001",
        "http://127.8.9.1/acs",
        "http://[::1]:8080/acs",
        "http://localhost/acs",
        "http://sp.localhost:8080/acs",
        "HTTPS://APP.TEST/ACS",
    ],
)
def test_acs_url_uses_https_or_localhost(url):
    assert fields(acs_urls=(url,)) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "/acs",
        "//app.test/acs",
        "app.test/acs",
        "ftp://app.test/acs",
        "http://app.test/acs",
        "http://localhost.test/acs",
        "http://127.0.0.1.nip.test/acs",
        "http://0.0.0.0/acs",
        "http://2130706433/acs",
        "http://[::ffff:10.0.0.1]/acs",
        "https://user:pw@app.test/acs",
        "https://@app.test/acs",
        "https://app.test/acs#",
        "https://app.test/#x",
        "https://app.test\\.evil.test/acs",
        "https://app.test /acs",
        "https://app.test/\nacs",
        "https://app.test/é",
        "https://аpp.test/acs",
        "https://app%2etest/acs",
        "https://:443/acs",
        "https://app.test:0/acs",
        "https://app.test:port/acs",
        "https://app.test:70000/acs",
        "https://[::1/acs",
        "https://-app.test/acs",
        "https://app.test/" + "a" * 2048,
    ],
)
def test_ambiguous_acs_url_is_refused(url):
    assert fields(acs_urls=("https://app.test/acs", url)) == ["acs_urls.1"]
    if url:
        assert fields(slo_url=url, slo_response_url=url, launch_url=url) == [
            "slo_url",
            "slo_response_url",
            "launch_url",
        ]


def test_number_of_acs_urls_is_limited():
    assert fields(acs_urls=()) == ["acs_urls"]
    assert fields(acs_urls=("https://a.test/",) * 2) == ["acs_urls.1"]
    assert fields(acs_urls=tuple(f"https://a.test/{n}" for n in range(101))) == ["acs_urls"]


@pytest.mark.parametrize(
    "indexes",
    [
        ((0, "https://app.test/acs"), (0, "https://app.test/acs")),
        ((-1, "https://app.test/acs"),),
        ((65536, "https://app.test/acs"),),
        ((0, "https://elsewhere.test/acs"),),
    ],
)
def test_acs_index_must_refer_to_an_acs_url(indexes):
    assert fields(acs_indexes=indexes) == ["acs_indexes"]
    assert fields(acs_indexes=((0, "https://app.test/acs"), (7, "https://app.test/acs"))) == []


def test_something_must_be_signed():
    assert fields(sign_response=False) == []
    assert fields(sign_assertion=False) == []
    assert fields(sign_response=False, sign_assertion=False) == ["sign_assertion"]


@pytest.mark.parametrize(
    ("seconds", "good"), [(59, False), (60, True), (3600, True), (3601, False)]
)
def test_assertion_lifetime_is_from_one_minute_to_one_hour(seconds, good):
    assert (fields(lifetime=seconds) == []) is good


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (59, False), (60, True), (-1, False)])
def test_session_lifetime_is_limited(seconds, good):
    assert (fields(session_lifetime=seconds) == []) is good


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name_id_format": "emailAddress"}, "name_id_format"),
        ({"name_id_format": ""}, "name_id_format"),
        ({"name_id_format": "urn:a b"}, "name_id_format"),
        ({"name_id_source": "user.groups"}, "name_id_source"),
        ({"name_id_source": "user.password"}, "name_id_source"),
        ({"name_id_source": "email"}, "name_id_source"),
        ({"relay_state": "a\x1b"}, "relay_state"),
        ({"relay_state": "x" * 4097}, "relay_state"),
    ],
)
def test_other_values_are_validated(changes, field):
    assert fields(**changes) == [field]


def test_certificates_are_read(rsa_pem, ec_pem):
    assert fields(certificates=(rsa_pem, ec_pem)) == []
    ed = certificate(ed25519.Ed25519PrivateKey.generate())
    assert fields(certificates=(rsa_pem, "junk", ed)) == ["certificates.1", "certificates.2"]
    assert fields(encryption_certificates=(rsa_pem + rsa_pem,)) == ["encryption_certificates.0"]


def test_requiring_signatures_needs_a_certificate(rsa_pem):
    assert fields(require_signed_requests=True) == ["require_signed_requests"]
    assert fields(require_signed_requests=True, certificates=(rsa_pem,)) == []


def test_encrypting_needs_an_rsa_certificate(rsa_pem, ec_pem):
    assert fields(encrypt_assertions=True) == ["encrypt_assertions"]
    assert fields(encrypt_assertions=True, certificates=(rsa_pem,)) == []
    assert fields(encrypt_assertions=True, certificates=(ec_pem,)) == ["certificates.0"]
    both = {"certificates": (ec_pem,), "encryption_certificates": (rsa_pem,)}
    assert fields(encrypt_assertions=True, **both) == []
    broken = check_service_provider(replace(SP, encrypt_assertions=True, certificates=("x",)))
    assert [problem.field for problem in broken] == ["certificates.0"]


def test_wrong_mappers_are_reported_with_their_index():
    good = Mapping(name="a", source="user.attributes.cost-center:7")
    bad = (
        Mapping(name="", source="user.email"),
        Mapping(name="a", source="user.nothing"),
        Mapping(name="a", source="user.email", name_format="other"),
        Mapping(name="a", source="user.email", friendly_name="\x00"),
        Mapping(name="a" * 513, source="constant:x"),
    )
    assert [problem.field for problem in check_mappers((good, *bad))] == [
        "attributes.1.name",
        "attributes.2.source",
        "attributes.3.name_format",
        "attributes.4.friendly_name",
        "attributes.5.name",
    ]


def test_attributes_of_a_sign_in_must_fit_into_xml():
    good = SamlAttribute(name="a", values=("<b>&", "é"), name_format="urn:x:y")
    assert check_attributes((good,)) == ()
    bad = SamlAttribute(name="a", values=("ok", "\x00"))
    assert [problem.field for problem in check_attributes((good, bad))] == ["attributes.1.values"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Problem("a", 5), "Problem.message: use text, not a value of type int"),
        (lambda: Problem("a", "b", "fatal"), "'error', 'warning'"),
        (lambda: replace(SP, lifetime=True), "a whole number, not a value of type bool"),
        (lambda: replace(SP, lifetime="300"), "a whole number"),
        (lambda: replace(SP, acs_urls="https://a"), "a tuple of texts"),
        (lambda: replace(SP, acs_urls=(1,)), "a tuple of texts"),
        (lambda: replace(SP, acs_indexes=((1, 2),)), "acs_indexes"),
        (lambda: replace(SP, acs_indexes=((1, "a", 3),)), "acs_indexes"),
        (lambda: replace(SP, sign_response=None), "true or false, not None"),
        (lambda: replace(SP, slo_binding="soap"), "'redirect', 'post'"),
        (lambda: Mapping(name="a", source=str), "not the class str"),
        (
            lambda: Person(
                id="1", username="a", email="", first_name="", last_name="", attributes=[]
            ),
            "Person.attributes",
        ),
    ],
)
def test_value_of_the_wrong_type_cannot_be_created(make, words):
    with pytest.raises(WrongType) as caught:
        make()
    assert words in str(caught.value)


ABOUT = Integration(name="Zoom", summary="Join with one click")


@pytest.mark.parametrize("verified", ["2026-11-28", ""])
def test_facts_have_a_date_or_none(verified):
    facts = (Fact(claim="It is so", verified=verified, source="https://vendor.test/page"),)
    assert not list(integration_problems(replace(ABOUT, facts=facts)))


@pytest.mark.parametrize("fact", [{"verified": "today"}, {"claim": " "}, {"source": "page"}])
def test_a_fact_without_claim_date_or_source_is_refused(fact):
    facts = (Fact(**{"claim": "It is so"} | fact),)
    problems = list(integration_problems(replace(ABOUT, facts=facts)))
    assert [problem.field for problem in problems] == ["Integration.facts"]


@pytest.mark.parametrize("slug", ["No", "", "-a"])
def test_former_slugs_are_slugs(slug):
    problems = list(integration_problems(replace(ABOUT, formerly=(slug,))))
    assert [problem.field for problem in problems] == ["Integration.formerly"]
