"""Notices before a certificate ends: in time, once, ours and theirs (RL-11)."""

import threading

import pytest
from ssoko.services import applications, issuers, keys, notices, rotation
from ssoko.services.context import SYSTEM
from ssoko.store.models import database

DAY = 86_400


@pytest.fixture
def app(house):
    return house.install()


def before_the_end(house, app, days, hours=0):
    """Set the clock to so long before our certificate ends."""
    house.clock.ahead = 0
    left = days * DAY + int(hours * 3600)
    house.clock.ahead = app.issuer.certificate_not_after - left - house.clock()


def told(house):
    return [
        (e.action, e.application_id, e.detail["days_left"])
        for e in house.events()
        if e.action.startswith("certificate.")
    ]


def test_nothing_is_said_of_a_certificate_that_lasts(house, app):
    assert notices.due(house.services, house.workspace.id) == ()
    assert notices.write_due(house.services) == 0


def test_each_threshold_is_told_once_as_the_clock_moves(house, app):
    expected = []
    for days in (100, 90, 89, 61, 60, 31, 30, 14, 13, 7, 2, 1):
        before_the_end(house, app, days)
        notices.run(house.services)
        notices.run(house.services)
        if days in notices.THRESHOLDS:
            expected.append(("certificate.ending", app.id, days))
        assert told(house) == expected, days
    before_the_end(house, app, -1)
    notices.run(house.services)
    notices.run(house.services)
    assert told(house) == [*expected, ("certificate.ended", app.id, 0)]


def test_what_is_found_late_is_told_by_its_last_threshold_alone(house, app):
    before_the_end(house, app, 5)
    assert notices.write_due(house.services) == 1
    (event,) = house.events(action="certificate.ending")
    assert event.detail == {
        "certificate": "ours",
        "certificate_sha256": app.issuer.certificate_sha256,
        "ends_at": app.issuer.certificate_not_after,
        "days_left": 5,
    }
    assert (event.actor_name, event.target_name) == ("Ssoko", "App")


def test_a_clock_that_jumps_back_tells_nothing_twice(house, app):
    before_the_end(house, app, 29)
    assert notices.write_due(house.services) == 1
    before_the_end(house, app, 29, hours=1)
    assert notices.write_due(house.services) == 0


def test_the_page_says_what_is_due_without_writing(house, app):
    before_the_end(house, app, 6, hours=12)
    (found,) = notices.due(house.services, house.workspace.id)
    assert (found.use, found.days_left, found.threshold, found.ended) == ("ours", 6, 7, False)
    assert (found.slug, found.application_id) == (app.slug, app.id)
    view = applications.get_application(house.services, house.workspace.id, app.id)
    assert notices.due_for(house.services, house.workspace.id, view) == (found,)
    before_the_end(house, app, -1)
    assert notices.due(house.services, house.workspace.id)[0].ended
    assert told(house) == []


def test_the_certificates_of_service_providers_are_watched_too(house):
    theirs = keys.generate(common_name="SP", now=house.clock())
    app = house.install(certificates=[theirs.certificate], encrypt_assertions=True)
    house.clock.ahead = 3600
    rotation.activate(
        house.services,
        house.workspace.id,
        SYSTEM,
        app.issuer.id,
        rotation.create_next(house.services, house.workspace.id, SYSTEM, app.issuer.id).id,
    )
    house.clock.ahead = keys.LIFETIME - 90 * DAY + 1800
    (found,) = notices.due(house.services, house.workspace.id)
    assert (found.use, found.issuer_id, found.sha256) == (
        "signing",
        "",
        keys.describe(theirs.certificate).sha256,
    )
    assert notices.write_due(house.services) == 1
    (event,) = house.events(action="certificate.ending")
    assert (event.application_id, event.detail["certificate"]) == (app.id, "theirs, signing")


def test_a_rotation_ends_the_notices_of_the_old_certificate(house, app):
    before_the_end(house, app, 20)
    made = rotation.create_next(house.services, house.workspace.id, SYSTEM, app.issuer.id)
    assert len(notices.due(house.services, house.workspace.id)) == 1
    rotation.activate(house.services, house.workspace.id, SYSTEM, app.issuer.id, made.id)
    assert notices.due(house.services, house.workspace.id) == ()


def test_a_shared_issuer_is_named_and_an_uninstalled_application_is_not(house, app):
    shared = issuers.create_issuer(house.services, house.workspace.id, SYSTEM, name="Shared")
    applications.uninstall(house.services, house.workspace.id, SYSTEM, app.id)
    before_the_end(house, app, 1)
    (found,) = notices.due(house.services, house.workspace.id)
    assert (found.name, found.issuer_id, found.slug) == ("Shared", shared.id, "")
    notices.write_due(house.services)
    assert house.events(action="certificate.ending", target_id=shared.id, application_id="")


def test_processes_that_check_at_once_write_one_event(house, app):
    before_the_end(house, app, 10)
    start, written = threading.Barrier(4), []

    def check():
        start.wait()
        written.append(notices.write_due(house.services))
        database.close()

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [0, 0, 0, 1]
    assert len(told(house)) == 1


def test_the_check_runs_once_an_hour(house, app):
    before_the_end(house, app, 14, hours=0.5)
    notices.run_if_due(house.services)
    assert len(told(house)) == 1
    before_the_end(house, app, 14, hours=-0.4)
    notices.run_if_due(house.services)
    assert len(told(house)) == 1
    before_the_end(house, app, 14, hours=-0.6)
    notices.run_if_due(house.services)
    assert len(told(house)) == 2


def test_a_database_that_cannot_be_written_to_puts_the_check_off(house, app, caplog):
    before_the_end(house, app, 14)
    database.execute_sql("ALTER TABLE certificate_notice RENAME TO elsewhere")
    notices.run_if_due(house.services)
    assert "put off for an hour" in caplog.text
    database.execute_sql("ALTER TABLE elsewhere RENAME TO certificate_notice")
    assert told(house) == []
