import datetime

import pytest
import ssoko_custom_saml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from marshmallow import ValidationError
from ssoko.plugin import LogoutEndpoint, Mapping, NameIdFormat, RequestedAttribute, VendorMetadata
from ssoko.plugin.testing import LoadedPlugin, assert_integration

LEAST = {"entity_id": "https://app.test/saml", "acs_urls": ["https://app.test/acs"]}
SETTINGS = {
    "entity_id",
    "acs_urls",
    "name_id_format",
    "name_id_source",
    "sign_response",
    "sign_assertion",
    "require_signed_requests",
    "encrypt_assertions",
    "encryption_method",
    "certificates",
    "encryption_certificates",
    "acs_indexes",
    "logout_url",
    "logout_binding",
    "logout_response_url",
    "relay_state",
    "launch_url",
    "attributes",
}


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app.test")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


@pytest.fixture(scope="module")
def pem() -> str:
    return certificate(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def custom() -> LoadedPlugin:
    return assert_integration(ssoko_custom_saml, LEAST)


def refusals(custom: LoadedPlugin, **settings: object) -> dict[str, object]:
    with pytest.raises(ValidationError) as caught:
        custom.load({**LEAST, **settings})
    return caught.value.normalized_messages()


def test_the_settings_have_the_agreed_names(custom):
    assert set(custom.entry.form().fields) == SETTINGS


def test_two_values_are_enough(custom):
    sp = custom.service_provider(LEAST)
    assert sp.entity_id == "https://app.test/saml"
    assert sp.acs_urls == ("https://app.test/acs",)
    assert sp.name_id_format == NameIdFormat.UNSPECIFIED
    assert sp.name_id_source == "user.email"
    assert sp.sign_response
    assert sp.sign_assertion
    assert not sp.require_signed_requests
    assert not sp.encrypt_assertions
    (email,) = custom.call("attribute_mappings", LEAST)
    assert (email.name, email.source) == ("email", "user.email")
    assert custom.call("attribute_mappings", {**LEAST, "attributes": []}) == ()


def test_every_setting_is_recorded(custom, pem):
    settings = {
        "entity_id": "urn:app",
        "acs_urls": ["https://app.test/acs", "http://localhost:8080/acs"],
        "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "name_id_source": "user.attributes.employee_id",
        "sign_response": False,
        "sign_assertion": True,
        "require_signed_requests": True,
        "encrypt_assertions": True,
        "certificates": [pem],
        "logout_url": "https://app.test/slo",
        "logout_binding": "post",
        "logout_response_url": "https://app.test/slo/done",
        "relay_state": "/home",
        "launch_url": "https://app.test/login",
        "attributes": [{"name": "team", "name_format": "basic", "source": "user.groups"}],
    }
    sp = custom.service_provider(settings)
    assert sp.acs_urls == tuple(settings["acs_urls"])
    assert sp.name_id_format == settings["name_id_format"]
    assert sp.name_id_source == "user.attributes.employee_id"
    assert (sp.sign_response, sp.sign_assertion) == (False, True)
    assert (sp.require_signed_requests, sp.encrypt_assertions) == (True, True)
    assert sp.certificates == (pem.strip(),)
    assert (sp.slo_url, sp.slo_binding) == ("https://app.test/slo", "post")
    assert sp.slo_response_url == "https://app.test/slo/done"
    assert sp.relay_state == "/home"
    assert sp.launch_url == "https://app.test/login"
    assert custom.call("attribute_mappings", settings) == (
        Mapping(name="team", name_format="basic", source="user.groups"),
    )
    assert custom.load(custom.load(settings)) == custom.load(settings)


def test_acs_urls_are_accepted_as_lines(custom):
    settings = {
        **LEAST,
        "acs_urls": " https://a.test/acs\r\n\nhttps://b.test/acs\nhttps://a.test/acs",
    }
    assert custom.load(settings)["acs_urls"] == ["https://a.test/acs", "https://b.test/acs"]


@pytest.mark.parametrize(
    "word", ["emailAddress", "email", "EMAILADDRESS", NameIdFormat.EMAIL.value]
)
def test_the_usual_formats_have_short_names(custom, word):
    loaded = custom.load({**LEAST, "name_id_format": word})
    assert loaded["name_id_format"] == NameIdFormat.EMAIL.value


def test_empty_field_uses_the_default(custom):
    empty = {name: "" for name in SETTINGS - set(LEAST)}
    assert custom.load({**LEAST, **empty}) == custom.load(LEAST)
    nothing = {name: None for name in SETTINGS - set(LEAST)}
    assert custom.load({**LEAST, **nothing}) == custom.load(LEAST)


def test_empty_rows_of_the_form_are_ignored(custom):
    rows = [{"name": "", "name_format": "basic", "source": ""}]
    assert custom.load({**LEAST, "attributes": rows})["attributes"] == []


def test_pasted_bundle_is_split_into_certificates(custom, pem):
    other = certificate(ec.generate_private_key(ec.SECP256R1()))
    loaded = custom.load({**LEAST, "certificates": f"{pem}\n{other}"})
    assert loaded["certificates"] == [pem.strip(), other.strip()]


def test_base64_without_pem_lines_is_a_certificate(custom, pem):
    bare = "".join(line for line in pem.splitlines() if "-----" not in line)
    assert custom.load({**LEAST, "certificates": [bare]})["certificates"] == [pem.strip()]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://app.test/acs",
        "//app.test/acs",
        "/acs",
        "acs",
        "https://",
        "https:///acs",
        "https://user@app.test/acs",
        "https://app.test/acs#x",
        "https://app.test\\@evil.test/acs",
        "https://app.test/a b",
        "https://app.test/é",
        "https://app.test:99999/acs",
        "https://app.test:0/acs",
        "https://a%70p.test/acs",
        "http://localhost.evil.test/acs",
        "http://127.0.0.1.evil.test/acs",
        "https://app.test/" + "a" * 2048,
        "ftp://app.test/acs",
    ],
)
def test_ambiguous_url_is_refused(custom, url):
    assert list(refusals(custom, acs_urls=[LEAST["acs_urls"][0], url])["acs_urls"]) == [1]
    assert "launch_url" in refusals(custom, launch_url=url)
    assert "logout_url" in refusals(custom, logout_url=url)
    assert "logout_response_url" in refusals(custom, logout_response_url=url)


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"entity_id": ""}, "entity_id", "Enter the entity ID"),
        ({"entity_id": "x" * 1025}, "entity_id", "1024"),
        ({"entity_id": "a\x01"}, "entity_id", "control characters"),
        ({"entity_id": "a\ud800"}, "entity_id", "control characters"),
        ({"acs_urls": []}, "acs_urls", "one to 100"),
        ({"acs_urls": 5}, "acs_urls", "one per line"),
        ({"acs_urls": None}, "acs_urls", "Enter the ACS URLs"),
        ({"name_id_format": "nameid"}, "name_id_format", "URI"),
        ({"name_id_source": "user.shoe_size"}, "name_id_source", "user.email"),
        ({"name_id_source": "user.groups"}, "name_id_source", "one value"),
        ({"sign_response": "perhaps"}, "sign_response", "true or false"),
        ({"logout_binding": "soap"}, "logout_binding", "redirect or post"),
        ({"relay_state": "a\x00"}, "relay_state", "control characters"),
        ({"attributes": "email"}, "attributes", "list"),
        ({"attributes": ["email"]}, "attributes", "name_format"),
        ({"surprise": 1}, "surprise", "no such field"),
    ],
)
def test_wrong_value_is_refused_with_what_to_enter(custom, settings, field, words):
    values = refusals(custom, **settings)
    assert list(values) == [field]
    assert words in str(values[field])


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"name": "a", "source": "user.password"}, "source"),
        ({"name": "a", "source": "constant:"}, "source"),
        ({"name": "a", "source": "user.attributes."}, "source"),
        ({"name": "", "source": "user.email"}, "name"),
        ({"source": "user.email"}, "name"),
        ({"name": "a"}, "source"),
        ({"name": "a", "source": "user.email", "name_format": "url"}, "name_format"),
        ({"name": "a\x07", "source": "user.email"}, "name"),
    ],
)
def test_wrong_attribute_is_reported_with_its_index(custom, row, field):
    good = {"name": "email", "source": "user.email"}
    assert list(refusals(custom, attributes=[good, row])["attributes"]) == [1]
    assert list(refusals(custom, attributes=[good, row])["attributes"][1]) == [field]


