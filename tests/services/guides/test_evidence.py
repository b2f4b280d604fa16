"""The evidence that ticks and unticks the steps of a guide, on both databases."""

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
from ssoko.services.guides.evidence import find_evidence
from ssoko.services.guides.progress import read_progress
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
def find(site):
    """Return what is seen of an application, as a function of a kind."""

    def look(app, kind):
        now = views.get_application(site.scope, app.id)
        return find_evidence(site.scope, now, [kind])[kind]

    return look


def fetch(site, app, *, agent="python-requests/2.32", address="192.0.2.9"):
    document, etag = issuers.issuer_metadata(site.services, app.issuer.id)
    note_fetch(site.services, app.issuer.id, document, etag=etag, address=address, user_agent=agent)


def switch_key(site, app):
    """Make another key the one that signs, a minute later."""
    site.clock.ahead += 60
    next_key = rotation.create_next(site.scope, app.issuer.id)
    rotation.activate(site.scope, app.issuer.id, next_key.id)
    site.clock.ahead += 60


def take_certificate(site, app):
    issuer = views.get_application(site.scope, app.id).issuer
    evidence.note_certificate(site.services, ADA, app.id, issuer.id, issuer.certificate)


def take_metadata(site, app):
    document, _ = issuers.issuer_metadata(site.services, app.issuer.id)
    evidence.note_metadata(site.services, ADA, app.id, app.issuer.id, document)


def launch(site, app):
    return sign_in.launch(site.services, "acme", app.slug, session=site.sign_in())


def request(site, app, **more):
    return sign_in.begin(
        site.services, app.issuer.id, site.inbound(app, **more), session=site.sign_in()
    )


def test_installed_names_the_admin_who_installed_it(site, find):
    evidence_of_step = find(site.install(), "installed")
    assert (evidence_of_step.done, evidence_of_step.by, evidence_of_step.at) == (
        True,
        "Ssoko",
        site.clock(),
    )
    assert evidence_of_step.sentence == "Installed by Ssoko"


def test_missing_evidence_is_not_done(site, find):
    app = site.install(people=False)
    for kind in ("metadata", "certificate", "role", "request", "sign-in", "accepted", "check:x"):
        evidence_of_step = find(app, kind)
        assert (
            evidence_of_step.done,
            evidence_of_step.at,
            evidence_of_step.by,
            evidence_of_step.sentence,
        ) == (False, None, "", ""), kind


def test_first_download_counts_while_its_key_is_active(site, find):
    app = site.install()
    take_certificate(site, app)
    first = find(app, "certificate")
    assert (first.done, first.sentence) == (True, "Certificate downloaded by Ada Admin")
    site.clock.ahead += 600
    take_certificate(site, app)
    assert find(app, "certificate").at == first.at
    assert not find(app, "metadata").done
    switch_key(site, app)
    assert not find(app, "certificate").done
    take_certificate(site, app)
    assert find(app, "certificate").at == site.clock()


def test_metadata_download_also_counts_for_the_certificate(site, find):
    app = site.install()
    take_metadata(site, app)
    assert find(app, "metadata").sentence == "Metadata file downloaded by Ada Admin"
    certificate = find(app, "certificate")
    assert certificate.sentence == "Metadata file with the certificate downloaded by Ada Admin"
    switch_key(site, app)
    assert not find(app, "metadata").done
    assert not find(app, "certificate").done


def test_metadata_with_the_next_key_counts_after_activation(site, find):
    app = site.install()
    next_key = rotation.create_next(site.scope, app.issuer.id)
    take_metadata(site, app)
    fetch(site, app)
    rotation.activate(site.scope, app.issuer.id, next_key.id)
    assert find(app, "metadata").done
    assert find(app, "certificate").done


def test_metadata_fetch_names_the_program(site, find):
    app = site.install()
    fetch(site, app, agent="aws", address="203.0.113.4")
    assert find(app, "metadata").sentence == "Metadata fetched by aws at 203.0.113.4"
    assert find(app, "certificate").by == "aws at 203.0.113.4"
    switch_key(site, app)
    assert not find(app, "metadata").done


def test_fetches_of_a_shared_issuer_do_not_count(site, find):
    shared = issuers.create_issuer(site.scope, name="Shared")
    app = install.install(
        site.scope,
        integration="custom-saml",
        name="App",
        settings={"entity_id": "urn:app", "acs_urls": [ACS]},
        issuer_id=shared.id,
    )
    fetch(site, app)
    assert not find(app, "metadata").done


