"""Notices before certificates expire: in time and only once (RL-11)."""

import threading

import pytest
from ssoko.services import maintenance
from ssoko.services.applications import change
from ssoko.services.issuers import expiry_notices, issuers, keys, rotation
from ssoko.store.models.table import database

DAY = 86_400


@pytest.fixture
def app(site):
    return site.install()


def before_the_end(site, app, days, hours=0):
    """Set the clock to so long before our certificate ends."""
    site.clock.ahead = 0
    left = days * DAY + int(hours * 3600)
    site.clock.ahead = app.issuer.certificate_not_after - left - site.clock()


def told(site):
    return [
        (e.action, e.application_id, e.detail["days_left"])
        for e in site.events()
        if e.action.startswith("certificate.")
    ]


def test_long_valid_certificate_has_no_notice(site, app):
    assert expiry_notices.due(site.scope) == ()
    assert expiry_notices.write_due(site.services) == 0


def test_each_threshold_is_recorded_once(site, app):
    expected = []
    for days in (100, 90, 89, 61, 60, 31, 30, 14, 13, 7, 2, 1):
        before_the_end(site, app, days)
        maintenance.run(site.services)
        maintenance.run(site.services)
        if days in expiry_notices.THRESHOLDS:
            expected.append(("certificate.expiring", app.id, days))
        assert told(site) == expected, days
    before_the_end(site, app, -1)
    maintenance.run(site.services)
    maintenance.run(site.services)
    assert told(site) == [*expected, ("certificate.expired", app.id, 0)]


def test_only_the_last_passed_threshold_is_recorded(site, app):
    before_the_end(site, app, 5)
    assert expiry_notices.write_due(site.services) == 1
    (event,) = site.events(action="certificate.expiring")
    assert event.detail == {
        "certificate": "ours",
        "certificate_sha256": app.issuer.certificate_sha256,
        "ends_at": app.issuer.certificate_not_after,
        "days_left": 5,
    }
    assert (event.actor_name, event.target_name) == ("Ssoko", "App")


def test_notices_are_not_repeated_when_the_clock_is_set_back(site, app):
    before_the_end(site, app, 29)
    assert expiry_notices.write_due(site.services) == 1
    before_the_end(site, app, 29, hours=1)
    assert expiry_notices.write_due(site.services) == 0


def test_notices_for_a_page_write_nothing(site, app):
    before_the_end(site, app, 6, hours=12)
    (found,) = expiry_notices.due(site.scope)
    assert (found.use, found.days_left, found.threshold, found.ended) == ("ours", 6, 7, False)
    assert (found.slug, found.application_id) == (app.slug, app.id)
    assert expiry_notices.due_for(site.scope, app.id) == (found,)
    before_the_end(site, app, -1)
    assert expiry_notices.due(site.scope)[0].ended
    assert told(site) == []


def test_certificates_of_service_providers_have_notices(site):
    theirs = keys.generate(common_name="SP", now=site.clock())
    app = site.install(certificates=[theirs.certificate], encrypt_assertions=True)
    site.clock.ahead = 3600
    rotation.activate(
        site.scope,
        app.issuer.id,
        rotation.create_next(site.scope, app.issuer.id).id,
    )
    site.clock.ahead = keys.LIFETIME - 90 * DAY + 1800
    (found,) = expiry_notices.due(site.scope)
    assert (found.use, found.issuer_id, found.sha256) == (
        "signing",
        "",
        keys.describe(theirs.certificate).sha256,
    )
    assert expiry_notices.write_due(site.services) == 1
    (event,) = site.events(action="certificate.expiring")
    assert (event.application_id, event.detail["certificate"]) == (app.id, "theirs, signing")


def test_rotation_ends_the_notices_of_the_old_certificate(site, app):
    before_the_end(site, app, 20)
    made = rotation.create_next(site.scope, app.issuer.id)
    assert len(expiry_notices.due(site.scope)) == 1
    rotation.activate(site.scope, app.issuer.id, made.id)
    assert expiry_notices.due(site.scope) == ()


def test_shared_issuer_has_notices_and_an_uninstalled_application_has_none(site, app):
    shared = issuers.create_issuer(site.scope, name="Shared")
    change.uninstall(site.scope, app.id)
    before_the_end(site, app, 1)
    (found,) = expiry_notices.due(site.scope)
    assert (found.name, found.issuer_id, found.slug) == ("Shared", shared.id, "")
    expiry_notices.write_due(site.services)
    assert site.events(action="certificate.expiring", target_id=shared.id, application_id="")


def test_processes_that_check_at_once_write_one_event(site, app):
    before_the_end(site, app, 10)
    start, written = threading.Barrier(4), []

    def check():
        start.wait()
        written.append(expiry_notices.write_due(site.services))
        database.close()

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [0, 0, 0, 1]
    assert len(told(site)) == 1


def test_check_runs_once_per_hour(site, app):
    hourly = maintenance.Hourly()
    before_the_end(site, app, 14, hours=0.5)
    maintenance.run_if_due(site.services, hourly)
    assert len(told(site)) == 1
    before_the_end(site, app, 14, hours=-0.4)
    maintenance.run_if_due(site.services, hourly)
    assert len(told(site)) == 1
    before_the_end(site, app, 14, hours=-0.6)
    maintenance.run_if_due(site.services, hourly)
    assert len(told(site)) == 2


def test_check_is_skipped_while_the_database_is_read_only(site, app, caplog):
    before_the_end(site, app, 14)
    database.execute_sql("ALTER TABLE certificate_notice RENAME TO elsewhere")
    maintenance.run_if_due(site.services, maintenance.Hourly())
    assert "was skipped until" in caplog.text
    database.execute_sql("ALTER TABLE elsewhere RENAME TO certificate_notice")
    assert told(site) == []
