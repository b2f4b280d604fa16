"""Traces by the services alone: written with their event, once each, and mended."""

import secrets
from dataclasses import replace

import pytest
from peewee import IntegrityError
from ssoko.errors import AccessRefused, InputError, MessageRefused, NotFound
from ssoko.plugin.host.registry import Registry
from ssoko.services.activity import references
from ssoko.services.applications import change, views
from ssoko.services.context import SYSTEM
from ssoko.services.people import users
from ssoko.services.sso import attempt
from ssoko.services.sso.saml import sign_in
from ssoko.services.troubleshooting import fixes, traces
from ssoko.services.troubleshooting.fixes import add_acs_url
from ssoko.store.models.activity import Event
from ssoko.store.models.people import User
from ssoko.store.models.sso import Trace


def refused(site, app, session=None, **more) -> traces.TraceView:
    """Have a request refused and return its trace."""
    with pytest.raises((MessageRefused, AccessRefused)) as caught:
        site.begin(app, session, **more)
    return traces.get_trace(site.services, site.workspace.id, caught.value.reference)


def test_a_disabled_person_is_refused_and_enabled_with_one_press(site) -> None:
    app, session = site.install(), site.sign_in()
    User.update(active=False).where(User.id == site.amina.id).execute()
    trace = refused(site, app, session)
    assert (trace.code, trace.user_name) == ("user-disabled", "Amina Otieno")
    assert trace.title == "Amina Otieno is disabled and tried App"
    assert [s.key for s in trace.steps if s.state == "refused"] == ["person"]
    here = site.workspace.id
    offer = fixes.accept(site.services, here, SYSTEM, trace, compared=False)
    assert offer.label == "Enable Amina Otieno"
    assert users.get_user(here, site.amina.id).active
    assert fixes.accept(site.services, here, SYSTEM, trace, compared=False).done


def test_an_event_and_its_trace_share_their_fate(site, monkeypatch) -> None:
    app = site.install()

    def fail(*args: object, **more: object) -> None:
        raise IntegrityError("the log is full")

    monkeypatch.setattr(attempt, "_write_event", fail)
    with pytest.raises(IntegrityError):
        site.begin(app, None, Destination="https://other.test/")
    assert not Trace.select().exists()


def test_a_reference_that_is_taken_is_drawn_again(site, monkeypatch) -> None:
    app = site.install()
    first = refused(site, app, Destination="https://other.test/")
    drawn = iter([first.reference, "SK-0000-0001"])
    monkeypatch.setattr("ssoko.services.sso.trace.new_reference", lambda: next(drawn))
    assert refused(site, app, Destination="https://other.test/").reference == "SK-0000-0001"
    assert Event.select().where(Event.reference == "SK-0000-0001").count() == 1


def test_a_trace_belongs_to_its_workspace(site) -> None:
    trace = refused(site, site.install(), Destination="https://other.test/")
    with pytest.raises(NotFound, match="30 days"):
        traces.get_trace(site.services, "another", trace.reference)
    assert not traces.list_traces(site.services, "another").items


def test_traces_are_listed_by_application_person_and_code(site) -> None:
    one, two = site.install("One"), site.install("Two", entity_id="urn:two", people=False)
    bad = refused(site, one, Destination="https://other.test/")
    no_role = refused(site, two, site.sign_in(), issuer="urn:two")
    here = site.workspace.id

    def listed(**where: str) -> list[str]:
        return [t.reference for t in traces.list_traces(site.services, here, **where).items]

    assert listed() == [no_role.reference, bad.reference]
    assert listed(application_id=one.id) == [bad.reference]
    assert listed(user_id=site.amina.id) == [no_role.reference]
    assert listed(code="wrong-destination") == [bad.reference]
    assert listed(application_id="no id") == []
    page = traces.list_traces(site.services, here, limit=1)
    assert [t.reference for t in page.items] == [no_role.reference]
    rest = traces.list_traces(site.services, here, limit=1, cursor=page.next)
    assert [t.reference for t in rest.items] == [bad.reference]
    with pytest.raises(InputError):
        listed(code="nothing-of-the-kind")


def test_a_trace_is_bounded_whatever_is_sent(site) -> None:
    app = site.install()
    huge = "<samlp:Extensions><x xmlns='urn:x'>" + "y" * 40_000 + "</x></samlp:Extensions>"
    trace = refused(site, app, inner=huge, Destination="https://other.test/" + "z" * 900)
    assert len(trace.request) <= 16 * 1024 + 1
    assert trace.request.endswith("\u2026")
    assert len(trace.got) <= 500


def test_a_half_character_and_nul_do_no_harm(site) -> None:
    refusal = MessageRefused("form-unreadable", "No \ud800 \0 form.", got="\udcff\0", expected="x")
    app = site.install()
    sign_in.log_refusal(
        site.services, app.issuer.id, refusal, session=None, binding="post", raw="\ud800\0A"
    )
    trace = traces.get_trace(site.services, site.workspace.id, refusal.reference)
    assert trace.undecoded == "?\ufffdA" and trace.got
    assert (trace.started, trace.binding) == ("sp", "post")


def test_nothing_but_https_is_added(site) -> None:
    app = site.install()
    for url in ("http://app.example.com/acs", "https://a@b.test/", "ftp://x/", ""):
        with pytest.raises(InputError) as caught:
            add_acs_url(site.services, site.workspace.id, SYSTEM, app.id, url)
        assert list(caught.value.errors) == ["acs_url"]
    with pytest.raises(InputError) as caught:
        fixes.trust_certificate(site.services, site.workspace.id, SYSTEM, app.id, "no PEM")
    assert list(caught.value.errors) == ["certificate"]


def test_what_was_added_can_be_taken_away(site) -> None:
    app = site.install()
    site.services = replace(site.services, registry=Registry())
    add_acs_url(site.services, site.workspace.id, SYSTEM, app.id, "https://b.test/")
    found = views.get_application(site.scope, app.id)
    assert found.overrides == {"acs_urls": ["https://b.test/"]}
    assert found.service_provider.acs_urls == (*app.service_provider.acs_urls, "https://b.test/")
    back = change.update_application(site.scope, app.id, service_provider={"acs_urls": None})
    assert back.service_provider.acs_urls == app.service_provider.acs_urls


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("SK-7QF4-K2M9", "SK-7QF4-K2M9"),
        (" sk 7qf4 k2m9 ", "SK-7QF4-K2M9"),
        ("sk7qf4k2m9", "SK-7QF4-K2M9"),
        ("SK-OIL4-K2M9", "SK-0114-K2M9"),
        ("SK-7QF4-K2M", ""),
        ("7QF4-K2M9", ""),
        ("", ""),
        ("SK-" + "A" * 1000, ""),
    ],
)
def test_a_reference_is_read_as_people_type_it(typed: str, read: str) -> None:
    assert references.read_reference(typed) == read


def test_references_are_made_as_they_are_read() -> None:
    made = {references.new_reference() for _ in range(200)}
    assert len(made) == 200
    assert all(references.read_reference(one) == one for one in made)
    assert all(secrets.compare_digest(references.read_reference(m.lower()), m) for m in made)