def test_unreadable_certificate_is_reported_with_its_index(custom, pem):
    broken = pem.replace("M", "A", 1)
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is there to be refused
    for text, words in [
        ("junk", "BEGIN CERTIFICATE"),
        (broken, "Copy it again"),
        ("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----", "private key"),
        (certificate(weak), "1024 bits"),
    ]:
        values = refusals(custom, certificates=[pem, text])["certificates"]
        assert list(values) == [1]
        assert words in values[1][0]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"sign_response": False, "sign_assertion": False}, "sign_assertion"),
        ({"require_signed_requests": True}, "certificates"),
        ({"encrypt_assertions": True}, "certificates"),
    ],
)
def test_contradictory_settings_are_refused(custom, settings, field):
    assert list(custom.problems({**LEAST, **settings})) == [field]


def test_encrypting_needs_an_rsa_key(custom):
    pem = certificate(ec.generate_private_key(ec.SECP256R1()))
    settings = {**LEAST, "encrypt_assertions": True, "certificates": [pem]}
    assert "RSA" in custom.problems(settings)["certificates.0"]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"name_id_source": "constant:shared"}, "name_id_source"),
        ({"logout_url": "https://app.test/slo"}, "logout_url"),
        ({"logout_response_url": "https://app.test/slo"}, "logout_response_url"),
        ({"name_id_format": "email", "name_id_source": "user.first_name"}, "name_id_source"),
        (
            {"attributes": [{"name": "a", "source": s} for s in ("user.id", "user.email")]},
            "attributes.1.name",
        ),
    ],
)
def test_unusual_settings_only_warn(custom, settings, field):
    assert not custom.problems({**LEAST, **settings})
    assert list(custom.problems({**LEAST, **settings}, level="warning")) == [field]


