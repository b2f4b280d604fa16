"""Requests that wait: kept as small as they came, and a limited number of them."""

import zlib

from ssoko.services.sso.saml import pending, sign_in
from ssoko.store.models.sso import PendingRequest


def keys_of(site, app, count, *, address="192.0.2.7"):
    return [
        sign_in.hold(site.services, app.issuer.id, site.inbound(app), address=address)
        for _ in range(count)
    ]


def is_waiting(site, app, key):
    return bool(sign_in.waiting_application(site.services, app.issuer.id, key))


def test_a_request_is_stored_compressed(site):
    app = site.install()
    inbound = site.inbound(app)
    key = sign_in.hold(site.services, app.issuer.id, inbound)
    row = PendingRequest.get()
    assert zlib.decompress(bytes(row.message)) == inbound.xml
    assert pending.find(app.issuer.id, key, now=site.clock()).inbound.xml == inbound.xml


def test_of_too_many_requests_of_one_network_the_oldest_is_dropped(site, monkeypatch):
    monkeypatch.setattr(pending, "PER_PLACE", 3)
    app = site.install()
    (other,) = keys_of(site, app, 1, address="198.51.100.7")
    keys = []
    for _ in range(5):
        keys += keys_of(site, app, 1)
        site.clock.ahead += 1
    assert [is_waiting(site, app, key) for key in keys] == [False, False, True, True, True]
    assert is_waiting(site, app, other)


def test_all_requests_of_an_issuer_are_limited(site, monkeypatch):
    monkeypatch.setattr(pending, "PER_ISSUER", 3)
    monkeypatch.setattr(pending, "_CHECKED", 1)
    app = site.install()
    for n in range(6):
        keys_of(site, app, 1, address=f"198.51.100.{n}")
    assert PendingRequest.select().count() == 3
