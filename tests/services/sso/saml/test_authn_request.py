"""Signed AuthnRequests: verified, required if so recorded, accepted once."""

from urllib.parse import urlsplit

import pytest
from lxml import etree
from ssoko.errors import MessageRefused
from ssoko.saml import names
from ssoko.saml.bindings import Inbound, decode_redirect, encode_redirect
from ssoko.saml.signing import SigningKey, sign_element
from ssoko.services.issuers import keys
from ssoko.services.sso.saml import sign_in


@pytest.fixture(scope="module")
def other_key():
    return keys.generate("ec-p256", common_name="Other", now=1_795_511_647)


def load(key) -> SigningKey:
    return SigningKey.from_pem(key.private_pem, key.certificate)


def redirect(site, app, key=None, **more) -> Inbound:
    url = encode_redirect(
        app.issuer.login_endpoint,
        site.request(app, **more).encode(),
        relay_state="state",
        key=load(key) if key else None,
    )
    return decode_redirect(urlsplit(url).query.encode())


def post(site, app, key, **more) -> Inbound:
    root = etree.fromstring(site.request(app, **more))
    sign_element(root, load(key))
    return Inbound(etree.tostring(root), "state", names.BINDING_POST)


@pytest.fixture
def strict(site, sp_key, other_key):
    """An application that takes only signed requests, by either of two keys."""
    return site.install(
        certificates=[other_key.certificate, sp_key.certificate], require_signed_requests=True
    )


@pytest.mark.parametrize("send", [redirect, post])
def test_request_signed_with_any_registered_key_gets_a_response(
    site, saml, strict, sp_key, other_key, send
):
    session = site.sign_in()
    for number, key in enumerate((sp_key, other_key)):
        inbound = send(site, strict, key, ID=f"_r{number}")
        answer = sign_in.begin(site.services, strict.issuer.id, inbound, session=session)
        saml.accept(strict, answer, request_id=f"_r{number}")


@pytest.mark.parametrize("signed_by", [None, "stranger"])
def test_request_without_a_valid_signature_is_refused(site, strict, signed_by):
    stranger = keys.generate("ec-p256", common_name="x", now=site.clock())
    inbound = redirect(site, strict, stranger if signed_by else None)
    with pytest.raises(MessageRefused) as refusal:
        sign_in.begin(site.services, strict.issuer.id, inbound, session=site.sign_in())
    assert refusal.value.code.startswith("signature")


def test_invalid_signature_is_refused_even_if_not_required(site, sp_key):
    app = site.install(certificates=[sp_key.certificate])
    stranger = keys.generate("ec-p256", common_name="x", now=site.clock())
    session = site.sign_in()
    with pytest.raises(MessageRefused):
        sign_in.begin(site.services, app.issuer.id, redirect(site, app, stranger), session=session)
    assert site.begin(app, session)


def test_signature_is_ignored_without_a_registered_certificate(site, sp_key):
    app = site.install()
    inbound = redirect(site, app, sp_key)
    assert sign_in.begin(site.services, app.issuer.id, inbound, session=site.sign_in())


def test_signed_request_without_destination_is_refused(site, strict, sp_key):
    inbound = redirect(site, strict, sp_key, Destination=None)
    with pytest.raises(MessageRefused, match="no Destination"):
        sign_in.begin(site.services, strict.issuer.id, inbound, session=site.sign_in())


def test_signed_request_is_accepted_once(site, strict, sp_key):
    session = site.sign_in()
    inbound = redirect(site, strict, sp_key)
    sign_in.begin(site.services, strict.issuer.id, inbound, session=session)
    for again in (
        lambda: sign_in.begin(site.services, strict.issuer.id, inbound, session=session),
        lambda: sign_in.begin(site.services, strict.issuer.id, inbound, session=None),
    ):
        with pytest.raises(MessageRefused) as refusal:
            again()
        assert refusal.value.code == "replayed"


def test_pending_signed_request_can_be_continued(site, saml, strict, sp_key):
    inbound = redirect(site, strict, sp_key, ID="_r")
    asked = sign_in.begin(site.services, strict.issuer.id, inbound, session=None)
    for _ in range(2):
        same = sign_in.resume(site.services, strict.issuer.id, asked.continue_key, session=None)
        assert same.continue_key == asked.continue_key
    site.clock.ahead += 400
    session = site.sign_in()
    answer = sign_in.resume(site.services, strict.issuer.id, asked.continue_key, session=session)
    assert answer.relay_state == "state"
    with pytest.raises(MessageRefused):
        sign_in.begin(site.services, strict.issuer.id, inbound, session=session)


def test_only_the_first_of_two_pending_copies_gets_a_response(site, strict, sp_key):
    inbound = post(site, strict, sp_key)
    first, second = (sign_in.hold(site.services, strict.issuer.id, inbound) for _ in range(2))
    session = site.sign_in()
    sign_in.resume(site.services, strict.issuer.id, first, session=session)
    with pytest.raises(MessageRefused) as refusal:
        sign_in.resume(site.services, strict.issuer.id, second, session=session)
    assert refusal.value.code == "replayed"
