"""A certificate that the vendor's metadata must be signed with, from the form to every refresh."""

import pytest

from ..attacks import kit
from .conftest import Browser, Site
from .test_metadata_upload import ACS, ENTITY, SAML, Form, file, installed, opened, several, sp

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
    answer = opened(admin, SAML).send(
        admin,
        SAML,
        name="App",
        metadata_file=file(signed(sp(), signer)),
        metadata_certificate=signer.certificate,
    )
    assert answer.status_code == 303, answer.text


def refreshed(admin: Browser, xml: str):
    return opened(admin, REFRESH).send(admin, REFRESH, metadata_file=file(xml))


@pytest.mark.usefixtures("pinned")
def test_the_certificate_is_kept_and_shown(site: Site, admin: Browser, signer: kit.Identity):
    (app,) = installed(site)
    assert app.metadata_source.signed_by == signer.certificate.strip()
    page = opened(admin, REFRESH)
    assert "They must be signed with CN=vendor" in page.words
    assert "metadata_certificate" not in page.values


@pytest.mark.usefixtures("pinned")
def test_unsigned_metadata_are_refused_from_then_on(site: Site, admin: Browser):
    answer = refreshed(admin, sp(ENTITY, ACS + "/2"))
    assert answer.status_code == 422
    assert "The metadata must be signed, and is not" in Form(answer.text).words
    assert installed(site)[0].service_provider.acs_urls == (ACS,)


@pytest.mark.usefixtures("pinned")
def test_signed_ones_are_taken_and_stay_required(site: Site, admin: Browser, signer: kit.Identity):
    compared = Form(refreshed(admin, signed(sp(ENTITY, ACS + "/2"), signer)).text)
    assert compared.send(admin, REFRESH + "/accept").status_code == 303
    (app,) = installed(site)
    assert app.service_provider.acs_urls == (ACS + "/2",)
    assert app.metadata_source.signed_by == signer.certificate.strip()


@pytest.mark.usefixtures("pinned")
def test_another_certificate_takes_its_place(site: Site, admin: Browser):
    other = kit.make_identity("new key")
    sent = {"metadata_certificate": other.certificate}
    assert admin.post(REFRESH + "/signer", sent, form=REFRESH).status_code == 303
    assert "CN=new key" in opened(admin, REFRESH).words
    assert refreshed(admin, signed(sp(), other)).status_code == 200
    assert "signature of the metadata" in admin.get("/w/acme/activity").text


@pytest.mark.usefixtures("pinned")
def test_stopping_is_a_press_of_its_own(site: Site, admin: Browser):
    empty = admin.post(REFRESH + "/signer", {"metadata_certificate": ""}, form=REFRESH)
    assert empty.status_code == 422 and "press Stop" in empty.text
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
def test_what_is_no_certificate_changes_nothing(
    site: Site, admin: Browser, signer: kit.Identity, text: str, words: str
):
    answer = admin.post(REFRESH + "/signer", {"metadata_certificate": text}, form=REFRESH)
    assert answer.status_code == 422
    assert words in answer.text
    assert installed(site)[0].metadata_source.signed_by == signer.certificate.strip()


def test_a_certificate_that_does_not_fit_keeps_what_was_typed(
    site: Site, admin: Browser, signer: kit.Identity
):
    other = kit.make_identity("other")
    answer = opened(admin, SAML).send(
        admin,
        SAML,
        name="Typed",
        metadata_xml=signed(sp(), other),
        metadata_certificate=signer.certificate,
    )
    assert answer.status_code == 422
    form = Form(answer.text)
    assert "not signed with the required certificate" in form.words
    assert form.values["name"] == "Typed"
    assert form.values["metadata_certificate"].strip() == signer.certificate.strip()
    assert installed(site) == []


def test_it_is_carried_past_the_choice_and_past_filling_in(
    site: Site, admin: Browser, signer: kit.Identity
):
    two = several(sp("urn:one"), sp("urn:two"))
    answer = opened(admin, SAML).send(
        admin,
        SAML,
        name="Two",
        metadata_file=file(signed(two, signer)),
        metadata_certificate=signer.certificate,
        metadata__fill="yes",
    )
    filled = Form(answer.text).send(admin, SAML, metadata__sp="urn:two")
    assert filled.status_code == 200, filled.text
    assert Form(filled.text).send(admin, SAML).status_code == 303
    (app,) = installed(site)
    assert app.service_provider.entity_id == "urn:two"
    assert app.metadata_source.signed_by == signer.certificate.strip()


def test_an_application_without_metadata_is_told_to_bring_them(site: Site, admin: Browser):
    opened(admin, SAML).send(
        admin, SAML, name="App", plugin__entity_id=ENTITY, plugin__acs_urls=ACS
    )
    sent = {"metadata_certificate": kit.make_identity("a").certificate}
    answer = admin.post(REFRESH + "/signer", sent, form=REFRESH)
    assert answer.status_code == 422
    assert "Compare with signed metadata first" in answer.text
