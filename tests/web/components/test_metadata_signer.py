"""A certificate that the vendor's metadata must be signed with, from the form to every refresh."""

import pytest

from ...attacks import kit
from ..conftest import Browser, Site
from .test_metadata_form import ACS, ENTITY, SAML, Form, file, installed, opened, several, sp

REFRESH = "/w/acme/applications/app/refresh"


@pytest.fixture(scope="module")
def signer() -> kit.Identity:
    return kit.make_identity("vendor")


def signed(xml: str, by: kit.Identity) -> str:
    """Return metadata with a signature over all of them."""
    return kit.sign_xml(xml.replace(" xmlns:md", ' ID="_1" xmlns:md', 1), by, place=0)


@pytest.fixture
def pinned(admin: Browser, signer: kit.Identity) -> None:
    """Install an application from signed metadata."""
    response = opened(admin, SAML).send(
        admin,
        SAML,
        name="App",
        metadata_file=file(signed(sp(), signer)),
        metadata_certificate=signer.certificate,
    )
    assert response.status_code == 303, response.text


def refreshed(admin: Browser, xml: str):
    return opened(admin, REFRESH).send(admin, REFRESH, metadata_file=file(xml))


@pytest.mark.usefixtures("pinned")
def test_signing_certificate_is_stored_and_shown(site: Site, admin: Browser, signer: kit.Identity):
    (app,) = installed(site)
    assert app.metadata_source.signed_by == signer.certificate.strip()
    page = opened(admin, REFRESH)
    assert "The metadata must be signed with CN=vendor" in page.words
    assert "metadata_certificate" not in page.values


@pytest.mark.usefixtures("pinned")
def test_unsigned_metadata_is_then_rejected(site: Site, admin: Browser):
    response = refreshed(admin, sp(ENTITY, ACS + "/2"))
    assert response.status_code == 422
    assert "The metadata must be signed, and is not" in Form(response.text).words
    assert installed(site)[0].service_provider.acs_urls == (ACS,)


@pytest.mark.usefixtures("pinned")
def test_signed_metadata_is_accepted_and_stays_required(
    site: Site, admin: Browser, signer: kit.Identity
):
    compared = Form(refreshed(admin, signed(sp(ENTITY, ACS + "/2"), signer)).text)
    assert compared.send(admin, REFRESH + "/accept").status_code == 303
    (app,) = installed(site)
    assert app.service_provider.acs_urls == (ACS + "/2",)
    assert app.metadata_source.signed_by == signer.certificate.strip()


@pytest.mark.usefixtures("pinned")
def test_signing_certificate_can_be_replaced(site: Site, admin: Browser):
    other = kit.make_identity("new key")
    posted = {"metadata_certificate": other.certificate}
    assert admin.post(REFRESH + "/signer", posted, form=REFRESH).status_code == 303
    assert "CN=new key" in opened(admin, REFRESH).words
    assert refreshed(admin, signed(sp(), other)).status_code == 200
    assert "signature of the metadata" in admin.get("/w/acme/activity").text


@pytest.mark.usefixtures("pinned")
def test_unsigned_metadata_can_be_allowed_again(site: Site, admin: Browser):
    empty = admin.post(REFRESH + "/signer", {"metadata_certificate": ""}, form=REFRESH)
    assert empty.status_code == 422 and "choose Allow unsigned metadata" in empty.text
    assert installed(site)[0].metadata_source.signed_by
    stopped = admin.post(REFRESH + "/signer", {"metadata.unsigned": "yes"}, form=REFRESH)
    assert stopped.status_code == 303
    assert not installed(site)[0].metadata_source.signed_by
    assert refreshed(admin, sp()).status_code == 200


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "Paste one certificate"),
        ("-----BEGIN PRIVATE KEY-----", "This is a private key"),
        (kit.make_identity("a").certificate * 2, "Paste one certificate: the one that signs"),
    ],
)
def test_invalid_certificate_changes_nothing(
    site: Site, admin: Browser, signer: kit.Identity, text: str, words: str
):
    response = admin.post(REFRESH + "/signer", {"metadata_certificate": text}, form=REFRESH)
    assert response.status_code == 422
    assert words in response.text
    assert installed(site)[0].metadata_source.signed_by == signer.certificate.strip()


def test_other_certificate_is_rejected_and_keeps_the_input(
    site: Site, admin: Browser, signer: kit.Identity
):
    other = kit.make_identity("other")
    response = opened(admin, SAML).send(
        admin,
        SAML,
        name="Typed",
        metadata_xml=signed(sp(), other),
        metadata_certificate=signer.certificate,
    )
    assert response.status_code == 422
    form = Form(response.text)
    assert "not signed with the required certificate" in form.words
    assert form.values["name"] == "Typed"
    assert form.values["metadata_certificate"].strip() == signer.certificate.strip()
    assert installed(site) == []


def test_signing_certificate_is_kept_while_choosing_and_filling(
    site: Site, admin: Browser, signer: kit.Identity
):
    two = several(sp("urn:one"), sp("urn:two"))
    response = opened(admin, SAML).send(
        admin,
        SAML,
        name="Two",
        metadata_file=file(signed(two, signer)),
        metadata_certificate=signer.certificate,
        metadata__fill="yes",
    )
    filled = Form(response.text).send(admin, SAML, metadata__sp="urn:two")
    assert filled.status_code == 200, filled.text
    assert Form(filled.text).send(admin, SAML).status_code == 303
    (app,) = installed(site)
    assert app.service_provider.entity_id == "urn:two"
    assert app.metadata_source.signed_by == signer.certificate.strip()


def test_refresh_without_metadata_is_an_error(site: Site, admin: Browser):
    opened(admin, SAML).send(
        admin, SAML, name="App", plugin__entity_id=ENTITY, plugin__acs_urls=ACS
    )
    posted = {"metadata_certificate": kit.make_identity("a").certificate}
    response = admin.post(REFRESH + "/signer", posted, form=REFRESH)
    assert response.status_code == 422
    assert "Compare with signed metadata first" in response.text
