"""The card Next certificate, the questions before each change, and what ends soon."""

from dataclasses import replace

import pytest
from cryptography import x509
from ssoko.services import maintenance
from ssoko.services.applications import install
from ssoko.services.issuers import issuers, metadata_fetches, rotation

from .conftest import AWS

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
    def listed(application):
        return rotation.list_keys(site.scope, application.issuer.id)

    return listed


def make_next(admin, application, algorithm="rsa-2048"):
    tab = f"/applications/{application.slug}/metadata"
    keys = f"/settings/issuers/{application.issuer.id}/keys?for={application.slug}"
    page = admin.submit(keys, {"algorithm": algorithm}, on=tab)
    assert page.status == 303
    assert page.response.headers["Location"].endswith(tab)
    return admin.follow(page)


def move(site, seconds):
    """Serve with a clock that is so far ahead."""
    services = site.app.extensions["ssoko"]
    moved = replace(services, clock=lambda: services.clock() + seconds)
    site.app.extensions["ssoko"] = moved
    return moved


def test_the_metadata_tab_offers_the_next_certificate_with_a_word_on_ecdsa(admin, aws):
    page = admin.get("/applications/aws/metadata")
    assert "Many service providers do not accept ECDSA, including AWS" in page.words
    assert len(page.find("//select[@name='algorithm']/option")) == 5
    assert page.find("//button[.='Make next certificate']")


def test_a_rotation_at_aws_from_the_first_step_to_the_last(admin, aws, keys_of):
    page = make_next(admin, aws, "rsa-3072")
    for words in (
        "Waiting for AWS",
        "AWS accepts both certificates",
        "by First Last, RSA 3072, SHA-256",
        "Import it in AWS",
        "Manage authentication > Manage SAML 2.0 certificates > Import certificate",
        "kept for 30 days",
    ):
        assert words in page.words
    links = page.links()
    file = admin.client.get(links["Download next certificate"])
    assert x509.load_pem_x509_certificate(file.data) == x509.load_pem_x509_certificate(
        keys_of(aws)[1].certificate.encode()
    )
    assert file.headers["Content-Disposition"] == 'attachment; filename="ssoko-aws-next.pem"'
    question = links["Make it active"].removeprefix("/w/acme")
    asked = admin.get(question)
    assert "AWS must have the next certificate first" in asked.words
    assert keys_of(aws)[0].certificate == aws.issuer.certificate
    page = admin.follow(admin.submit(question, on=question))
    assert "The next certificate is active" in page.all_words
    assert "delete the old certificate, and type DELETE" in page.words
    assert [key.state for key in keys_of(aws)] == ["active", "retired"]
    back = page.links()["Switch back"].removeprefix("/w/acme")
    page = admin.follow(admin.submit(back, on=back))
    assert "The earlier certificate is active again." in page.all_words
    assert [key.state for key in keys_of(aws)] == ["active", "next"]
    drop = page.links()["Discard next certificate"].removeprefix("/w/acme")
    page = admin.follow(admin.submit(drop, on=drop))
    assert "The next certificate is discarded." in page.all_words
    assert keys_of(aws)[0].certificate == aws.issuer.certificate


def test_the_old_certificate_is_retired_for_good(site, admin, aws, keys_of):
    made = rotation.create_next(site.scope, aws.issuer.id)
    rotation.activate(site.scope, aws.issuer.id, made.id)
    way = admin.get("/applications/aws/metadata").links()["Retire the old one for good"]
    way = way.removeprefix("/w/acme")
    assert "You cannot switch back" in admin.get(way).words
    page = admin.follow(admin.submit(way, on=way))
    assert "The old certificate has left the metadata." in page.all_words
    assert not keys_of(aws)[1].published


def test_who_fetched_the_metadata_is_listed_by_address(admin, wiki):
    def fetch(agent, address):
        answer = admin.client.get(
            f"/saml/{wiki.issuer.id}/metadata",
            headers={"User-Agent": agent},
            environ_overrides={"REMOTE_ADDR": address},
        )
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert b'cacheDuration="PT3600S"' in answer.data
        return answer.headers["ETag"]

    tag = fetch("SimpleSAMLphp <b>", "192.0.2.1")
    page = make_next(admin, wiki)
    assert fetch("mellon", "192.0.2.2") != tag
    page = admin.get("/applications/wiki/metadata")
    assert "Wait until Wiki has fetched it" in page.words
    assert "192.0.2.1" in page.words and "SimpleSAMLphp <b>" in page.words
    assert "192.0.2.2" in page.words and "Has it" in page.words


def test_a_copy_that_is_still_good_counts_as_fetched(site, admin, wiki):
    address = f"/saml/{wiki.issuer.id}/metadata"
    make_next(admin, wiki)
    tag = admin.client.get(address).headers["ETag"]
    (seen,) = metadata_fetches.list_fetches(wiki.issuer.id)
    move(site, 120)
    assert admin.client.get(address, headers={"If-None-Match": tag}).status_code == 304
    (again,) = metadata_fetches.list_fetches(wiki.issuer.id)
    assert (again.times, again.last_at - seen.last_at >= 119) == (2, True)


def test_what_does_not_fit_any_more_is_not_asked_and_not_done(site, admin, aws, keys_of):
    (active,) = keys_of(aws)
    keys = f"/settings/issuers/{aws.issuer.id}/keys"
    for change in ("activate", "restore", "retire", "discard"):
        page = admin.get(f"{keys}/{active.id}/{change}")
        assert page.status == 303
        assert "changed meanwhile" in admin.follow(page).all_words
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


def test_a_shared_issuer_has_the_same_card(site, admin):
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
    assert "Many service providers do not take ECDSA" in page.words
    assert "Import it in AWS" in admin.get("/applications/cloud/metadata").words
    assert page.links()["Make it active"].endswith("/activate")


def test_a_certificate_that_ends_is_on_the_pages_and_in_the_log(site, admin, aws):
    assert "ends" not in admin.get("/").words
    left = aws.issuer.certificate_not_after - site.services.clock() - 12 * DAY
    move(site, left)
    admin = site.visitor().sign_in("admin1")
    for path in ("/", "/applications/aws", "/applications/aws/metadata"):
        page = admin.get(path)
        assert "Our certificate for AWS ends in 1" in page.words, path
        assert page.links()["Open the certificates"] == "/w/acme/applications/aws/metadata"
        assert page.find("//*[contains(@class, 'callout warn')]")
    assert "Certificate expires soon" in admin.get("/applications/aws/activity").words
    assert "Certificate expires soon" in admin.get("/activity").words


def test_a_certificate_that_has_ended_is_red(site, admin, aws):
    move(site, aws.issuer.certificate_not_after - site.services.clock() + DAY)
    admin = site.visitor().sign_in("admin1")
    page = admin.get("/applications/aws/metadata")
    assert "Our certificate for AWS ended on" in page.words
    assert page.find("//*[contains(@class, 'callout bad')]")
    assert "Expired" in page.words
    assert "ended on" in admin.get("/").words


def test_no_notice_is_written_while_somebody_signs_in(site, admin, aws, monkeypatch):
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