def vendor(**more: object) -> VendorMetadata:
    return VendorMetadata(**{"entity_id": "urn:app", "acs_urls": ("https://app.test/acs",), **more})


def test_minimal_metadata_fills_in_few_fields(custom):
    values = custom.from_metadata(vendor())
    sp = custom.service_provider({n: v for n, v in values.items() if v})
    assert sp.entity_id == "urn:app"
    assert sp.sign_assertion
    assert not sp.require_signed_requests


def test_signed_requests_are_required_only_with_a_certificate(custom, pem):
    assert not custom.from_metadata(vendor(authn_requests_signed=True))["require_signed_requests"]
    signed = vendor(authn_requests_signed=True, certificates=(pem,))
    assert custom.from_metadata(signed)["require_signed_requests"]


def test_the_recorded_name_id_format_and_logout_binding_are_preferred(custom):
    formats = (NameIdFormat.TRANSIENT.value, NameIdFormat.PERSISTENT.value)
    slo = tuple(
        LogoutEndpoint(binding=b, url=f"https://app.test/{b}", response_url=f"https://app.test/{b}")
        for b in ("redirect", "post")
    )
    metadata = vendor(name_id_formats=("urn:other:format", *formats), slo=slo)
    first = custom.from_metadata(metadata)
    assert (first["name_id_format"], first["logout_url"]) == (
        formats[0],
        "https://app.test/redirect",
    )
    recorded = {**LEAST, "name_id_format": formats[1], "logout_binding": "post"}
    again = custom.from_metadata(metadata, recorded)
    assert (again["name_id_format"], again["logout_url"]) == (formats[1], "https://app.test/post")


_OTHER = "urn:oasis:names:tc:SAML:2.0:nameid-format:emailAddress"
_SEVERAL = tuple(f.value for f in (NameIdFormat.EMAIL, NameIdFormat.PERSISTENT))


@pytest.mark.parametrize(
    ("offered", "recorded"),
    [
        ((_OTHER,), _OTHER),
        ((NameIdFormat.X509_SUBJECT.value,), NameIdFormat.X509_SUBJECT),
        (("urn:example:employee-number",), "urn:example:employee-number"),
        (("no URI", "urn:example:id"), "urn:example:id"),
        (("no URI",), None),
        (_SEVERAL, NameIdFormat.EMAIL),
        ((*_SEVERAL, NameIdFormat.UNSPECIFIED.value), NameIdFormat.UNSPECIFIED),
    ],
)
def test_any_name_id_format_in_the_metadata_is_used(custom, offered, recorded):
    values = custom.from_metadata(vendor(name_id_formats=offered))
    assert values.get("name_id_format") == recorded


@pytest.mark.parametrize(
    ("attribute", "source"),
    [
        ({"name": "mail"}, "user.email"),
        ({"name": "urn:oid:2.5.4.42"}, "user.first_name"),
        ({"name": "urn:oid:9.9", "friendly_name": "sn"}, "user.last_name"),
        ({"name": "http://schemas.test/claims/emailaddress"}, "user.email"),
        ({"name": "urn:x", "friendly_name": "Cost Center"}, "user.attributes.Cost_Center"),
    ],
)
def test_sources_of_requested_attributes_are_guessed(custom, attribute, source):
    requested = (RequestedAttribute(**attribute),) * 2
    (row,) = custom.from_metadata(vendor(requested_attributes=requested))["attributes"]
    assert row == {"name": attribute["name"], "name_format": "unspecified", "source": source}


def test_attributes_with_invalid_names_are_ignored(custom):
    requested = (RequestedAttribute(name=" "), RequestedAttribute(name="a", name_format="no uri"))
    assert custom.from_metadata(vendor(requested_attributes=requested))["attributes"] == []


@pytest.mark.parametrize(
    "lines", [["1"], ["x https://app.test/acs"], ["65536 https://app.test/acs"], ["1 nowhere"]]
)
def test_index_is_a_number_and_a_url(custom, lines):
    assert "acs_indexes" in refusals(custom, acs_indexes=lines)


@pytest.mark.parametrize(
    "lines", [["1 https://app.test/acs", "1 https://app.test/acs?x"], ["1 https://other.test/"]]
)
def test_indexes_are_unique_and_refer_to_acs_urls(custom, lines):
    settings = {**LEAST, "acs_urls": ["https://app.test/acs", "https://app.test/acs?x"]}
    assert custom.problems({**settings, "acs_indexes": lines})


def test_assertions_are_encrypted_with_the_encryption_certificate(custom, pem):
    other = certificate(ec.generate_private_key(ec.SECP256R1()))
    settings = {**LEAST, "certificates": [other], "encrypt_assertions": True}
    assert "certificates.0" in custom.problems(settings)
    settings["encryption_certificates"] = [pem]
    assert not custom.problems(settings)
    assert custom.service_provider(settings).encryption_certificates == (pem.strip(),)
