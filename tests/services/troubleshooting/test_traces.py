"""Traces and fixes through the services, without HTTP."""

import secrets
from dataclasses import replace

import pytest
from peewee import IntegrityError
from ssoko.errors import AccessRefused, InputError, MessageRefused, NotFound
from ssoko.plugin import NameIdFormat
from ssoko.plugin.host.registry import Registry
from ssoko.services.activity import references
from ssoko.services.applications import change, views
from ssoko.services.people import users
from ssoko.services.sso import log as sso_log
from ssoko.services.sso.saml import sign_in
from ssoko.services.troubleshooting import fixes, traces
from ssoko.services.troubleshooting.fixes import add_acs_url
from ssoko.store.models.activity import Event
from ssoko.store.models.people import User
from ssoko.store.models.sso import Trace


def denied_trace(site, app, session=None, **more) -> traces.TraceView:
    """Send a request that is refused and return its trace."""
    with pytest.raises((MessageRefused, AccessRefused)) as caught:
        site.begin(app, session, **more)
    return traces.get_trace(site.services, site.workspace.id, caught.value.reference)


def test_disabled_user_is_refused_and_enabled_by_the_fix(site) -> None:
    app, session = site.install(), site.sign_in()
    User.update(active=False).where(User.id == site.amina.id).execute()
    trace = denied_trace(site, app, session)
    assert (trace.code, trace.user_name) == ("user-disabled", "Amina Otieno")
    assert trace.title == "Amina Otieno is disabled and tried to open App"
    assert [s.key for s in trace.steps if s.state == "refused"] == ["user"]
    workspace_id = site.workspace.id
    fix = fixes.apply_fix(site.scope, trace, compared=False)
    assert (fix.needed, fix.label) == (True, "Enable Amina Otieno")
    assert users.get_user(workspace_id, site.amina.id).active
    fix = fixes.apply_fix(site.scope, trace, compared=False)
    assert (fix.needed, fix.done) == (False, "Amina Otieno is enabled.")


def test_event_and_trace_are_written_in_one_transaction(site, monkeypatch) -> None:
    app = site.install()

    def fail(*args: object, **more: object) -> None:
        raise IntegrityError("the log is full")

    monkeypatch.setattr(sso_log, "_write_event", fail)
    with pytest.raises(IntegrityError):
        site.begin(app, None, Destination="https://other.test/")
    assert not Trace.select().exists()


def test_reference_that_exists_is_generated_again(site, monkeypatch) -> None:
    app = site.install()
    first = denied_trace(site, app, Destination="https://other.test/")
    references_in_order = iter([first.reference, "SK-0000-0001"])
    monkeypatch.setattr("ssoko.services.sso.trace.new_reference", lambda: next(references_in_order))
    assert denied_trace(site, app, Destination="https://other.test/").reference == "SK-0000-0001"
    assert Event.select().where(Event.reference == "SK-0000-0001").count() == 1


def test_trace_is_not_visible_in_another_workspace(site) -> None:
    trace = denied_trace(site, site.install(), Destination="https://other.test/")
    with pytest.raises(NotFound, match="30 days"):
        traces.get_trace(site.services, "another", trace.reference)
    assert not traces.list_traces(site.services, "another").items


def test_traces_are_filtered_by_application_user_and_code(site) -> None:
    first, second = site.install("One"), site.install("Two", entity_id="urn:two", people=False)
    bad = denied_trace(site, first, Destination="https://other.test/")
    no_role = denied_trace(site, second, site.sign_in(), issuer="urn:two")
    workspace_id = site.workspace.id

    def listed(**where: str) -> list[str]:
        return [t.reference for t in traces.list_traces(site.services, workspace_id, **where).items]

    assert listed() == [no_role.reference, bad.reference]
    assert listed(application_id=first.id) == [bad.reference]
    assert listed(user_id=site.amina.id) == [no_role.reference]
    assert listed(code="wrong-destination") == [bad.reference]
    assert listed(application_id="no id") == []
    page = traces.list_traces(site.services, workspace_id, limit=1)
    assert [t.reference for t in page.items] == [no_role.reference]
    rest = traces.list_traces(site.services, workspace_id, limit=1, cursor=page.next)
    assert [t.reference for t in rest.items] == [bad.reference]
    with pytest.raises(InputError):
        listed(code="nothing-of-the-kind")


