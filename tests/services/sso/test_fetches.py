"""Who fetched the metadata: seen by the admin, bounded, and cheap whoever asks."""

from ssoko.services import fetches, issuers, rotation
from ssoko.services.context import SYSTEM
from ssoko.services.fetches import list_fetches, note_fetch
from ssoko.services.pace import FetchPace
from ssoko.services.rotation_plan import rotation as plan_of
from ssoko.store.models import database


def note(house, app, address="192.0.2.1", agent="SimpleSAMLphp"):
    sent, etag = issuers.issuer_metadata(house.services, app.issuer.id)
    note_fetch(house.services, app.issuer.id, sent, etag=etag, address=address, user_agent=agent)


def test_an_address_is_written_once_a_minute_with_all_its_fetches_counted(house):
    app = house.install()
    for _ in range(5):
        note(house, app)
    assert [(f.address, f.user_agent, f.times) for f in list_fetches(app.issuer.id)] == [
        ("192.0.2.1", "SimpleSAMLphp", 1)
    ]
    house.clock.ahead = 61
    note(house, app)
    (seen,) = list_fetches(app.issuer.id)
    assert seen.times == 6
    assert 60 <= seen.last_at - seen.first_at <= 65


def test_what_a_program_calls_itself_is_cut_and_cleaned(house):
    app = house.install()
    note(house, app, agent="evil\0\r\n\x1b[31m" + "x" * 500)
    (seen,) = list_fetches(app.issuer.id)
    assert seen.user_agent == "evil[31m" + "x" * 112


def test_an_issuer_keeps_the_last_hundred_alone(house, monkeypatch):
    monkeypatch.setattr(fetches, "MOST", 3)
    app = house.install()
    for number in range(5):
        house.clock.ahead = number
        note(house, app, address=f"192.0.2.{number}")
    assert [f.address for f in list_fetches(app.issuer.id)] == [
        "192.0.2.4",
        "192.0.2.3",
        "192.0.2.2",
    ]


def test_a_database_that_cannot_be_written_to_loses_the_line_only(house, caplog):
    app = house.install()
    database.execute_sql("ALTER TABLE metadata_fetch RENAME TO elsewhere")
    note(house, app)
    assert "was not written" in caplog.text
    database.execute_sql("ALTER TABLE elsewhere RENAME TO metadata_fetch")
    assert list_fetches(app.issuer.id) == ()


def test_many_networks_are_written_at_a_bounded_pace():
    pace = FetchPace()
    taken = sum(bool(pace.take("i", f"10.0.{n // 250}.{n % 250}", now=1000)) for n in range(5000))
    assert taken == FetchPace.MOST
    assert pace.take("i", "198.51.100.1", now=1030) == 0
    assert pace.take("i", "198.51.100.1", now=1060) == 1


def test_one_network_of_ipv6_counts_as_one_place():
    pace = FetchPace()
    assert pace.take("i", "2001:db8::1", now=1000) == 1
    assert pace.take("i", "2001:db8::2", now=1000) == 0
    assert pace.take("other", "2001:db8::2", now=1000) == 1


def test_a_clock_that_jumps_back_stops_nothing():
    pace = FetchPace()
    assert pace.take("i", "192.0.2.1", now=10_000) == 1
    assert pace.take("i", "192.0.2.1", now=6_400) == 1


def test_the_plan_tells_who_has_the_next_certificate(house):
    app = house.install()
    services, place = house.services, house.workspace.id
    for address in ("192.0.2.1", "192.0.2.2"):
        note(house, app, address=address)
    before, _ = issuers.issuer_metadata(services, app.issuer.id)
    rotation.create_next(services, place, SYSTEM, app.issuer.id)
    found = plan_of(services, place, app.issuer.id)
    assert (len(found.fetched), len(found.missing), found.all_fetched) == (0, 2, False)
    note(house, app, address="192.0.2.2")
    # What was made ready before the key was made and sent after it does not hold it.
    late = {"etag": "late", "address": "192.0.2.1", "user_agent": "SimpleSAMLphp"}
    note_fetch(services, app.issuer.id, before, **late)
    found = plan_of(services, place, app.issuer.id)
    assert [f.address for f in found.fetched] == ["192.0.2.2"]
    assert [f.address for f in found.missing] == ["192.0.2.1"]
    note(house, app, address="192.0.2.1")
    assert plan_of(services, place, app.issuer.id).all_fetched


def test_whoever_did_not_come_for_a_month_is_not_waited_for(house):
    app = house.install()
    note(house, app)
    house.clock.ahead = 40 * 86_400
    rotation.create_next(house.services, house.workspace.id, SYSTEM, app.issuer.id)
    assert plan_of(house.services, house.workspace.id, app.issuer.id).fetches == ()
