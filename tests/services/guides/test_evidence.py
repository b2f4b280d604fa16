"""What ticks the steps of a guide, and what unticks them again, on either database."""

import secrets
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from ssoko.plugin.host.registry import Registry
from ssoko.saml import names
from ssoko.saml.bindings import decode_redirect, encode_redirect
from ssoko.saml.logout import build_logout_request
from ssoko.saml.response import NameId
from ssoko.saml.signing import SigningKey
from ssoko.services.access import assignments
from ssoko.services.applications import change, install, views
from ssoko.services.context import SYSTEM, Actor, Scope
from ssoko.services.guides import progress
from ssoko.services.guides.evidence import gather
from ssoko.services.issuers import issuers, rotation
from ssoko.services.issuers.metadata_fetches import note_fetch
from ssoko.services.people import groups, users
from ssoko.services.sso import evidence
from ssoko.services.sso.evidence import active_key
from ssoko.services.sso.saml import logout, sign_in
from ssoko.store.models.sessions import Participation
from ssoko.store.models.table import database

ADA = Actor("user", "ada", "Ada Admin")
ACS = "https://app.example.com/saml/acs"


@pytest.fixture
def seen(site):
    """Return what is seen of an application, as a function of a kind."""

    def look(app, kind):
        now = views.get_application(site.scope, app.id)
        return gather(site.scope, now, [kind])[kind]

    return look


def fetch(site, app, *, agent="python-requests/2.32", address="192.0.2.9"):
    sent, etag = issuers.issuer_metadata(site.services, app.issuer.id)
    note_fetch(site.services, app.issuer.id, sent, etag=etag, address=address, user_agent=agent)


def switch_key(site, app):
    """Make another key the one that signs, a minute later."""
    site.clock.ahead += 60
    made = rotation.create_next(site.scope, app.issuer.id)
    rotation.activate(site.scope, app.issuer.id, made.id)
    site.clock.ahead += 60


def take_certificate(site, app):
    issuer = views.get_application(site.scope, app.id).issuer
    evidence.note_certificate(site.services, ADA, app.id, issuer.id, issuer.certificate)


def take_metadata(site, app):
    sent, _ = issuers.issuer_metadata(site.services, app.issuer.id)
    evidence.note_metadata(site.services, ADA, app.id, app.issuer.id, sent)


def launch(site, app):
    return sign_in.launch(site.services, "acme", app.slug, session=site.sign_in())


def request(site, app, **more):
    return sign_in.begin(
        site.services, app.issuer.id, site.inbound(app, **more), session=site.sign_in()
    )


def test_an_installation_says_who_installed_it(site, seen):
    one = seen(site.install(), "installed")
    assert (one.done, one.by, one.at) == (True, "Ssoko", site.clock())
    assert one.sentence == "Installed by Ssoko"


def test_nothing_is_claimed_that_was_not_seen(site, seen):
    app = site.install(people=False)
    for kind in ("metadata", "certificate", "role", "request", "sign-in", "accepted", "check:x"):
        one = seen(app, kind)
        assert (one.done, one.at, one.by, one.sentence) == (False, None, "", ""), kind


def test_the_first_download_is_kept_and_counts_while_its_key_signs(site, seen):
    app = site.install()
    take_certificate(site, app)
    first = seen(app, "certificate")
    assert (first.done, first.sentence) == (True, "Certificate downloaded by Ada Admin")
    site.clock.ahead += 600
    take_certificate(site, app)
    assert seen(app, "certificate").at == first.at
    assert not seen(app, "metadata").done
    switch_key(site, app)
    assert not seen(app, "certificate").done
    take_certificate(site, app)
    assert seen(app, "certificate").at == site.clock()


def test_a_metadata_file_holds_the_certificate_too(site, seen):
    app = site.install()
    take_metadata(site, app)
    assert seen(app, "metadata").sentence == "Metadata file downloaded by Ada Admin"
    certificate = seen(app, "certificate")
    assert certificate.sentence == "Metadata file with the certificate downloaded by Ada Admin"
    switch_key(site, app)
    assert not seen(app, "metadata").done
    assert not seen(app, "certificate").done


def test_metadata_with_the_next_key_count_after_the_switch(site, seen):
    app = site.install()
    made = rotation.create_next(site.scope, app.issuer.id)
    take_metadata(site, app)
    fetch(site, app)
    rotation.activate(site.scope, app.issuer.id, made.id)
    assert seen(app, "metadata").done
    assert seen(app, "certificate").done


def test_a_fetch_names_the_program(site, seen):
    app = site.install()
    fetch(site, app, agent="aws", address="203.0.113.4")
    assert seen(app, "metadata").sentence == "Metadata fetched by aws at 203.0.113.4"
    assert seen(app, "certificate").by == "aws at 203.0.113.4"
    switch_key(site, app)
    assert not seen(app, "metadata").done


