"""The card Next certificate, the confirmation of each change, and notices of expiry."""

from dataclasses import replace

import pytest
from cryptography import x509
from ssoko.services import maintenance
from ssoko.services.applications import install
from ssoko.services.issuers import issuers, metadata_fetches, rotation

from ..reader import AWS

DAY = 86_400


@pytest.fixture
def aws(site):
    return install.install(site.scope, integration="aws", name="AWS", settings=AWS)


@pytest.fixture
def wiki(site):
    return install.install(
        site.scope,
        integration="custom-saml",
        name="Wiki",
        settings={"entity_id": "urn:wiki", "acs_urls": ["https://wiki.example.org/acs"]},
    )


@pytest.fixture
def keys_of(site):
    def list_keys(application):
        return rotation.list_keys(site.scope, application.issuer.id)

    return list_keys


def make_next(admin, application, algorithm="rsa-2048"):
    tab = f"/applications/{application.slug}/metadata"
    keys = f"/settings/issuers/{application.issuer.id}/keys?for={application.slug}"
    page = admin.submit(keys, {"algorithm": algorithm}, on=tab)
    assert page.status == 303
    assert page.response.headers["Location"].endswith(tab)
    return admin.follow(page)


def move(site, seconds):
    """Advance the clock of the site."""
    services = site.app.extensions["ssoko"]
    moved = replace(services, clock=lambda: services.clock() + seconds)
    site.app.extensions["ssoko"] = moved
    return moved


def test_metadata_tab_offers_a_new_certificate_and_warns_about_ecdsa(admin, aws):
    page = admin.get("/applications/aws/metadata")
    assert "Many service providers do not accept ECDSA, including AWS" in page.words
    assert len(page.find("//select[@name='algorithm']/option")) == 5
    assert page.find("//button[.='Create new certificate']")


def test_rotation_at_aws_from_the_first_step_to_the_last(admin, aws, keys_of):
    page = make_next(admin, aws, "rsa-3072")
    for words in (
        "Waiting for AWS",
        "AWS accepts both certificates",
        "by First Last, RSA 3072, SHA-256",
        "Import it in AWS",
        "Manage authentication > Manage SAML 2.0 certificates > Import certificate",
        "stays in the metadata for 30 days",
    ):
        assert words in page.words
    links = page.links()
    file = admin.client.get(links["Download next certificate"])
    assert x509.load_pem_x509_certificate(file.data) == x509.load_pem_x509_certificate(
        keys_of(aws)[1].certificate.encode()
    )
    assert file.headers["Content-Disposition"] == 'attachment; filename="ssoko-aws-next.pem"'
    question = links["Activate"].removeprefix("/w/acme")
    confirmation = admin.get(question)
    assert "Import the next certificate at AWS first" in confirmation.words
    assert keys_of(aws)[0].certificate == aws.issuer.certificate
    page = admin.follow(admin.submit(question, on=question))
    assert "Activated the new certificate" in page.all_words
    assert "delete the old certificate, and type DELETE" in page.words
    assert [key.state for key in keys_of(aws)] == ["active", "retired"]
    back = page.links()["Roll back"].removeprefix("/w/acme")
    page = admin.follow(admin.submit(back, on=back))
    assert "The old certificate is active again." in page.all_words
    assert [key.state for key in keys_of(aws)] == ["active", "next"]
    drop = page.links()["Discard next certificate"].removeprefix("/w/acme")
    page = admin.follow(admin.submit(drop, on=drop))
    assert "Discarded the next certificate." in page.all_words
    assert keys_of(aws)[0].certificate == aws.issuer.certificate


def test_old_certificate_is_retired(site, admin, aws, keys_of):
    key = rotation.create_next(site.scope, aws.issuer.id)
    rotation.activate(site.scope, aws.issuer.id, key.id)
    path = admin.get("/applications/aws/metadata").links()["Retire old certificate"]
    path = path.removeprefix("/w/acme")
    assert "You can't roll back" in admin.get(path).words
    page = admin.follow(admin.submit(path, on=path))
    assert "Retired the old certificate and removed it from the metadata." in page.all_words
    assert not keys_of(aws)[1].published


def test_clients_that_downloaded_the_metadata_are_listed_by_ip_address(admin, wiki):
    def fetch(agent, address):
        response = admin.client.get(
            f"/saml/{wiki.issuer.id}/metadata",
            headers={"User-Agent": agent},
            environ_overrides={"REMOTE_ADDR": address},
        )
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=3600"
        assert b'cacheDuration="PT3600S"' in response.data
        return response.headers["ETag"]

    tag = fetch("SimpleSAMLphp <b>", "192.0.2.1")
    page = make_next(admin, wiki)
    assert fetch("mellon", "192.0.2.2") != tag
    page = admin.get("/applications/wiki/metadata")
    assert "Wait until Wiki has downloaded it" in page.words
    assert "192.0.2.1" in page.words and "SimpleSAMLphp <b>" in page.words
    assert "192.0.2.2" in page.words and "Downloaded" in page.words


