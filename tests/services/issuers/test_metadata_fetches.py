"""Records of metadata fetches: shown to admins, limited in number and cost."""

from ssoko.services.context import SYSTEM, Scope
from ssoko.services.issuers import issuers, metadata_fetches, rotation
from ssoko.services.issuers.metadata_fetches import FetchPace, list_fetches, note_fetch
from ssoko.services.issuers.rotation_status import rotation as plan_of
from ssoko.store.models.table import database


def note(site, app, address="192.0.2.1", agent="SimpleSAMLphp"):
    sent, etag = issuers.issuer_metadata(site.services, app.issuer.id)
    note_fetch(site.services, app.issuer.id, sent, etag=etag, address=address, user_agent=agent)


def test_ip_address_is_recorded_once_per_minute_with_all_fetches(site):
    app = site.install()
    for _ in range(5):
        note(site, app)
    assert [(f.address, f.user_agent, f.times) for f in list_fetches(app.issuer.id)] == [
        ("192.0.2.1", "SimpleSAMLphp", 1)
    ]
    site.clock.ahead = 61
    note(site, app)
    (seen,) = list_fetches(app.issuer.id)
    assert seen.times == 6
    assert 60 <= seen.last_at - seen.first_at <= 65


def test_user_agent_is_shortened_and_cleaned(site):
    app = site.install()
    note(site, app, agent="evil\0\r\n\x1b[31m" + "x" * 500)
    (seen,) = list_fetches(app.issuer.id)
    assert seen.user_agent == "evil[31m" + "x" * 112


def test_last_hundred_fetches_of_an_issuer_are_kept(site, monkeypatch):
    monkeypatch.setattr(metadata_fetches, "MOST", 3)
    app = site.install()
    for number in range(5):
        site.clock.ahead = number
        note(site, app, address=f"192.0.2.{number}")
    assert [f.address for f in list_fetches(app.issuer.id)] == [
        "192.0.2.4",
        "192.0.2.3",
        "192.0.2.2",
    ]


def test_fetch_is_not_recorded_while_the_database_is_read_only(site, caplog):
    app = site.install()
    database.execute_sql("ALTER TABLE metadata_fetch RENAME TO elsewhere")
    note(site, app)
    assert "was not recorded" in caplog.text
    database.execute_sql("ALTER TABLE elsewhere RENAME TO metadata_fetch")
    assert list_fetches(app.issuer.id) == ()


def test_many_networks_are_written_at_a_bounded_pace():
    pace = FetchPace()
    taken = sum(bool(pace.take("i", f"10.0.{n // 250}.{n % 250}", now=1000)) for n in range(5000))
    assert taken == FetchPace.MOST
    assert pace.take("i", "198.51.100.1", now=1030) == 0
    assert pace.take("i", "198.51.100.1", now=1060) == 1


def test_ipv6_network_is_recorded_once():
    pace = FetchPace()
    assert pace.take("i", "2001:db8::1", now=1000) == 1
    assert pace.take("i", "2001:db8::2", now=1000) == 0
    assert pace.take("other", "2001:db8::2", now=1000) == 1


def test_fetches_are_recorded_when_the_clock_is_set_back():
    pace = FetchPace()
    assert pace.take("i", "192.0.2.1", now=10_000) == 1
    assert pace.take("i", "192.0.2.1", now=6_400) == 1


def test_rotation_plan_lists_who_has_the_next_certificate(site):
    app = site.install()
    services, place = site.services, site.workspace.id
    for address in ("192.0.2.1", "192.0.2.2"):
        note(site, app, address=address)
    before, _ = issuers.issuer_metadata(services, app.issuer.id)
    rotation.create_next(Scope(services, place, SYSTEM), app.issuer.id)
    found = plan_of(Scope(services, place, SYSTEM), app.issuer.id)
    assert (len(found.fetched), len(found.missing), found.all_fetched) == (0, 2, False)
    note(site, app, address="192.0.2.2")
    # What was made ready before the key was made and sent after it does not hold it.
    late = {"etag": "late", "address": "192.0.2.1", "user_agent": "SimpleSAMLphp"}
    note_fetch(services, app.issuer.id, before, **late)
    found = plan_of(Scope(services, place, SYSTEM), app.issuer.id)
    assert [f.address for f in found.fetched] == ["192.0.2.2"]
    assert [f.address for f in found.missing] == ["192.0.2.1"]
    note(site, app, address="192.0.2.1")
    assert plan_of(Scope(services, place, SYSTEM), app.issuer.id).all_fetched


def test_programs_that_did_not_fetch_for_a_month_are_not_listed(site):
    app = site.install()
    note(site, app)
    site.clock.ahead = 40 * 86_400
    rotation.create_next(site.scope, app.issuer.id)
    assert plan_of(site.scope, app.issuer.id).fetches == ()