def test_size_of_a_trace_is_limited(site) -> None:
    app = site.install()
    huge = "<samlp:Extensions><x xmlns='urn:x'>" + "y" * 40_000 + "</x></samlp:Extensions>"
    trace = denied_trace(site, app, inner=huge, Destination="https://other.test/" + "z" * 900)
    assert len(trace.request) <= 16 * 1024 + 1
    assert trace.request.endswith("\u2026")
    assert len(trace.received) <= 500


def test_lone_surrogate_and_nul_are_replaced(site) -> None:
    refusal = MessageRefused(
        "form-unreadable", "No \ud800 \0 form.", received="\udcff\0", expected="x"
    )
    app = site.install()
    sign_in.log_refusal(
        site.services, app.issuer.id, refusal, session=None, binding="post", raw="\ud800\0A"
    )
    trace = traces.get_trace(site.services, site.workspace.id, refusal.reference)
    assert trace.undecoded == "?\ufffdA" and trace.received
    assert (trace.started, trace.binding) == ("sp", "post")


def test_fix_adds_only_https_urls_and_readable_certificates(site) -> None:
    app = site.install()
    for url in ("http://app.example.com/acs", "https://a@b.test/", "ftp://x/", ""):
        with pytest.raises(InputError) as caught:
            add_acs_url(site.scope, app.id, url)
        assert list(caught.value.errors) == ["acs_url"]
    with pytest.raises(InputError) as caught:
        fixes.trust_certificate(site.scope, app.id, "no PEM")
    assert list(caught.value.errors) == ["certificate"]


def requested_format(site, app, uri: str):
    inner = f'<samlp:NameIDPolicy Format="{uri}"/>'
    answer = site.begin(app, None, inner=inner)
    trace = traces.get_trace(site.services, site.workspace.id, answer.refusal.reference)
    assert trace.code == "nameid-format"
    return trace


def test_fix_sets_the_requested_name_id_format(site) -> None:
    app = site.install(name_id_format=NameIdFormat.EMAIL.value)
    trace = requested_format(site, app, NameIdFormat.PERSISTENT)
    fix = fixes.find_fix(site.scope, trace)
    assert fix.needed and fix.confirm and fix.label == "Set the NameID format to persistent"
    with pytest.raises(InputError):
        fixes.apply_fix(site.scope, trace, compared=False)
    fixes.apply_fix(site.scope, trace, compared=True)
    changed = views.get_application(site.scope, app.id)
    assert changed.service_provider.name_id_format == NameIdFormat.PERSISTENT
    assert changed.settings["name_id_format"] == NameIdFormat.PERSISTENT
    assert not fixes.find_fix(site.scope, trace).needed


def test_name_id_format_without_values_has_no_fix(site) -> None:
    app = site.install(name_id_format=NameIdFormat.EMAIL.value)
    trace = requested_format(site, app, NameIdFormat.KERBEROS)
    assert fixes.find_fix(site.scope, trace) is None


def test_added_acs_url_can_be_removed(site) -> None:
    app = site.install()
    site.services = replace(site.services, registry=Registry())
    add_acs_url(site.scope, app.id, "https://b.test/")
    application = views.get_application(site.scope, app.id)
    assert application.overrides == {"acs_urls": ["https://b.test/"]}
    assert application.service_provider.acs_urls == (
        *app.service_provider.acs_urls,
        "https://b.test/",
    )
    restored = change.update_application(site.scope, app.id, service_provider={"acs_urls": None})
    assert restored.service_provider.acs_urls == app.service_provider.acs_urls


@pytest.mark.parametrize(
    ("text", "reference"),
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
def test_reference_is_read_as_users_type_it(text: str, reference: str) -> None:
    assert references.read_reference(text) == reference


def test_new_references_are_unique_and_can_be_read() -> None:
    new = {references.new_reference() for _ in range(200)}
    assert len(new) == 200
    assert all(references.read_reference(reference) == reference for reference in new)
    assert all(secrets.compare_digest(references.read_reference(r.lower()), r) for r in new)