def test_fetches_of_a_shared_issuer_are_nobodys(site, seen):
    shared = issuers.create_issuer(site.scope, name="Shared")
    app = install.install(
        site.scope,
        integration="custom-saml",
        name="App",
        settings={"entity_id": "urn:app", "acs_urls": [ACS]},
        issuer_id=shared.id,
    )
    fetch(site, app)
    assert not seen(app, "metadata").done


def test_a_role_counts_while_somebody_has_it(site, seen):
    app = site.install()
    assert seen(app, "role").sentence == (f"{app.default_role.name} given to Amina Otieno by Ssoko")
    users.update_user(site.scope, site.amina.id, active=False)
    assert not seen(app, "role").done
    users.update_user(site.scope, site.amina.id, active=True)
    assert seen(app, "role").done
    assignments.revoke_role(
        site.scope,
        role_id=app.default_role.id,
        user_id=site.amina.id,
    )
    assert not seen(app, "role").done


def test_a_role_that_lapsed_is_nobodys(site, seen):
    app = site.install(people=False)
    site.give(app, expires_at=site.clock() + 60)
    assert seen(app, "role").done
    site.clock.ahead += 60
    assert not seen(app, "role").done


def test_a_group_counts_and_an_empty_one_is_called_so(site, seen):
    app = site.install(people=False)
    group = groups.create_group(site.scope, name="Ops")
    assignments.assign_roles(
        site.scope,
        role_ids=[app.default_role.id],
        group_id=group.id,
    )
    assert "the group Ops, which nobody is in yet" in seen(app, "role").sentence
    groups.add_member(site.scope, group.id, user_id=site.amina.id)
    assert "given to the group Ops by Ssoko" in seen(app, "role").sentence


def test_a_launch_is_no_request_and_not_accepted(site, seen):
    app = site.install()
    launch(site, app)
    sent = seen(app, "sign-in")
    assert (sent.done, sent.by) == (True, "Amina Otieno")
    assert sent.sentence == f"Assertion sent to {ACS} for Amina Otieno"
    assert not seen(app, "request").done
    assert not seen(app, "accepted").done


def test_a_request_counts_also_when_the_person_was_not_let_in(site, seen):
    app = site.install(people=False)
    with pytest.raises(Exception, match="role"):
        request(site, app)
    one = seen(app, "request")
    assert (one.done, one.by) == (True, app.service_provider.entity_id)
    assert seen(app, "metadata").sentence.startswith("Our Login Endpoint used by ")
    assert not seen(app, "sign-in").done


def test_an_answer_counts_while_this_key_signs(site, seen):
    app = site.install()
    request(site, app)
    assert seen(app, "sign-in").done
    switch_key(site, app)
    assert not seen(app, "sign-in").done
    assert seen(app, "request").done
    request(site, app)
    assert seen(app, "sign-in").done


@pytest.mark.parametrize(
    ("changed", "request_stays"),
    [({"acs_urls": ["https://new.test/acs"]}, True), ({"entity_id": "urn:new"}, False)],
)
def test_an_answer_counts_while_it_would_go_there_again(site, seen, changed, request_stays):
    app = site.install()
    request(site, app)
    settings = {"entity_id": app.service_provider.entity_id, "acs_urls": [ACS], **changed}
    change.update_application(site.scope, app.id, settings=settings)
    assert not seen(app, "sign-in").done
    assert seen(app, "request").done is request_stays


def sign_out(site, key, app, **changes):
    """Send the LogoutRequest of the one session."""
    index = Participation.get(Participation.application == app.id).session_index
    asked = {
        "request_id": f"_{secrets.token_hex(16)}",
        "issuer": app.service_provider.entity_id,
        "destination": app.issuer.logout_endpoint,
        "issue_instant": site.clock(),
        "name_id": NameId("amina@acme.test", names.NAMEID_UNSPECIFIED),
        "session_indexes": (index,),
    }
    url = encode_redirect(
        app.issuer.logout_endpoint, build_logout_request(**asked | changes), key=key
    )
    logout.request(site.services, app.issuer.id, decode_redirect(urlsplit(url).query.encode()))


@pytest.fixture
def talking(site, sp_key):
    """Install an application that signs out; return it with its key."""
    app = site.install(logout_url="https://app.example.com/slo", certificates=[sp_key.certificate])
    return app, SigningKey.from_pem(sp_key.private_pem, sp_key.certificate)