def test_role_counts_while_an_active_user_has_it(site, find):
    app = site.install()
    assert find(app, "role").sentence == (
        f"{app.default_role.name} assigned to Amina Otieno by Ssoko"
    )
    users.update_user(site.scope, site.amina.id, active=False)
    assert not find(app, "role").done
    users.update_user(site.scope, site.amina.id, active=True)
    assert find(app, "role").done
    assignments.remove_role(
        site.scope,
        role_id=app.default_role.id,
        user_id=site.amina.id,
    )
    assert not find(app, "role").done


def test_expired_assignment_does_not_count(site, find):
    app = site.install(people=False)
    site.give(app, expires_at=site.clock() + 60)
    assert find(app, "role").done
    site.clock.ahead += 60
    assert not find(app, "role").done


def test_assignment_to_a_group_counts_and_names_an_empty_group(site, find):
    app = site.install(people=False)
    group = groups.create_group(site.scope, name="Ops")
    assignments.assign_roles(
        site.scope,
        role_ids=[app.default_role.id],
        group_id=group.id,
    )
    assert "the group Ops (no active members)" in find(app, "role").sentence
    groups.add_member(site.scope, group.id, user_id=site.amina.id)
    assert "assigned to the group Ops by Ssoko" in find(app, "role").sentence


def test_launch_is_neither_a_request_nor_an_accepted_response(site, find):
    app = site.install()
    launch(site, app)
    document = find(app, "sign-in")
    assert (document.done, document.by) == (True, "Amina Otieno")
    assert document.sentence == f"Assertion sent to {ACS} for Amina Otieno"
    assert not find(app, "request").done
    assert not find(app, "accepted").done


def test_request_counts_when_access_is_denied(site, find):
    app = site.install(people=False)
    with pytest.raises(Exception, match="access"):
        request(site, app)
    evidence_of_step = find(app, "request")
    assert (evidence_of_step.done, evidence_of_step.by) == (True, app.service_provider.entity_id)
    assert find(app, "metadata").sentence.startswith("Login Endpoint used by ")
    assert not find(app, "sign-in").done


def test_response_counts_while_its_key_is_active(site, find):
    app = site.install()
    request(site, app)
    assert find(app, "sign-in").done
    switch_key(site, app)
    assert not find(app, "sign-in").done
    assert find(app, "request").done
    request(site, app)
    assert find(app, "sign-in").done


@pytest.mark.parametrize(
    ("changed", "request_stays"),
    [({"acs_urls": ["https://new.test/acs"]}, True), ({"entity_id": "urn:new"}, False)],
)
def test_response_counts_while_acs_url_and_entity_id_stay_the_same(
    site, find, changed, request_stays
):
    app = site.install()
    request(site, app)
    settings = {"entity_id": app.service_provider.entity_id, "acs_urls": [ACS], **changed}
    change.update_application(site.scope, app.id, settings=settings)
    assert not find(app, "sign-in").done
    assert find(app, "request").done is request_stays


def sign_out(site, key, app, **changes):
    """Send the LogoutRequest of the one session."""
    index = Participation.get(Participation.application == app.id).session_index
    statements = {
        "request_id": f"_{secrets.token_hex(16)}",
        "issuer": app.service_provider.entity_id,
        "destination": app.issuer.logout_endpoint,
        "issue_instant": site.clock(),
        "name_id": NameId("amina@acme.test", names.NAMEID_UNSPECIFIED),
        "session_indexes": (index,),
    }
    url = encode_redirect(
        app.issuer.logout_endpoint, build_logout_request(**statements | changes), key=key
    )
    logout.process_request(
        site.services, app.issuer.id, decode_redirect(urlsplit(url).query.encode())
    )


@pytest.fixture
def talking(site, sp_key):
    """Install an application that signs out; return it with its key."""
    app = site.install(logout_url="https://app.example.com/slo", certificates=[sp_key.certificate])
    return app, SigningKey.from_pem(sp_key.private_pem, sp_key.certificate)


def test_logout_with_session_index_shows_that_the_response_was_accepted(site, find, talking):
    app, key = talking
    launch(site, app)
    assert not find(app, "accepted").done
    sign_out(site, key, app)
    evidence_of_step = find(app, "accepted")
    assert (evidence_of_step.done, evidence_of_step.at) == (True, site.clock())
    assert evidence_of_step.sentence.endswith(
        "confirmed that it accepted a session for Amina Otieno"
    )
    before = active_key(app.issuer.id).id
    switch_key(site, app)
    assert not find(app, "accepted").done
    # Switched back, the same certificate was handed over, and nothing was tried since.
    rotation.activate(site.scope, app.issuer.id, before)
    assert not find(app, "accepted").done
    assert not find(app, "sign-in").done


