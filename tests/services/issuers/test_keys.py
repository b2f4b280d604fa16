"""Keys and certificates: generated as vendors accept them, and stored encrypted."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from ssoko.services.issuers import keys
from ssoko.store.models.issuers import SigningKey

NOW = 1_795_511_647
LONG = "A name of an application that is as long as names may be, " + "x" * 80


@pytest.mark.parametrize("algorithm", ["rsa-2048", "ec-p256", "ec-p384"])
def test_certificate_is_valid_for_ten_years_and_fits_in_aws(algorithm):
    key = keys.generate(algorithm, common_name=LONG, organization=LONG, now=NOW)
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    assert certificate.public_key() == load_pem_private_key(key.private_pem, None).public_key()
    assert len(key.certificate) < keys.MAX_PEM
    assert certificate.not_valid_before_utc.timestamp() == key.not_before == NOW - 600
    assert certificate.not_valid_after_utc.timestamp() == key.not_after == NOW + 315_360_000
    certificate.verify_directly_issued_by(certificate)


def test_largest_rsa_certificate_fits_in_aws():
    key = keys.generate("rsa-4096", common_name="é" * 64, organization="ж" * 64, now=NOW)
    assert len(key.certificate) < keys.MAX_PEM
    assert keys.describe(key.certificate).key == "RSA 4096, SHA-256"


def test_two_certificates_of_one_name_have_different_serial_numbers():
    made = [keys.generate("ec-p256", common_name="AWS", now=NOW).certificate for _ in range(2)]
    first, second = (x509.load_pem_x509_certificate(pem.encode()) for pem in made)
    assert first.serial_number != second.serial_number
    assert first.subject.rfc4514_string() == "CN=AWS"


def test_properties_are_read_from_the_certificate():
    key = keys.generate(common_name="AWS", organization="Acme", now=NOW)
    facts = keys.describe(key.certificate)
    assert facts.key == "RSA 2048, SHA-256"
    assert facts.not_after == key.not_after
    assert len(facts.sha256.split(":")) == 32


def test_private_key_is_stored_encrypted_and_loaded_once(site):
    app = site.install()
    row = SigningKey.get(SigningKey.issuer == app.issuer.id)
    blob = bytes(row.private_key)
    assert b"PRIVATE KEY" not in blob
    assert site.services.keys.loaded(row.id) is None
    loaded = site.services.keys.load(row.id, blob, row.certificate)
    assert site.services.keys.load(row.id, b"", "") is loaded
    assert "private_pem" not in repr(keys.generate("ec-p256", common_name="AWS", now=NOW))