def test_not_modified_response_counts_as_a_download(site, admin, wiki):
    address = f"/saml/{wiki.issuer.id}/metadata"
    make_next(admin, wiki)
    tag = admin.client.get(address).headers["ETag"]
    (first,) = metadata_fetches.list_fetches(wiki.issuer.id)
    move(site, 120)
    assert admin.client.get(address, headers={"If-None-Match": tag}).status_code == 304
    (second,) = metadata_fetches.list_fetches(wiki.issuer.id)
    assert (second.times, second.last_at - first.last_at >= 119) == (2, True)


def test_change_that_the_state_of_the_key_forbids_is_rejected(site, admin, aws, keys_of):
    (active,) = keys_of(aws)
    keys = f"/settings/issuers/{aws.issuer.id}/keys"
    for change in ("activate", "restore", "retire", "discard"):
        page = admin.get(f"{keys}/{active.id}/{change}")
        assert page.status == 303
        assert "Another admin changed the keys" in admin.follow(page).all_words
        page = admin.submit(f"{keys}/{active.id}/{change}?for=aws")
        assert page.status == 303
    assert admin.get(f"{keys}/{active.id}/burn").status == 404
    assert admin.get(f"{keys}/nothing/retire").status == 404
    page = admin.submit(keys, {"algorithm": "rsa-512"})
    assert "Choose one of rsa-2048" in admin.follow(page).all_words
    assert keys_of(aws) == (active,)


def test_only_admins_change_keys(site, aws, keys_of):
    site.person("amina")
    amina = site.visitor().sign_in("amina")
    keys = f"/settings/issuers/{aws.issuer.id}/keys"
    assert amina.submit(keys, {"algorithm": "rsa-2048"}).status == 403
    assert amina.get(f"{keys}/{keys_of(aws)[0].id}/certificate.pem").status == 403
    assert len(keys_of(aws)) == 1


def test_shared_issuer_has_the_same_card(site, admin):
    shared = issuers.create_issuer(site.scope, name="Shared")
    install.install(
        site.scope,
        integration="aws",
        name="Cloud",
        settings=AWS,
        issuer_id=shared.id,
    )
    settings = f"/settings/issuers/{shared.id}"
    page = admin.submit(f"{settings}/keys", {"algorithm": "ec-p256"}, on=settings)
    page = admin.follow(page)
    assert "Import it in AWS" in page.words
    assert "Many service providers do not accept ECDSA" in page.words
    assert "Import it in AWS" in admin.get("/applications/cloud/metadata").words
    assert page.links()["Activate"].endswith("/activate")


def test_certificate_that_expires_soon_is_on_the_pages_and_in_the_log(site, admin, aws):
    assert "expires" not in admin.get("/").words
    left = aws.issuer.certificate_not_after - site.services.clock() - 12 * DAY
    move(site, left)
    admin = site.visitor().sign_in("admin1")
    for path in ("/", "/applications/aws", "/applications/aws/metadata"):
        page = admin.get(path)
        assert "The signing certificate of AWS expires in 1" in page.words, path
        assert page.links()["View certificates"] == "/w/acme/applications/aws/metadata"
        assert page.find("//*[contains(@class, 'callout warn')]")
    assert "Certificate expires soon" in admin.get("/applications/aws/activity").words
    assert "Certificate expires soon" in admin.get("/activity").words


def test_expired_certificate_is_an_error(site, admin, aws):
    move(site, aws.issuer.certificate_not_after - site.services.clock() + DAY)
    admin = site.visitor().sign_in("admin1")
    page = admin.get("/applications/aws/metadata")
    assert "The signing certificate of AWS expired on" in page.words
    assert page.find("//*[contains(@class, 'callout bad')]")
    assert "Expired" in page.words
    assert "expired on" in admin.get("/").words


def test_maintenance_does_not_run_during_a_sign_in(site, admin, aws, monkeypatch):
    move(site, aws.issuer.certificate_not_after - site.services.clock() - DAY)
    ran = []
    monkeypatch.setattr(maintenance, "run", ran.append)
    visitor = site.visitor()
    visitor.get("/sign-in")
    visitor.client.get(f"/saml/{aws.issuer.id}/metadata")
    visitor.client.get("/w/acme/launch/aws")
    assert ran == []
    visitor.sign_in("admin1").get("/")
    assert len(ran) == 1