def test_logout_without_session_index_is_no_evidence(site, find, talking):
    app, key = talking
    launch(site, app)
    sign_out(site, key, app, session_indexes=())
    assert not find(app, "accepted").done


def test_response_signed_with_an_earlier_key_is_not_accepted_evidence(site, find, talking):
    app, key = talking
    launch(site, app)
    switch_key(site, app)
    sign_out(site, key, app)
    assert not find(app, "accepted").done


def test_plugin_can_confirm_only_its_own_applications(site, find):
    app = site.install()
    launch(site, app)
    index = Participation.get(Participation.application == app.id).session_index
    evidence.note_confirmed(site.services, "aws", app.id, index)
    evidence.note_confirmed(site.services, "custom-saml", app.id, "_another")
    assert not find(app, "accepted").done
    evidence.note_confirmed(site.services, "custom-saml", app.id, index)
    assert find(app, "accepted").done


def test_reinstalled_application_has_no_old_evidence(site, find):
    app = site.install()
    take_certificate(site, app)
    launch(site, app)
    change.uninstall(site.scope, app.id)
    again = site.install(people=False)
    for kind in ("certificate", "role", "sign-in"):
        assert not find(again, kind).done
    assert find(again, "installed").done


def aws(site, *, people=True):
    next_key = install.install(
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
        site.give(next_key)
    return next_key


def test_acceptance_rule_is_checked_for_a_user_with_access(site, find):
    app = aws(site, people=False)
    assert not find(app, "check:name-id-email").done
    site.give(app)
    evidence_of_step = find(app, "check:name-id-email")
    assert (evidence_of_step.done, evidence_of_step.by) == (True, "Amina Otieno")
    # Only AWS can know this one.
    assert not find(app, "check:username").done
    assert not find(app, "check:nothing").done
    users.update_user(site.scope, site.amina.id, email="")
    assert not find(app, "check:name-id-email").done


def test_acceptance_rule_of_a_missing_plugin_is_not_done(site):
    app = aws(site)
    services = replace(site.services, registry=Registry.load([]))
    current = views.get_application(Scope(services, site.workspace.id, SYSTEM), app.id)
    progress = read_progress(Scope(services, site.workspace.id, SYSTEM), current)
    assert not progress.evidence["check:name-id-email"].done
    assert progress.evidence["role"].done


def test_guide_without_evidence_has_default_progress(site):
    app = replace(site.install(), guide="1. Do it.")
    progress = read_progress(site.scope, app)
    assert list(progress.evidence) == ["installed", "role", "sign-in"]
    assert (progress.done, progress.next, progress.places.get("role")) == (2, "sign-in", None)


def test_evidence_takes_at_most_five_queries(site, monkeypatch):
    app = site.install()
    for _ in range(12):
        launch(site, app)
        fetch(site, app, address=f"192.0.2.{secrets.randbelow(250)}")
    statements = []
    execute = type(database.obj).execute_sql

    def counted(self, sql, *args, **more):
        statements.append(sql)
        return execute(self, sql, *args, **more)

    monkeypatch.setattr(type(database.obj), "execute_sql", counted)
    kinds = ["installed", "metadata", "certificate", "role", "request", "sign-in", "accepted"]
    find_evidence(site.scope, app, kinds)
    assert len(statements) <= 5, statements


def test_sign_in_neither_reads_nor_writes_evidence(site, monkeypatch):
    app = site.install()
    session = site.sign_in()
    statements = []
    execute = type(database.obj).execute_sql

    def noted(self, sql, *args, **more):
        statements.append(sql)
        return execute(self, sql, *args, **more)

    sign_in.launch(site.services, "acme", app.slug, session=session)
    monkeypatch.setattr(type(database.obj), "execute_sql", noted)
    sign_in.launch(site.services, "acme", app.slug, session=session)
    written = [sql.split()[2] for sql in statements if sql.lstrip().startswith("INSERT")]
    assert written == ["participation", "event"]
    # One query, two inserts, and the start and the end of the transaction.
    assert len([sql for sql in statements if sql.lstrip().startswith("SELECT")]) == 1
    assert not [sql for sql in statements if "guide_evidence" in sql]