def test_a_sign_out_with_the_index_shows_that_the_answer_was_accepted(site, seen, talking):
    app, key = talking
    launch(site, app)
    assert not seen(app, "accepted").done
    sign_out(site, key, app)
    one = seen(app, "accepted")
    assert (one.done, one.at) == (True, site.clock())
    assert one.sentence.endswith("spoke of a session that it had accepted for Amina Otieno")
    before = active_key(app.issuer.id).id
    switch_key(site, app)
    assert not seen(app, "accepted").done
    # Switched back, the same certificate was handed over, and nothing was tried since.
    rotation.activate(site.scope, app.issuer.id, before)
    assert not seen(app, "accepted").done
    assert not seen(app, "sign-in").done


def test_a_sign_out_by_name_alone_shows_nothing(site, seen, talking):
    app, key = talking
    launch(site, app)
    sign_out(site, key, app, session_indexes=())
    assert not seen(app, "accepted").done


def test_what_an_earlier_key_signed_is_not_accepted_now(site, seen, talking):
    app, key = talking
    launch(site, app)
    switch_key(site, app)
    sign_out(site, key, app)
    assert not seen(app, "accepted").done


def test_a_plugin_speaks_for_its_own_applications(site, seen):
    app = site.install()
    launch(site, app)
    index = Participation.get(Participation.application == app.id).session_index
    evidence.note_said(site.services, "aws", app.id, index)
    evidence.note_said(site.services, "custom-saml", app.id, "_another")
    assert not seen(app, "accepted").done
    evidence.note_said(site.services, "custom-saml", app.id, index)
    assert seen(app, "accepted").done


def test_a_new_installation_begins_with_nothing(site, seen):
    app = site.install()
    take_certificate(site, app)
    launch(site, app)
    change.uninstall(site.scope, app.id)
    again = site.install(people=False)
    for kind in ("certificate", "role", "sign-in"):
        assert not seen(again, kind).done
    assert seen(again, "installed").done


def aws(site, *, people=True):
    made = install.install(
        site.scope,
        integration="aws",
        name="AWS",
        settings={
            "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
            "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-a",
            "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
        },
    )
    if people:
        site.give(made)
    return made


def test_a_rule_of_the_plugin_is_judged_for_somebody_who_gets_in(site, seen):
    app = aws(site, people=False)
    assert not seen(app, "check:name-id-email").done
    site.give(app)
    one = seen(app, "check:name-id-email")
    assert (one.done, one.by) == (True, "Amina Otieno")
    # Only AWS can know this one.
    assert not seen(app, "check:username").done
    assert not seen(app, "check:nothing").done
    users.update_user(site.scope, site.amina.id, email="")
    assert not seen(app, "check:name-id-email").done


def test_a_rule_of_a_missing_plugin_ticks_nothing(site):
    app = aws(site)
    services = replace(site.services, registry=Registry.load([]))
    found = views.get_application(Scope(services, site.workspace.id, SYSTEM), app.id)
    shown = progress.progress(Scope(services, site.workspace.id, SYSTEM), found)
    assert not shown.seen["check:name-id-email"].done
    assert shown.seen["role"].done


def test_a_guide_that_names_nothing_still_says_how_far_it_is(site):
    app = replace(site.install(), guide="1. Do it.")
    shown = progress.progress(site.scope, app)
    assert list(shown.seen) == ["installed", "role", "sign-in"]
    assert (shown.done, shown.next, shown.places.get("role")) == (2, "sign-in", None)


def test_a_guide_is_looked_up_in_few_statements(site, monkeypatch):
    app = site.install()
    for _ in range(12):
        launch(site, app)
        fetch(site, app, address=f"192.0.2.{secrets.randbelow(250)}")
    asked = []
    execute = type(database.obj).execute_sql

    def counted(self, sql, *args, **more):
        asked.append(sql)
        return execute(self, sql, *args, **more)

    monkeypatch.setattr(type(database.obj), "execute_sql", counted)
    kinds = ["installed", "metadata", "certificate", "role", "request", "sign-in", "accepted"]
    gather(site.scope, app, kinds)
    assert len(asked) <= 5, asked


def test_a_sign_in_neither_reads_nor_writes_evidence(site, monkeypatch):
    app = site.install()
    session = site.sign_in()
    asked = []
    execute = type(database.obj).execute_sql

    def noted(self, sql, *args, **more):
        asked.append(sql)
        return execute(self, sql, *args, **more)

    sign_in.launch(site.services, "acme", app.slug, session=session)
    monkeypatch.setattr(type(database.obj), "execute_sql", noted)
    sign_in.launch(site.services, "acme", app.slug, session=session)
    written = [sql.split()[2] for sql in asked if sql.lstrip().startswith("INSERT")]
    assert written == ["participation", "event"]
    # The sign-in's one statement, its two lines, and what begins and ends the transaction.
    assert len([sql for sql in asked if sql.lstrip().startswith("SELECT")]) == 1
    assert not [sql for sql in asked if "guide_evidence" in sql]
